import BFTBase
import Glibc
import Testing

@testable import BFTSockets

/// A connection that is watched, not held.
private struct Seen { weak var connection: TCPConnection? }

/// Answers every byte with the same byte, and stops taking more while the answer waits.
private func echo(_ connection: TCPConnection) {
    connection.startReading { input in
        connection.write { $0.append(input.readable) }
        input.consume(input.count)
        if connection.queuedBytes > 1 << 20 { connection.pauseReading() }
    }
    connection.onWritable = { connection.resumeReading() }
}

/// An endless stream that repeats after a prime number of bytes.
private struct Pattern {
    private static let period = 65_537
    private let bytes: [UInt8]

    init(longest: Int) {
        var random = SplitMix64(seed: 5)
        var bytes = (0..<Self.period).map { _ in UInt8.random(in: 0...255, using: &random) }
        while bytes.count < longest + Self.period { bytes += bytes.prefix(Self.period) }
        self.bytes = bytes
    }

    func append(_ byteCount: Int, from position: Int, to queue: inout ByteFIFO) {
        bytes.withUnsafeBytes {
            let start = position % Self.period
            queue.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + byteCount]))
        }
    }

    func begins(_ part: Slice<UnsafeRawBufferPointer>, at position: Int) -> Bool {
        let part = UnsafeRawBufferPointer(rebasing: part)
        return bytes.withUnsafeBytes {
            guard let expected = $0.baseAddress, let found = part.baseAddress else { return true }
            return memcmp(expected + position % Self.period, found, part.count) == 0
        }
    }
}

@Suite struct TCPTests {
    @Test("A reader that yields goes on in the next turn, and all else has its turn in between")
    func yields() throws {
        let (total, part) = (1 << 20, 4_096)
        try runLoop { loop, held in
            var (taken, calls, turns) = (0, 0, 0)
            loop.setTurnEnd { turns += 1 }
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                connection.startReading { input in
                    calls += 1
                    let count = min(input.count, part)
                    input.consume(count)
                    taken += count
                    if input.count > 0 { connection.yieldReading() }
                    guard taken == total else { return }
                    // Once as it is read, and once at the end of the turn.
                    #expect(calls >= total / part && calls <= 2 * (turns + 1))
                    loop.stop()
                }
            }
            held.append(listener)
            TCPConnection.connect(
                loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10)
            ) { result in
                guard let client = result.opened(or: loop) else { return }
                let bytes = [UInt8](repeating: 1, count: total)
                _ = bytes.withUnsafeBytes { all in client.write { $0.append(all) } }
            }
        }
    }

    @Test("Megabytes echo unchanged through random chunk sizes")
    func echoes() throws {
        let total = 48 << 20
        let pattern = Pattern(longest: 200_000)
        try runLoop { loop, held in
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { echo($0) }
            held.append(listener)
            let port = listener.boundPort
            var random = SplitMix64(seed: 3)
            var written = 0
            var checked = 0
            TCPConnection.connect(
                loop: loop, host: "127.0.0.1", port: port, timeout: .seconds(10)
            ) { result in
                guard let client = result.opened(or: loop) else { return }
                #expect(client.remoteAddress == SocketAddress(host: "127.0.0.1", port: port))
                let writeMore = {
                    while written < total, client.queuedBytes < 4 << 20 {
                        let size = min(Int.random(in: 1..<200_000, using: &random), total - written)
                        client.write { pattern.append(size, from: written, to: &$0) }
                        written += size
                    }
                }
                client.onWritable = writeMore
                client.startReading { input in
                    // Leaves a part now and then, as a parser of frames does.
                    let part = min(input.count, Int.random(in: 1..<100_000, using: &random))
                    if !pattern.begins(input.readable.prefix(part), at: checked) {
                        Issue.record("wrong bytes after \(checked)")
                    }
                    input.consume(part)
                    checked += part
                    if !input.isEmpty { client.resumeReading() }
                    writeMore()
                    if checked == total { client.close() }
                }
                client.onClose = { reason in
                    #expect(reason == .closed)
                    #expect(checked == total)
                    loop.stop()
                }
                writeMore()
            }
        }
    }

    @Test("Thousands of connections come and go, and each close is told once on both sides")
    func churn() throws {
        let total = 3_000
        try runLoop { loop, held in
            var accepted = 0
            var serverReasons: [CloseReason] = []
            var clientReasons: [CloseReason] = []
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                accepted += 1
                echo(connection)
                connection.onClose = { serverReasons.append($0) }
            }
            held.append(listener)
            var started = 0
            func next() {
                guard started < total else {
                    if clientReasons.count == total, serverReasons.count == total {
                        #expect(accepted == total)
                        #expect(clientReasons.allSatisfy { $0 == .closed })
                        #expect(serverReasons.allSatisfy { $0 == .closedByPeer })
                        loop.stop()
                    } else if clientReasons.count == total {
                        loop.runLater(next)
                    }
                    return
                }
                started += 1
                TCPConnection.connect(
                    loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(20)
                ) { result in
                    guard let client = result.opened(or: loop) else { return }
                    client.startReading { input in
                        input.consume(input.count)
                        client.close()
                        client.close()
                    }
                    client.onClose = {
                        clientReasons.append($0)
                        client.close()
                        client.abort()
                        next()
                    }
                    client.write { $0.append("ping") }
                }
            }
            for _ in 0..<20 { next() }
        }
    }

    @Test("A slow reader makes the queue grow; the writer hears when it may go on")
    func slowReader() throws {
        let total = 24 << 20
        try runLoop { loop, held in
            var received = 0
            var server: TCPConnection?
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                server = connection
                connection.startReading { input in
                    received += input.count
                    input.consume(input.count)
                    if received == total { loop.stop() }
                }
                connection.pauseReading()
            }
            held.append(listener)
            TCPConnection.connect(
                loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10)
            ) { result in
                guard let client = result.opened(or: loop) else { return }
                let half = [UInt8](repeating: 7, count: total / 2)
                client.write { $0.append(half) }
                var writable = 0
                client.onWritable = {
                    writable += 1
                    #expect(client.queuedBytes <= client.options.lowWater)
                    #expect(received > 0)
                    if writable == 1 { client.write { $0.append(half) } }
                }
                let waiting = LoopTimer(loop: loop) {
                    #expect(client.queuedBytes > 1 << 20)
                    #expect(client.queuedBytes < total / 2)
                    #expect(writable == 0 && received == 0)
                    server?.resumeReading()
                }
                waiting.schedule(after: .milliseconds(100))
                client.onClose = { _ in _ = waiting }
            }
        }
    }

    @Test("A reader too slow for the output limit is dropped; one too greedy for input as well")
    func limits() throws {
        try runLoop { loop, held in
            var options = TCPOptions()
            options.inputLimit = 10_000
            options.outputLimit = 1 << 20
            var reasons: [CloseReason] = []
            func note(_ reason: CloseReason) {
                reasons.append(reason)
                if reasons.count == 2 { loop.stop() }
            }
            let listener = try TCPListener(
                loop: loop, host: "127.0.0.1", port: 0, options: options
            ) { connection in
                connection.startReading { input in #expect(input.count <= 10_000) }
                connection.onClose = { reason in
                    // The other one is reset by its client.
                    if reason == .inputLimit { note(reason) }
                }
            }
            held.append(listener)
            TCPConnection.connect(
                loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10),
                options: options
            ) { result in
                guard let client = result.opened(or: loop) else { return }
                client.write { $0.append([UInt8](repeating: 0, count: 10_000)) }
            }
            TCPConnection.connect(
                loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10),
                options: options
            ) { result in
                guard let client = result.opened(or: loop) else { return }
                #expect(client.write { $0.append([UInt8](repeating: 0, count: 1 << 20)) })
                #expect(client.queuedBytes == 1 << 20)
                #expect(!client.write { $0.append(0) })
                #expect(!client.isOpen)
                client.onClose = { reason in
                    #expect(reason == .outputLimit)
                    note(reason)
                }
            }
        }
    }

    @Test("Aborting with bytes in flight, inside handlers and twice is harmless")
    func aborts() throws {
        try runLoop { loop, held in
            var remaining = 200
            func done() {
                remaining -= 1
                if remaining == 0 { loop.stop() }
            }
            var random = SplitMix64(seed: 11)
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                let limit = Int.random(in: 1..<400_000, using: &random)
                var seen = 0
                connection.onClose = { _ in done() }
                connection.startReading { input in
                    seen += input.count
                    if seen % 3 == 0 { input.consume(input.count) }
                    connection.write { $0.append(input.readable) }
                    if seen > limit {
                        connection.abort()
                        connection.abort()
                        connection.close()
                        #expect(!connection.write { _ in Issue.record("written after the end") })
                    }
                }
            }
            held.append(listener)
            for _ in 0..<100 {
                TCPConnection.connect(
                    loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10)
                ) { result in
                    guard let client = result.opened(or: loop) else { return }
                    client.onClose = { _ in done() }
                    client.startReading { input in input.consume(input.count) }
                    client.write { $0.append([UInt8](repeating: 1, count: 3 << 20)) }
                    let timer = LoopTimer(loop: loop) { client.abort() }
                    let delay = UInt64.random(in: 0..<30, using: &random)
                    timer.schedule(after: .milliseconds(delay))
                    client.onWritable = { _ = timer }
                }
            }
        }
    }

    @Test("Stopping the loop closes whatever is open and says so")
    func stopWhileBusy() throws {
        var reasons: [CloseReason] = []
        var attempts: [SocketError?] = []
        var seen: [Seen] = []
        try runLoop { loop, held in
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                echo(connection)
                seen.append(Seen(connection: connection))
                connection.onClose = { reason in
                    #expect(!connection.isOpen)
                    reasons.append(reason)
                    // A dial from here is refused instead of keeping the loop alive.
                    TCPConnection.connect(
                        loop: loop, host: "127.0.0.1", port: 1, timeout: .seconds(1)
                    ) { attempts.append($0.error) }
                }
                if reasons.isEmpty, attempts.isEmpty { loop.stop() }
            }
            held.append(listener)
            for _ in 0..<10 {
                TCPConnection.connect(
                    loop: loop, host: "localhost", port: listener.boundPort, timeout: .seconds(10)
                ) { result in
                    guard case .success(let client) = result else { return }
                    seen.append(Seen(connection: client))
                    client.startReading { input in client.write { _ in input.consume(0) } }
                    client.write { $0.append([UInt8](repeating: 1, count: 20 << 20)) }
                }
            }
        }
        #expect(!reasons.isEmpty)
        #expect(seen.allSatisfy { $0.connection == nil }, "a connection outlives its loop")
        #expect(attempts == reasons.map { _ in .cancelled })
    }
}
