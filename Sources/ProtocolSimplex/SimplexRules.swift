public import BFTBase
public import BFTCore

/// What this validator has said in one view. Durable before it was said.
public struct SimplexOwnVotes: Equatable, Sendable {
    /// The block it notarized.
    public internal(set) var notarized: Digest?
    public internal(set) var abstained = false
    public internal(set) var nullified = false
    /// The blocks it supported. Somebody honest notarized each, and each honest validator notarizes
    /// one block: there are no more than validators.
    public internal(set) var supported: [BlockName] = []
    /// The block it voted to finalize.
    public internal(set) var finalized: BlockName?

    public init() {}

    /// Of a view in which anything may have been said: as if it had notarized and finalized a block
    /// that nobody knows, after which no rule allows anything.
    static let forgotten: SimplexOwnVotes = {
        var own = SimplexOwnVotes()
        own.notarized = .zero
        own.finalized = BlockName(height: .zero, digest: .zero)
        return own
    }()

    var isEmpty: Bool { self == SimplexOwnVotes() }
}

/// The rules that make Simplex safe, all in one place, so that tests can put wrong ones in.
///
/// Source: Chan and Pass, "Simplex Consensus" (TCC 2023), section 2. The article `Simplex` names
/// those of the fast path.
public protocol SimplexRules: SimplexPacing, Equatable, Sendable {
    init()
    /// May a validator that said `own` in its view notarize a block there?
    func mayNotarize(_ own: SimplexOwnVotes) -> Bool
    /// May a validator that said `own` in a view nullify it, once validators of power `opposed`
    /// said that they did not notarize what it notarized?
    func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool
    /// May a validator that said `own` in a view say that it notarized nothing there?
    func mayAbstain(_ own: SimplexOwnVotes) -> Bool
    /// May a validator that said `own` in a view support a block there that validators of power
    /// `backing` notarized?
    func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool
    /// May a validator that said `own` in a view finalize the block notarized there?
    func mayFinalize(_ own: SimplexOwnVotes) -> Bool
    /// Can a validator that obeys these rules have said `own`? Checked after every input.
    func isConsistent(_ own: SimplexOwnVotes) -> Bool
    /// Is `power` enough for a certificate?
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// Is `power`, of those who notarized a block, enough to commit it?
    func isUnanimous(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// May a block of `view` extend a notarized block of view `parent`?
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool
    /// Does `check` of a field that a message carries hold? `condition` says so.
    func holds(_ check: SimplexCheck, _ condition: Bool) -> Bool
}

extension SimplexRules {
    public func holds(_ check: SimplexCheck, _ condition: Bool) -> Bool { condition }
}

/// The rules of the paper and of the fast path, with weights.
///
/// Why two conflicting blocks are never final. Say `b` of view v is. (1) If a quorum finalized it:
/// any quorum shares an honest validator with that one. So no other block of v is notarized by
/// votes, since an honest validator notarizes one block in a view (S1); none is notarized by
/// support and v is never nullified, since an honest validator that finalized in v does neither
/// (S2). (2) If everybody notarized it: no honest validator abstained or notarized another block,
/// so a weak quorum never said so, and no honest validator that notarized nullifies (S8); nor has
/// a weak quorum notarized another block, so no honest validator supports one (S8). Either way, v
/// is passed with `b` only. A block of a later view that is notarized, by votes or by support, was
/// notarized by somebody honest: by a member of the quorum, or of the weak quorum that a supporter
/// saw. That one saw its parent notarized and every view between nullified (S3), so the block
/// descends from `b`: by induction over views. Whoever supports looks at nothing but that weak
/// quorum, and needs to.
public struct SimplexSoundRules: SimplexRules {
    public init() {}

    /// S1: one block in a view, and none after giving the view up.
    public func mayNotarize(_ own: SimplexOwnVotes) -> Bool {
        own.notarized == nil && !own.nullified && !own.abstained && own.supported.isEmpty
    }

    /// S2, one half: never after finalizing. S8: after notarizing, only if a weak quorum shows that
    /// not everybody can have notarized the same.
    public func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        !own.nullified && own.finalized == nil
            && (own.notarized == nil || validators.isWeakQuorum(opposed))
    }

    /// S1, restated: it has given the view up, so it never will notarize.
    public func mayAbstain(_ own: SimplexOwnVotes) -> Bool {
        own.nullified && own.notarized == nil && !own.abstained
    }

    /// S2 and S8: never after finalizing, and only what somebody honest notarized. That one judged
    /// the block: nothing else has to be known of it here. S3.
    public func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        own.finalized == nil && validators.isWeakQuorum(backing)
    }

    /// S2, the other half: never after nullifying, or supporting a block, even this one.
    public func mayFinalize(_ own: SimplexOwnVotes) -> Bool {
        !own.nullified && own.supported.isEmpty && own.finalized == nil
    }

    /// S1 and S2, restated.
    public func isConsistent(_ own: SimplexOwnVotes) -> Bool {
        !((own.nullified || !own.supported.isEmpty) && own.finalized != nil)
            && !(own.abstained && own.notarized != nil)
    }

    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isQuorum(power)
    }

    public func isUnanimous(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power == validators.total
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
}
