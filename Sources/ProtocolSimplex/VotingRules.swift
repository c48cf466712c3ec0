public import BFTBase

/// What this validator has said in one view. Durable before it was said.
public struct OwnVotes: Equatable, Sendable {
    /// The block it notarized.
    public internal(set) var notarized: Digest?
    public internal(set) var nullified = false
    /// The block it voted to finalize.
    public internal(set) var finalized: Digest?

    public init() {}

    var isEmpty: Bool { self == OwnVotes() }
}

/// The rules that make Simplex safe, all in one place, so that tests can put wrong ones in.
///
/// Source: Chan and Pass, "Simplex Consensus" (TCC 2023), section 2.
public protocol VotingRules: Equatable, Sendable {
    init()
    /// May a validator that said `own` in its view notarize a block there?
    func mayNotarize(_ own: OwnVotes) -> Bool
    /// May a validator that said `own` in a view nullify it?
    func mayNullify(_ own: OwnVotes) -> Bool
    /// May a validator that said `own` in a view finalize the block notarized there?
    func mayFinalize(_ own: OwnVotes) -> Bool
    /// Can a validator that obeys these rules have said `own`? Checked after every input.
    func isConsistent(_ own: OwnVotes) -> Bool
    /// Is `power` enough for a certificate?
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// May a block of `view` extend a notarized block of view `parent`?
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool
    /// Does a validator in view `current` keep what it hears of `view`?
    func isNear(_ view: View, to current: View) -> Bool
}

/// The rules of the paper, with weights.
///
/// Why two conflicting blocks are never finalized: say a quorum finalized `b` in view v. Any
/// quorum shares an honest validator with it. (1) No other block of v is notarized, since an
/// honest validator notarizes one block in a view (S1). (2) v is never nullified, since an honest
/// validator that finalized in v never nullifies it, nor the other way round (S2). (3) So a
/// notarized block of a later view, whose parent must be notarized with every view between
/// nullified (S3), descends from `b`: by induction over views it can't skip v.
public struct SoundRules: VotingRules {
    public init() {}

    /// S1: one block in a view, and none after giving the view up.
    public func mayNotarize(_ own: OwnVotes) -> Bool { own.notarized == nil && !own.nullified }

    /// S2, one half: never after finalizing.
    public func mayNullify(_ own: OwnVotes) -> Bool { !own.nullified && own.finalized == nil }

    /// S2, the other half: never after nullifying.
    public func mayFinalize(_ own: OwnVotes) -> Bool { !own.nullified && own.finalized == nil }

    /// S2, restated.
    public func isConsistent(_ own: OwnVotes) -> Bool { !(own.nullified && own.finalized != nil) }

    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isQuorum(power)
    }

    /// S3: every view that the block skips was given up by a quorum.
    public func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        guard parent < view else { return false }
        var skipped = parent.next
        while skipped < view {
            guard isNullified(skipped) else { return false }
            skipped = skipped.next
        }
        return true
    }

    /// S7: nobody can make a validator keep votes for views that may never come.
    public func isNear(_ view: View, to current: View) -> Bool {
        view.rawValue <= current.rawValue.addingSaturating(Self.window)
    }

    /// How many views ahead of its own a replica keeps votes for.
    static let window: UInt64 = 64
}
