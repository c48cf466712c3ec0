public import BFTCore

/// The three votes of Simplex.
///
/// `nullify` and `finalize` are two answers on one ballot: whoever gives both can be convicted.
extension VoteKind {
    /// The block may be built upon.
    public static let notarize = VoteKind(ballot: 0, per: .view)
    /// The view may be passed without a block.
    public static let nullify = VoteKind(ballot: 1, choice: 0, per: .view)
    /// The block is final. A quorum of these is a commit certificate.
    public static let finalize = VoteKind(
        ballot: 1, choice: 1, per: .view, outcome: .commitsBlock)
}

/// The phase that a vote of Simplex belongs to.
enum Phase: CaseIterable, Sendable {
    case notarize
    case nullify
    case finalize

    /// The phase of `kind`, or `nil` if Simplex has no such vote.
    init?(_ kind: VoteKind) {
        switch kind {
        case .notarize: self = .notarize
        case .nullify: self = .nullify
        case .finalize: self = .finalize
        default: return nil
        }
    }

    /// The phase whose vote no honest validator casts beside one of this.
    var opposite: Phase? {
        switch self {
        case .notarize: nil
        case .nullify: .finalize
        case .finalize: .nullify
        }
    }
}
