// Measures one link between two validators over loopback: `transport-bench`.

import BFTBase
import BFTCrypto
import BFTSockets
import BFTTransport
import Glibc

/// Answers requests and counts what arrives.
final class Party: NetworkTransportDelegate {
    static let request: UInt8 = 1
    static let answer: UInt8 = 2
    static let batch: UInt8 = 3

    let transport: TCPTransport
    var onConnected: () -> Void = {}
    var onAnswer: () -> Void = {}
    var onBatch: (Int) -> Void = { _ in }
    var isDone = false
    private let reply = [UInt8](repeating: 7, count: 200)

    init(_ transport: TCPTransport) {
        self.transport = transport
        transport.delegate = self
    }

    func transport(connected peer: PeerIdentity) { onConnected() }

    func transport(disconnected peer: PeerIdentity, reason: DisconnectReason) {
        guard !isDone else { return }
        print("disconnected: \(reason)")
        exit(1)
    }

    func transport(
        received kind: UInt8, _ payload: RawSpan, lane: Lane, from peer: ValidatorIndex
    ) {
        switch kind {
        case Self.request: _ = transport.send(Self.answer, reply, lane: lane, to: peer)
        case Self.answer: onAnswer()
        default: onBatch(payload.byteCount)
        }
    }
}

func makeParty(_ number: Int, loop: EventLoop, peerPort: UInt16?) throws -> Party {
    let keys = try (0..<2).map { number in
        try SigningKey(
            .ed25519, seed: SecretBytes(copying: [UInt8](repeating: UInt8(number), count: 32)))
    }
    let parameters = HandshakeParameters(
        chain: .zero, validators: try ValidatorKeys(epoch: .zero, keys.map(\.publicKey)),
        ownKey: keys[number].publicKey,
        suite: TransportSuite(keyExchange: .x25519, aead: .aes256GCM))
    var peers: [ValidatorIndex: SocketAddress] = [:]
    if let peerPort {
        peers[ValidatorIndex(1 - number)] = SocketAddress(host: "127.0.0.1", port: peerPort)
    }
    var options = TCPTransportOptions(
        parameters: parameters, signingKey: keys[number],
        listen: SocketAddress(host: "127.0.0.1", port: 0), peers: peers, seed: 1)
    options.patience = .zero
    options.limits.receivedBytes = RateLimit(perSecond: 1 << 33, burst: 1 << 33)
    options.limits.receivedFrames = RateLimit(perSecond: 1 << 33, burst: 1 << 33)
    // To try other settings.
    if let sealed = getenv("SEALED"), let count = Int(String(cString: sealed)) {
        options.sealedByteCount = count
    }
    if let unsent = getenv("UNSENT"), let count = Int32(String(cString: unsent)) {
        options.unsentLimit = count
    }
    let transport = try TCPTransport(
        loop: loop, options, pool: CryptoPool(threads: 1),
        wallClock: { Timestamp(milliseconds: UInt64(time(nil)) * 1_000) })
    return Party(transport)
}

/// Processor time that this process has used, in seconds.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func seconds(_ from: Instant, _ to: Instant) -> Double {
    Double(to.since(from).nanoseconds) / 1e9
}

/// One loop holds both ends: what one core does for sealing, writing, reading and opening.
func measure(_ body: (EventLoop, Party, Party) -> Void) throws {
    let loop = try EventLoop()
    let server = try makeParty(0, loop: loop, peerPort: nil)
    let client = try makeParty(1, loop: loop, peerPort: server.transport.boundPort)
    body(loop, client, server)
    loop.run()
}

func finish(_ loop: EventLoop, _ client: Party, _ server: Party) {
    client.isDone = true
    server.isDone = true
    loop.stop()
}

func throughput(batchByteCount: Int, total: Int) throws {
    try measure { loop, client, server in
        let batch = [UInt8](repeating: 5, count: batchByteCount)
        let inFlight = max(2, (8 << 20) / batchByteCount)
        var (sent, arrived) = (0, 0)
        var (start, startTime) = (loop.now, processorTime())
        let server0 = ValidatorIndex(0)
        let send = {
            while sent < total, sent - arrived < inFlight * batchByteCount {
                guard
                    client.transport.send(Party.batch, batch, lane: .batches, to: server0)
                        == .queued
                else { break }
                sent += batchByteCount
            }
        }
        client.onConnected = {
            start = loop.now
            startTime = processorTime()
            send()
        }
        server.onBatch = { byteCount in
            arrived += byteCount
            send()
            guard arrived >= total else { return }
            let megabytes = Double(arrived) / 1e6
            let rate = megabytes / seconds(start, loop.now)
            let ofCore = megabytes / (processorTime() - startTime)
            print(
                "batches of \(batchByteCount / 1024) KiB: \(Int(rate)) MB/s,",
                "\(Int(ofCore)) MB per second of one core")
            finish(loop, client, server)
        }
    }
}

func roundTrips(count: Int, atOnce: Int) throws {
    try measure { loop, client, server in
        let request = [UInt8](repeating: 5, count: 200)
        var (asked, answered) = (0, 0)
        var (start, startTime) = (loop.now, processorTime())
        let ask = {
            asked += 1
            _ = client.transport.send(
                Party.request, request, lane: .consensus, to: ValidatorIndex(0))
        }
        client.onConnected = {
            start = loop.now
            startTime = processorTime()
            for _ in 0..<atOnce { ask() }
        }
        client.onAnswer = {
            answered += 1
            if asked < count { ask() }
            guard answered == count else { return }
            let each = seconds(start, loop.now) / Double(count) * 1e6
            let cost = (processorTime() - startTime) / Double(count) * 1e6
            print(
                "200-byte round trips, \(atOnce) at once:",
                "\(Double(Int(each * 100)) / 100) µs each,",
                "\(Double(Int(cost * 100)) / 100) µs of processor time for both ends")
            finish(loop, client, server)
        }
    }
}

for size in [64 << 10, 256 << 10, 1 << 20] {
    try throughput(batchByteCount: size, total: 4 << 30)
}
for atOnce in [1, 16, 256] { try roundTrips(count: 200_000, atOnce: atOnce) }
