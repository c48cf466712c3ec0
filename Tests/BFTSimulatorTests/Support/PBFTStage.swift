@_spi(Verification) import BFTBase
import BFTCore
import ProtocolPBFT

/// Four replicas without ledgers, to whom a scene happens: every message arrives at once, unless
/// the scene drops it or holds it back. What is proposed is judged valid.
struct PBFTStage<Rules: PBFTRules> {
    typealias P = PBFTReplica<Rules>
    typealias Sent = (message: PBFTMessage, from: Int, to: Int)

    enum Fate { case arrives, isLost, isHeld }

    static var chain: Digest { Digest(3, 3, 3, 3) }

    private(set) var replicas: [P] = []
    private(set) var now = Instant(nanoseconds: 0)
    /// What each replica committed, in order, and the certificate of the run that each block was
    /// committed in.
    private(set) var committed: [[Block]]
    private(set) var certificates: [[CommitCertificate]]
    /// What each replica made durable and did not give up since.
    private var logs: [[PBFTRecord]]
    private let genesis: Block
    /// What the scene does to a message.
    var fate: (Sent) -> Fate = { _ in .arrives }
    /// What a malicious validator signs instead.
    var lie: (PBFTUnsigned, Int) -> PBFTUnsigned = { unsigned, _ in unsigned }
    /// Up to which height there is something to order.
    var length: UInt64 = 0
    private var held: [Sent] = []
    private var queue: [Sent] = []

    init() throws {
        genesis = Block.genesis(
            chain: Self.chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
        committed = Array(repeating: [], count: 4)
        certificates = Array(repeating: [], count: 4)
        logs = Array(repeating: [], count: 4)
        for index in 0..<4 {
            replicas.append(
                P(
                    configuration: try Self.configuration(of: index), root: genesis,
                    certificate: nil, recovered: []))
        }
        for index in 0..<4 { give(.started, to: index) }
        run()
    }

    private static func configuration(of index: Int) throws -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(index),
            timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500)))
    }

    /// Cuts the power of a replica, which loses the last `count` blocks of its chain with it: the
    /// chain is synced after what was voted.
    mutating func restart(_ index: Int, losing count: Int = 0, isLogCut: Bool = false) throws {
        if isLogCut { logs[index] = replicas[index].liveRecords }
        committed[index].removeLast(count)
        certificates[index].removeLast(count)
        let root = committed[index].last ?? genesis
        replicas[index] = P(
            configuration: try Self.configuration(of: index), root: root,
            certificate: certificates[index].last, recovered: logs[index])
        give(.started, to: index)
        give(
            .executed(
                BlockName(height: root.height, digest: root.digest), stateRoot: root.digest),
            to: index)
        run()
    }

    /// Lets a replica catch up to the last of `blocks` by votes of `signers`.
    mutating func catchUp(
        _ index: Int, to blocks: [Block], by kind: VoteKind, in view: View,
        of signers: [Int] = [0, 1, 2]
    ) throws {
        let missing = Array(blocks.dropFirst(committed[index].count))
        guard let last = missing.last else { return }
        let name = BlockName(height: last.height, digest: last.digest)
        let isCheckpoint = kind == .checkpoint
        let said = Statement(
            chain: Self.chain, epoch: .zero, kind: kind, view: isCheckpoint ? .zero : view,
            height: last.height, block: last.digest, ancestor: isCheckpoint ? name : nil)
        let votes = signers.map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        guard let certificate = Certificate(statement: said, votes: votes, validatorCount: 4),
            let caught = CommittedRun(
                blocks: missing, certificate: try Self.commitRules().check(certificate))
        else { throw Unlinked() }
        note(caught, at: index)
        give(.caughtUp(caught), to: index)
        for input in executions(of: caught) { give(input, to: index) }
        run()
    }

    struct Unlinked: Error {}

    /// As PBFT's ledger has them, but for the kind: a replica gets along with any.
    private static func commitRules() throws -> CommitRules {
        CommitRules(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            kinds: P.commitKinds + [.checkpoint])
    }

    private mutating func note(_ run: CommittedRun, at index: Int) {
        committed[index] += run.blocks
        certificates[index] += run.blocks.map { _ in run.certificate }
    }

    private func executions(of run: CommittedRun) -> [Input<P>] {
        run.blocks.map {
            .executed(BlockName(height: $0.height, digest: $0.digest), stateRoot: $0.digest)
        }
    }

    /// Gives each replica something to order: leaders propose from now on.
    mutating func submit() {
        for index in 0..<4 { give(.work(pending: true), to: index) }
        run()
    }

    /// Gives one replica something to order.
    mutating func work(at index: Int) {
        give(.work(pending: true), to: index)
        run()
    }

    /// Lets time pass for `indices` alone, timer by timer, up to `milliseconds` from now.
    mutating func wait(_ milliseconds: UInt64, for indices: [Int] = [0, 1, 2, 3]) {
        for _ in 0..<milliseconds / 10 {
            now = now.advanced(by: .milliseconds(10))
            for index in indices { give(.timerFired, to: index) }
            run()
        }
    }

    /// Delivers what was held back.
    mutating func release() {
        queue += held
        held = []
        run()
    }

    /// Lets `index` hear `message` as if `sender` had signed it.
    mutating func whisper(_ message: PBFTMessage, from sender: Int, to index: Int) {
        queue.append((message, sender, index))
        run()
    }

    /// Whether two replicas committed different blocks at one height.
    var isForked: Bool {
        let length = committed.map(\.count).max() ?? 0
        return (0..<length).contains { height in
            Set(committed.compactMap { height < $0.count ? $0[height].digest : nil }).count > 1
        }
    }

    private mutating func run() {
        var count = 0
        while !queue.isEmpty, count < 100_000 {
            count += 1
            let sent = queue.removeFirst()
            switch sent.from == sent.to ? .arrives : fate(sent) {
            case .isLost: continue
            case .isHeld: held.append(sent)
            case .arrives:
                guard replicas[sent.to].isUseful(sent.message) else { continue }
                give(
                    .received(Verified(sent.message), from: ValidatorIndex(sent.from)),
                    to: sent.to)
            }
        }
    }

    private mutating func give(_ input: Input<P>, to index: Int) {
        var inputs = [input]
        while !inputs.isEmpty {
            var effects: [Effect<P>] = []
            replicas[index].handle(inputs.removeFirst(), at: now, into: &effects)
            for effect in effects { inputs += carryOut(effect, at: index) }
        }
    }

    /// Carries an effect out, and returns what the ledger says to it.
    private mutating func carryOut(_ effect: Effect<P>, at index: Int) -> [Input<P>] {
        switch effect {
        case .sign(let unsigned):
            let said = lie(unsigned, index).signed(by: ValidatorIndex(index), [])
            for peer in 0..<4 where peer != index { queue.append((said, index, peer)) }
            queue.append((said, index, index))
        case .send(let message, let peer): queue.append((message, index, peer.rawValue))
        case .broadcast(let message):
            for peer in 0..<4 where peer != index { queue.append((message, index, peer)) }
        case .draft(let view, let branch):
            // Every leader has something else to order.
            let reference = BatchReference(
                author: ValidatorIndex(index), sequence: BatchSequence(view.rawValue),
                digest: branch.tip.digest, byteCount: 14)
            let draft = Draft(
                time: Timestamp(milliseconds: 1), applied: branch.root.applied,
                payload: branch.tip.height < Height(length) ? [reference] : [])
            return [.drafted(draft, view: view, parent: branch.tip.digest)]
        case .judge(let branch): return [.judged(branch.tip.digest, .valid)]
        case .commit(let run):
            note(run, at: index)
            return executions(of: run)
        case .persist(let record): logs[index].append(record)
        case .setTimer, .fetch, .accuse, .reject: break
        }
        return []
    }
}

extension PBFTMessage {
    /// Whether this is a vote of `kind` in `view`, above `height`.
    func isVote(_ kind: VoteKind, in view: UInt64, above height: UInt64 = 0) -> Bool {
        guard case .vote(let vote) = self else { return false }
        let statement = vote.statement
        return statement.kind == kind && statement.view == View(view)
            && statement.height > Height(height)
    }

    /// The height of a proposal.
    var proposedHeight: Height? {
        guard case .prePrepare(let proposal) = self else { return nil }
        return proposal.block.height
    }
}
