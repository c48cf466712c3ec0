import BFTBase
import BFTCore
import ProtocolPBFT

/// What honest validators did in a run of PBFT, view by view, as `Specs/PBFT/PBFTTrace.tla` takes
/// it.
struct PBFTPlayed: Sendable {
    /// What was said in one view.
    struct Turn: Sendable {
        /// Who asked for the view, with what it reported.
        var asked: [Int: PBFTCertificateName?] = [:]
        /// What each voted to prepare, and to commit.
        var prepared: [Int: Set<Digest>] = [:]
        var committed: [Int: Set<Digest>] = [:]
        /// What a commit certificate of the view committed at somebody's.
        var decided: Set<Digest> = []
        /// Who said something here after it went on to a later view.
        var late: Set<Int> = []
        var restarted: Set<Int> = []

        var isEmpty: Bool {
            asked.isEmpty && prepared.isEmpty && committed.isEmpty && decided.isEmpty
        }
    }

    let powers: [VotingPower]
    let isHonest: [Bool]
    private(set) var turns: [View: Turn] = [:]
    /// The blocks that honest validators hold.
    private(set) var blocks: [Digest: Block] = [:]
    private var latest: [View]
    private var said: [Set<Statement>]
    private var wishes: [Set<PBFTViewChangeContent>]

    init(powers: [VotingPower] = [], isHonest: [Bool] = []) {
        self.powers = powers
        self.isHonest = isHonest
        latest = powers.map { _ in .zero }
        said = powers.map { _ in [] }
        wishes = powers.map { _ in [] }
    }

    var lastView: View { turns.keys.max() ?? View(1) }

    mutating func note(_ block: Block) { blocks[block.digest] = block }

    mutating func note(_ unsigned: PBFTUnsigned, by voter: Int) {
        switch unsigned {
        case .prePrepare(let block, let statement):
            note(block)
            note(statement, by: voter)
        case .vote(let statement): note(statement, by: voter)
        case .viewChange(let content, _):
            // After a restart it is said again.
            guard wishes[voter].insert(content).inserted else { return }
            enter(content.view, by: voter)
            turns[content.view, default: Turn()].asked[voter] = content.highest
        case .newView: break
        }
    }

    private mutating func note(_ said: Statement, by voter: Int) {
        guard said.kind != .checkpoint, self.said[voter].insert(said).inserted else { return }
        enter(said.view, by: voter)
        if said.kind == .prepare {
            turns[said.view, default: Turn()].prepared[voter, default: []].insert(said.block)
        } else {
            turns[said.view, default: Turn()].committed[voter, default: []].insert(said.block)
        }
    }

    private mutating func enter(_ view: View, by voter: Int) {
        if view < latest[voter] { turns[view, default: Turn()].late.insert(voter) }
        latest[voter] = max(latest[voter], view)
    }

    mutating func noteCommitted(_ run: CommittedRun) {
        for block in run.blocks { note(block) }
        let said = run.certificate.statement
        if said.kind == .commit, said.block == run.last.digest {
            turns[said.view, default: Turn()].decided.insert(said.block)
        }
    }

    mutating func noteRestart(of voter: Int) {
        // It counts where the validator goes on next.
        turns[latest[voter].next, default: Turn()].restarted.insert(voter)
    }

    /// What was said up to `view`.
    func prefix(upTo view: View) -> PBFTPlayed {
        var part = self
        part.turns = turns.filter { $0.key <= view }
        return part
    }

    // MARK: Chains

    /// From the first block to the one named, or `nil` if one of them is nowhere held.
    func chain(to digest: Digest) -> [Block]? {
        var chain: [Block] = []
        var next = digest
        while let block = blocks[next] {
            chain.append(block)
            if block.height == Height(1) { return chain.reversed() }
            next = block.parent
        }
        return nil
    }

    func isAncestor(_ ancestor: Digest, of digest: Digest) -> Bool {
        var next = digest
        while let block = blocks[next] {
            if next == ancestor { return true }
            next = block.parent
        }
        return false
    }

    /// The longest chain that was committed.
    var decided: [Block] {
        turns.values.flatMap(\.decided).compactMap { chain(to: $0) }
            .max { $0.count < $1.count } ?? []
    }
}
