import BFTBase
import BFTCore

/// Proposals that wait for a verdict, and what each waits for.
struct ProposalJudge: Equatable, Sendable {
    struct Pending: Equatable, Sendable {
        let branch: Branch
        var isWithApplication = false
    }

    private(set) var pending: [Pending] = []

    /// More than one proposal at a time waits only while views change quickly.
    private static let limit = 8

    mutating func add(_ branch: Branch) {
        guard !pending.contains(where: { $0.branch.tip.digest == branch.tip.digest }) else {
            return
        }
        if pending.count == Self.limit { pending.removeFirst() }
        pending.append(Pending(branch: branch))
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
                branch: Branch(root: committed, ancestors: rest, tip: branch.tip),
                isWithApplication: entry.isWithApplication)
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

    /// Whether a pending proposal names `reference`.
    func needs(_ reference: BatchReference) -> Bool {
        pending.contains { $0.branch.tip.payload.contains(reference) }
    }
}
