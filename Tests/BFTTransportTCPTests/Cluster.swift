import BFTBase
import BFTCrypto
import BFTTestKit
import BFTTransport
import Glibc
import Synchronization
import Testing

@testable import BFTSockets

let suite = TransportSuite(keyExchange: .x25519MLKEM768, aead: .aes256GCM)
let chain = Digest(1, 2, 3, 4)
let pool = CryptoPool(threads: 1)

/// The Ed25519 key that the number determines.
func key(_ number: Int) throws -> SigningKey {
    let seed = [UInt8](repeating: UInt8(number), count: 32)
    return try SigningKey(.ed25519, seed: SecretBytes(copying: seed))
}

/// The keys of validators 0 to `count - 1`, in this order.
func keys(_ count: Int) throws -> ValidatorKeys {
    try ValidatorKeys(epoch: .zero, (0..<count).map { try key($0).publicKey })
}

func parameters(
    _ number: Int, count: Int = 4, chain: Digest = chain
) throws -> HandshakeParameters {
    HandshakeParameters(
        chain: chain, validators: try keys(count), ownKey: try key(number).publicKey, suite: suite)
}

func wallClock() -> Timestamp { Timestamp(milliseconds: UInt64(time(nil)) * 1_000) }

/// Whether `condition` becomes true before patience ends. How soon says nothing.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let start = time(nil)
    while time(nil) - start < 30 {
        if try condition() { return true }
        usleep(1_000)
    }
    return false
}

/// A message as it arrived.
struct Arrival: Equatable, Sendable {
    let peer: Int
    let lane: Lane
    let kind: UInt8
    let payload: [UInt8]
}

enum PeerEvent: Equatable, Sendable {
    case connected(Int)
    case disconnected(Int, DisconnectReason)
}

/// Writes down what a transport tells, for other threads to read.
final class Recorder: NetworkTransportDelegate, Sendable {
    struct Record {
        var events: [PeerEvent] = []
        var arrivals: [Arrival] = []
        var notices: [String] = []
    }

    private let record = Mutex(Record())
    /// Called with every message, on the loop.
    let onMessage: (@Sendable (Arrival) -> Void)?

    init(onMessage: (@Sendable (Arrival) -> Void)? = nil) { self.onMessage = onMessage }

    func transport(connected peer: PeerIdentity) {
        record.withLock { $0.events.append(.connected(peer.index.rawValue)) }
    }

    func transport(disconnected peer: PeerIdentity, reason: DisconnectReason) {
        record.withLock { $0.events.append(.disconnected(peer.index.rawValue, reason)) }
    }

    func transport(
        received kind: UInt8, _ payload: RawSpan, lane: Lane, from peer: ValidatorIndex
    ) {
        let arrival = Arrival(
            peer: peer.rawValue, lane: lane, kind: kind,
            payload: payload.withUnsafeBytes { Array($0) })
        record.withLock { $0.arrivals.append(arrival) }
        onMessage?(arrival)
    }

    func note(_ notice: TransportNotice) {
        record.withLock { $0.notices.append(notice.description) }
    }

    var events: [PeerEvent] { record.withLock { $0.events } }
    var arrivals: [Arrival] { record.withLock { $0.arrivals } }
    var notices: [String] { record.withLock { $0.notices } }
    func forget() { record.withLock { $0.arrivals = [] } }
}

/// A transport with a loop on a thread of its own.
final class TestNode: Sendable {
    let number: Int
    let port: UInt16
    let recorder: Recorder
    private let transport: LoopBound<TCPTransport>
    private let thread: Mutex<TestThread?>

    /// Listens on `port` of 127.0.0.1, 0 for any, and dials `peers`.
    init(
        _ number: Int, _ parameters: HandshakeParameters, port: UInt16 = 0,
        peers: [Int: UInt16] = [:], recorder: Recorder = Recorder(),
        _ adjust: (inout TCPTransportOptions) -> Void = { _ in }
    ) throws {
        let loop = try EventLoop()
        var addresses: [ValidatorIndex: SocketAddress] = [:]
        for (peer, port) in peers where peer != number {
            addresses[ValidatorIndex(peer)] = SocketAddress(host: "127.0.0.1", port: port)
        }
        var options = TCPTransportOptions(
            parameters: parameters, signingKey: try key(number),
            listen: SocketAddress(host: "127.0.0.1", port: port), peers: addresses,
            seed: UInt64(number))
        options.shortestWait = .milliseconds(10)
        options.longestWait = .milliseconds(200)
        options.patience = .milliseconds(200)
        options.tickInterval = .milliseconds(50)
        adjust(&options)
        let made = try TCPTransport(loop: loop, options, pool: pool, wallClock: wallClock)
        made.delegate = recorder
        made.onNotice = { recorder.note($0) }
        self.number = number
        self.port = made.boundPort
        self.recorder = recorder
        transport = LoopBound(made, on: loop)
        thread = Mutex(TestThread { loop.run() })
    }

    deinit { kill() }

    /// Runs `body` on the loop and waits for what it returns.
    func on<Value: Sendable>(_ body: @escaping @Sendable (TCPTransport) -> Value) -> Value {
        let slot = Slot<Value>()
        let transport = transport
        transport.loop.post {
            let value = body(transport.value)
            slot.value.withLock { $0 = value }
        }
        while true {
            if let value = slot.value.withLock({ $0 }) { return value }
            usleep(200)
        }
    }

    /// Ends the loop under the transport: its sockets are closed without a word.
    func kill() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        transport.loop.stop()
        running.join()
    }

    var connected: Set<Int> { on { Set($0.connectedPeers.map(\.rawValue)) } }
    var counters: TransportCounters { on { $0.counters } }

    func send(
        _ kind: UInt8, _ payload: [UInt8] = [], lane: Lane = .consensus, to peer: Int
    )
        -> SendOutcome
    {
        on { $0.send(kind, payload, lane: lane, to: ValidatorIndex(peer)) }
    }
}

private final class Slot<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

/// Validators that know each other's addresses.
struct Cluster {
    var nodes: [TestNode]

    init(
        _ count: Int, _ adjust: (inout TCPTransportOptions) -> Void = { _ in }
    ) throws {
        nodes = []
        // Somebody may take a port between its choice and its use.
        for _ in 0..<5 {
            do {
                let ports = try Self.freePorts(count)
                nodes = try (0..<count).map { number in
                    try TestNode(
                        number, try parameters(number, count: count), port: ports[number]!,
                        peers: ports, adjust)
                }
                return
            } catch SocketError.addressInUse {
                continue
            }
        }
        Issue.record("no free ports")
    }

    /// Ports of 127.0.0.1 where nobody listens.
    static func freePorts(_ count: Int) throws -> [Int: UInt16] {
        Dictionary(
            uniqueKeysWithValues: try Loopback.freePorts(count).enumerated().map { ($0, $1) })
    }

    /// Waits until every node is connected to every other.
    func settle() -> Bool {
        let all = Set(nodes.map(\.number))
        return eventually { nodes.allSatisfy { $0.connected == all.subtracting([$0.number]) } }
    }

    func stop() { for node in nodes { node.kill() } }
}
