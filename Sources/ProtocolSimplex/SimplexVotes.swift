public import BFTCore

/// The votes of Simplex.
///
/// The first vote of a validator in a view is to notarize a block or, having given the view up, to
/// abstain: one ballot. Whether the view may end without the block being final is another:
/// `nullify` and `support` say that it may, `finalize` that it may not. Whoever gives both answers
/// can be convicted.
extension VoteKind {
    /// The block may be built upon. A certificate of everybody commits it.
    public static let notarize = VoteKind(
        ballot: 0, choice: 0, per: .view, outcome: .commitsBlockIfUnanimous)
    /// The voter has notarized nothing in the view and never will.
    public static let abstain = VoteKind(ballot: 0, choice: 1, per: .view)
    /// The view may be passed without a block.
    public static let nullify = VoteKind(ballot: 1, choice: 0, per: .view)
    /// The block may be built upon, though the voter gave the view up. A validator may support
    /// more than one block of a view.
    public static let support = VoteKind(ballot: 1, choice: 0, per: .block)
    /// The block is final. A quorum of these is a commit certificate.
    public static let finalize = VoteKind(
        ballot: 1, choice: 1, per: .view, outcome: .commitsBlock)

    /// Whether votes of this kind name no block.
    public var isBlockless: Bool { self == .nullify || self == .abstain }
}

/// The phase that a vote of Simplex belongs to.
enum SimplexPhase: CaseIterable, Sendable {
    case notarize
    case abstain
    case nullify
    case support
    case finalize

    /// The phase of `kind`, or `nil` if Simplex has no such vote.
    init?(_ kind: VoteKind) {
        switch kind {
        case .notarize: self = .notarize
        case .abstain: self = .abstain
        case .nullify: self = .nullify
        case .support: self = .support
        case .finalize: self = .finalize
        default: return nil
        }
    }

    /// Whether an honest voter has given the view up when it says so.
    var isFallback: Bool {
        switch self {
        case .abstain, .nullify, .support: true
        case .notarize, .finalize: false
        }
    }

    /// The phases whose votes no honest validator casts beside one of this, in one view.
    var opposites: [SimplexPhase] {
        switch self {
        case .notarize: [.abstain]
        case .abstain: [.notarize]
        case .nullify, .support: [.finalize]
        case .finalize: [.nullify, .support]
        }
    }
}
