import BFTBase
import BFTCore

/// Proposals that wait for a verdict, and what each waits for.
///
/// A proposal names thousands of batches, and a Byzantine leader's names some that nobody has. So
/// none is looked at again before what it waits for may have come: the last batch that it lacked, a
/// commit or an execution, or some time.
struct ProposalJudge: Equatable, Sendable {
    struct Pending: Equatable, Sendable {
        var branch: Branch
        /// The batches that were not held at the last look. Only shrinks: a batch that is held and
        /// that a pending proposal names stays so until it is ordered (see `stands(on:)`), and
        /// then the branch is shortened or dropped. Never walked.
        fileprivate(set) var lacking: Set<BatchReference>
        private(set) var named: Set<BatchReference>
        var isWithApplication = false
        /// Whether what it waits for may have come.
        fileprivate var isDue = true

        init(branch: Branch) {
            self.branch = branch
            named = Set(branch.tip.payload)
            lacking = named
        }

        /// What it lacks, in the order of its payload, after what is held was taken off.
        fileprivate mutating func missing(
            isHeld: (BatchReference) -> Bool
        ) -> [BatchReference] {
            guard !lacking.isEmpty else { return [] }
            return branch.tip.payload.filter { reference in
                guard lacking.contains(reference), isHeld(reference) else {
                    return lacking.contains(reference)
                }
                lacking.remove(reference)
                return false
            }
        }
    }

    private(set) var pending: [Pending] = []

    /// The most proposals of one view that wait. A protocol asks for one of a view or, if it runs
    /// several instances at a time, for a few.
    private static let limit = 64

    /// Takes a proposal; or again one that waits already, with somebody honest behind it or in a
    /// later view.
    mutating func add(_ branch: Branch) {
        if let position = pending.firstIndex(where: { $0.branch.tip.digest == branch.tip.digest }) {
            pending[position].branch = pending[position].branch.updated(by: branch)
            pending[position].isDue = true
            // Somebody honest's application took it: what ours would say does not matter.
            if branch.isCertified { pending[position].isWithApplication = false }
            return
        }
        // The protocol has left earlier views: a verdict on them would come too late.
        pending.removeAll { $0.branch.view < branch.view }
        if pending.count == Self.limit { pending.removeFirst() }
        pending.append(Pending(branch: branch))
    }

    /// Takes the batches off the list of `digest`'s missing ones that `isHeld` says are here, and
    /// returns the rest.
    mutating func missing(
        of digest: Digest, isHeld: (BatchReference) -> Bool
    ) -> [BatchReference] {
        guard let position = pending.firstIndex(where: { $0.branch.tip.digest == digest }) else {
            return []
        }
        return pending[position].missing(isHeld: isHeld)
    }

    /// Notes that a batch is held.
    mutating func found(_ reference: BatchReference) {
        for position in pending.indices
        where pending[position].lacking.remove(reference) != nil
            && pending[position].lacking.isEmpty
        {
            pending[position].isDue = true
        }
    }

    /// Notes that something else came that any of them may wait for.
    mutating func reevaluate() {
        for position in pending.indices { pending[position].isDue = true }
    }

    /// The proposals to look at, each once.
    mutating func takeDue() -> [Pending] {
        var due: [Pending] = []
        for position in pending.indices where pending[position].isDue {
            pending[position].isDue = false
            due.append(pending[position])
        }
        return due
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
            var shortened = entry
            shortened.branch = Branch(
                root: committed, ancestors: Array(branch.ancestors[(position + 1)...]),
                tip: branch.tip, in: branch.view, isCertified: branch.isCertified,
                voters: branch.voters)
            return shortened
        }
    }

    mutating func markWithApplication(_ digest: Digest) {
        for position in pending.indices where pending[position].branch.tip.digest == digest {
            pending[position].isWithApplication = true
        }
    }

    /// The proposal called `digest`, if it waits.
    func block(_ digest: Digest) -> Block? {
        pending.first { $0.branch.tip.digest == digest }?.branch.tip
    }

    /// Whether a pending proposal lacks `reference`.
    func needs(_ reference: BatchReference) -> Bool {
        pending.contains { $0.lacking.contains(reference) }
    }

    /// Whether a pending proposal names `reference`, here or not.
    func stands(on reference: BatchReference) -> Bool {
        pending.contains { $0.named.contains(reference) }
    }

    /// Whether a proposal that somebody honest has voted for lacks `reference`.
    func needsForCertified(_ reference: BatchReference) -> Bool {
        pending.contains { $0.branch.isCertified && $0.lacking.contains(reference) }
    }
}

extension Branch {
    /// Its blocks that are not committed.
    var undecided: [Block] { root.digest == tip.digest ? [] : ancestors + [tip] }

    /// How many bytes of batches, and how many batches, those name.
    var undecidedPayload: (bytes: Int, batches: Int) {
        undecided.reduce((0, 0)) { ($0.0 + $1.payloadByteCount, $0.1 + $1.payload.count) }
    }

    /// The same branch, asked about again: what was known of it stays known, and its view is the
    /// last one, so that no proposal of that view drops it.
    fileprivate func updated(by other: Branch) -> Branch {
        let known = isCertified && !other.isCertified ? self : other
        return Branch(
            root: other.root, ancestors: other.ancestors, tip: tip, in: max(view, other.view),
            isCertified: known.isCertified, voters: known.voters)
    }
}
