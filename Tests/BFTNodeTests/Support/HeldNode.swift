import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTLogging
import BFTStorage
import BFTTestKit
import BFTTransport
import BFTWire
import KeyValueStore
import ProtocolSimplex

@testable import BFTNode

/// One validator: the core that ships between parts that a test holds.
///
/// Nothing happens by itself: `settle` lets everything happen that is not held, and time stands
/// still meanwhile.
final class HeldNode {
    typealias Core = NodeCore<Simplex, HeldParts<KeyValueStore>>
    typealias Message = ReplicaMessage<Simplex>

    /// What survives the node.
    struct Disk {
        var log = MemoryLogDirectory()
        var store: any StorageBackend = MemoryBackend()
    }

    /// What a test may want otherwise.
    struct Options {
        /// What is signed on the loop, and what is checked there: by default all goes to `crypto`.
        var inlineSigning = Interval.zero
        var inlineSignatures = RateLimit(perSecond: 1 << 33, burst: 1 << 33)
        var inlineChecks = RateLimit(perSecond: 1, burst: 1)
        var verificationWindow = Interval.milliseconds(2)
        var host = HostSettings()
        var limits = LedgerLimits()
        var reportsEvidence = true
        var transactionBytes = 1_000
        var batchBytes = 4_096

        /// All signatures are made and checked on the loop.
        static var inline: Options {
            var options = Options()
            options.inlineSigning = .seconds(1)
            options.inlineChecks = RateLimit(perSecond: 1 << 33, burst: 1 << 33)
            return options
        }
    }

    let core: Core
    let loop: HeldLoop
    let log: HeldLog
    let crypto: HeldCrypto
    let transport: HeldTransport
    let executor: Executor<KeyValueStore>
    /// Whether nothing is executed.
    var isExecutorHeld = false
    /// Why the node has failed, each time it says so.
    private(set) var failures: [NodeFailure] = []

    init(
        _ index: Int, _ keys: [SigningKey], on disk: Disk = Disk(), at now: Instant? = nil,
        _ options: Options = Options()
    ) throws {
        let validators = try ValidatorSet(Array(repeating: 1, count: keys.count))
        let own = ValidatorIndex(index)
        let settings = NodeSettings(
            chainName: "held", chain: TestChain.digest, protocolName: "simplex",
            schemeName: "any", own: own, validators: validators,
            batchBytes: options.batchBytes, transactionBytes: options.transactionBytes,
            reportsEvidence: options.reportsEvidence, inlineSigning: options.inlineSigning,
            inlineSignatures: options.inlineSignatures, inlineChecks: options.inlineChecks,
            verificationWindow: options.verificationWindow)
        let store = ChainStore(
            disk.store, rules: TestChain.rules, archive: LogArchive(directory: disk.log))
        let state = try store.open(genesis: TestChain().genesis, chain: TestChain.digest)
        let opened = try OpenedLog<Simplex>(
            disk.log, options: .init(segmentByteCount: 1 << 20, payloadByteLimit: 1 << 20))
        try store.restoreBatches(opened.records, places: opened.places, orderedIn: state)
        var application = KeyValueStore()
        try Replay.bring(&application, to: state, from: store)
        let replica = Replica<Simplex>(
            configuration: ReplicaConfiguration(
                chain: TestChain.digest, epoch: .zero, validators: validators, own: own,
                timing: .init(viewTimeout: .milliseconds(500), idleInterval: .milliseconds(100))),
            limits: options.limits, state: state, recovered: opened.records)
        let (loop, link) = (HeldLoop(), Link())
        if let now { loop.advance(to: now) }
        let executor = Executor(application: application, store: store, own: own) {
            outcomes, byteCount in
            loop.post { link.core?.take(outcomes, byteCount: byteCount) }
        }
        let log = HeldLog(
            opened.log, onDurable: { position in loop.post { link.core?.becameDurable(position) } },
            onFailure: { error in loop.post { link.core?.fail(.storage(error)) } })
        (crypto, transport) = (HeldCrypto(), HeldTransport())
        core = Core(
            loop: loop, settings: settings,
            keys: try ValidatorKeys(epoch: .zero, keys.map(\.publicKey)), signingKey: keys[index],
            pool: crypto, executor: executor, transport: transport, log: log,
            host: ReplicaHost(replica, places: opened.places, settings: options.host),
            state: state, shared: SharedReports(Core.initialStatus(settings, version: "held")),
            logger: Logger(label: "held"))
        (self.loop, self.log, self.executor) = (loop, log, executor)
        link.core = core
        core.onFailure = { [unowned self] in failures.append($0) }
        core.start()
    }

    /// From the parts to the core, which holds them.
    private final class Link: @unchecked Sendable { weak var core: Core? }

    /// Lets a turn of the loop end, and what it asked for, until nothing more happens. Says whether
    /// anything did.
    @discardableResult
    func settle() -> Bool {
        var (moved, didMove) = (true, false)
        while moved {
            core.endTurn()
            moved = loop.runPosted()
            if !crypto.isHeld, crypto.finish() { moved = true }
            if !isExecutorHeld, executor.workHere() { moved = true }
            didMove = didMove || moved
        }
        return didMove
    }

    // MARK: The network

    func receive(_ message: Message, from peer: Int) { receive(message.encoded, from: peer) }

    func receive(_ bytes: [UInt8], kind: UInt8 = 1, lane: Lane = .consensus, from peer: Int) {
        transport.delegate?.transport(
            received: kind, bytes.span.bytes, lane: lane, from: ValidatorIndex(peer))
    }

    /// What was sent since this was asked last.
    func takeMessages() throws -> [Message] {
        try transport.takeSent().map { try Message(decoding: $0.bytes) }
    }

    /// The statements of its own that it has sent since this was asked last.
    func takeVotes() throws -> [Statement] {
        try takeMessages().compactMap { message in
            switch message {
            case .consensus(.vote(let vote)): vote.voter == core.settings.own ? vote.statement : nil
            case .consensus(.proposal(let proposal)): proposal.vote.statement
            default: nil
            }
        }
    }

    // MARK: Clients

    /// Submits a transaction, and returns where its end is told.
    func submit(_ transaction: [UInt8]) -> Answer {
        let answer = Answer()
        core.submit(transaction) { result in
            answer.take(result.map(\.result))
            answer.receipt = try? result.get()
        }
        return answer
    }

    func query(_ request: [UInt8]) -> Answer {
        let answer = Answer()
        core.query(request) { result in
            answer.take(result.map(\.value))
            answer.found = try? result.get()
        }
        return answer
    }

    /// A query that is content with the node's own state, as a session may ask for it.
    func queryLocally(_ request: [UInt8]) -> Answer {
        let answer = Answer()
        let ticket = core.lookups.open { answer.take($0.map(\.value)) }
        if case .refused(let error) = core.read(ticket, isLocal: true, { $0 += request }) {
            core.lookups.take(ticket)?(.failure(error))
        }
        return answer
    }
}

/// What became of a command.
final class Answer {
    /// What was told, which has to be once.
    private(set) var results: [Result<[UInt8], RequestError>] = []
    fileprivate(set) var receipt: Receipt?
    fileprivate(set) var found: QueryAnswer?

    fileprivate func take(_ result: Result<[UInt8], RequestError>) { results.append(result) }

    var isThere: Bool { !results.isEmpty }

    /// The text of the result, unless there is none.
    var text: String? {
        guard case .success(let bytes)? = results.first else { return nil }
        return BFTNodeTests.text(bytes)
    }

    var error: RequestError? {
        guard case .failure(let error)? = results.first else { return nil }
        return error
    }
}

/// Validators of one chain, and the messages between them.
final class HeldNetwork {
    let keys: [SigningKey]
    private(set) var nodes: [HeldNode] = []
    private var disks: [HeldNode.Disk]
    private let options: HeldNode.Options
    /// The validators that nothing reaches and nothing comes from.
    var isolated: Set<Int> = []

    init(
        _ scheme: SignatureSchemeID = .ed25519, _ options: HeldNode.Options = HeldNode.Options()
    ) throws {
        let count = TestChain.validatorCount
        keys = try (0..<count).map { _ in try SigningKey.generate(scheme) }
        disks = (0..<count).map { _ in HeldNode.Disk() }
        self.options = options
        for index in 0..<count {
            nodes.append(try HeldNode(index, keys, on: disks[index], options))
        }
    }

    /// Kills a node and starts it again from its disk. What its log had not synced may be lost.
    func restart(_ index: Int, _ random: inout SplitMix64) throws {
        disks[index].log = disks[index].log.powerCut(&random)
        if let store = disks[index].store as? FaultInjectingBackend {
            disks[index].store = store.powerCut(&random)
        }
        nodes[index] = try HeldNode(
            index, keys, on: disks[index], at: nodes[index].loop.now, options)
    }

    /// Lets everything happen that takes no time. Says whether anything did.
    @discardableResult
    func settle() -> Bool {
        var (moved, didMove) = (true, false)
        while moved {
            moved = false
            for (index, node) in nodes.enumerated() {
                if node.settle() { moved = true }
                let sent = node.transport.takeSent()
                guard !isolated.contains(index) else { continue }
                for message in sent {
                    moved = true
                    deliver(message, from: index)
                }
            }
            didMove = didMove || moved
        }
        return didMove
    }

    private func deliver(_ message: HeldTransport.Sent, from sender: Int) {
        for index in nodes.indices where index != sender && !isolated.contains(index) {
            guard message.recipient == nil || message.recipient == ValidatorIndex(index) else {
                continue
            }
            nodes[index].receive(message.bytes, lane: message.lane, from: sender)
        }
    }

    /// Moves every clock to the next deadline of any node.
    func advance() {
        guard let deadline = nodes.compactMap(\.loop.deadline).min() else { return }
        for node in nodes { node.loop.advance(to: deadline) }
    }

    /// Lets time pass until `condition` holds. Throws, naming `what`, if it does not in the end.
    func run(until what: String, turns: Int = 2_000, _ condition: () -> Bool) throws {
        for _ in 0..<turns {
            settle()
            if condition() { return }
            advance()
        }
        throw Failure("not in \(turns) turns: \(what)")
    }
}
