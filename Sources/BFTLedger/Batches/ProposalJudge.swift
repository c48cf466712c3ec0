import BFTBase
import BFTCore

/// Proposals that wait for a verdict, and what each waits for.
struct ProposalJudge: Equatable, Sendable {
    struct Pending: Equatable, Sendable {
        var branch: Branch
        /// The batches that were not held at the last look. Only shrinks: a batch that is held and
        /// that a pending proposal names stays so until it is ordered (see `stands(on:)`), and
        /// then the branch is shortened or dropped.
        var missing: [BatchReference]
        var isWithApplication = false
    }

    private(set) var pending: [Pending] = []

    /// The most proposals of one view that wait. A protocol asks for one of a view or, if it runs
    /// several instances at a time, for a few.
    private static let limit = 64

    /// Takes a proposal, or one that waits already again, with somebody honest behind it.
    mutating func add(_ branch: Branch) {
        if let position = pending.firstIndex(where: { $0.branch.tip.digest == branch.tip.digest }) {
            guard branch.isCertified, !pending[position].branch.isCertified else { return }
            pending[position].branch = branch
            return
        }
        // The protocol has left earlier views: a verdict on them would come too late.
        pending.removeAll { $0.branch.view < branch.view }
        if pending.count == Self.limit { pending.removeFirst() }
        pending.append(Pending(branch: branch, missing: branch.tip.payload))
    }

    /// Takes the batches off the list of `digest`'s missing ones that `isHeld` says are here, and
    /// returns the rest.
    mutating func missing(
        of digest: Digest, isHeld: (BatchReference) -> Bool
    ) -> [BatchReference] {
        guard let position = pending.firstIndex(where: { $0.branch.tip.digest == digest }) else {
            return []
        }
        pending[position].missing.removeAll(where: isHeld)
        return pending[position].missing
    }

    mutating func remove(_ digest: Digest) {
        pending.removeAll { $0.branch.tip.digest == digest }
    }

    /// Shortens every branch to what stands on `committed`, and drops those that don't.
    mutating func rebase(onto committed: Block) {
        pending = pending.compactMap { entry in
            let branch = entry.branch
            if branch.root.digest == committed.digest { return entry }
            guard
                let position = branch.ancestors.firstIndex(where: {
                    $0.digest == committed.digest
                })
            else { return nil }
            let rest = Array(branch.ancestors[(position + 1)...])
            return Pending(
                branch: Branch(
                    root: committed, ancestors: rest, tip: branch.tip, in: branch.view,
                    isCertified: branch.isCertified, voters: branch.voters),
                missing: entry.missing, isWithApplication: entry.isWithApplication)
        }
    }

    mutating func markWithApplication(_ digest: Digest) {
        for position in pending.indices where pending[position].branch.tip.digest == digest {
            pending[position].isWithApplication = true
        }
    }

    func contains(_ digest: Digest) -> Bool {
        pending.contains { $0.branch.tip.digest == digest }
    }

    /// Whether a pending proposal lacks `reference`.
    func needs(_ reference: BatchReference) -> Bool {
        pending.contains { $0.missing.contains(reference) }
    }

    /// Whether a pending proposal names `reference`, here or not.
    func stands(on reference: BatchReference) -> Bool {
        pending.contains { $0.branch.tip.payload.contains(reference) }
    }

    /// Whether a proposal that somebody honest has voted for lacks `reference`.
    func needsForCertified(_ reference: BatchReference) -> Bool {
        pending.contains { $0.branch.isCertified && $0.missing.contains(reference) }
    }
}
