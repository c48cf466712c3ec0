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
    /// What each replica committed, in order.
    private(set) var committed: [[Block]]
    /// What the scene does to a message.
    var fate: (Sent) -> Fate = { _ in .arrives }
    /// What a malicious validator signs instead.
    var lie: (PBFTUnsigned, Int) -> PBFTUnsigned = { unsigned, _ in unsigned }
    /// Up to which height there is something to order.
    var length: UInt64 = 0
    private var held: [Sent] = []
    private var queue: [Sent] = []

    init() throws {
        let genesis = Block.genesis(
            chain: Self.chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
        committed = Array(repeating: [], count: 4)
        for index in 0..<4 {
            replicas.append(
                P(
                    configuration: ReplicaConfiguration(
                        chain: Self.chain, epoch: .zero,
                        validators: try ValidatorSet([1, 1, 1, 1]),
                        own: ValidatorIndex(index),
                        timing: .init(
                            viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500))),
                    root: genesis, certificate: nil, recovered: []))
        }
        for index in 0..<4 { give(.started, to: index) }
        run()
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
            committed[index] += run.blocks
            return run.blocks.map {
                .executed(
                    BlockName(height: $0.height, digest: $0.digest), stateRoot: $0.digest)
            }
        case .persist, .setTimer, .fetch, .accuse, .reject: break
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
