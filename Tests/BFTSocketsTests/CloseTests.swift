import BFTBase
import Glibc
import Testing

@testable import BFTSockets

@Suite struct CloseTests {
    /// A listener on a free port and a client that is connected to it.
    private func connect(
        _ loop: EventLoop, _ held: inout [Any], server: @escaping (TCPConnection) -> Void,
        client: @escaping (TCPConnection) -> Void
    ) throws {
        let listener = try TCPListener(
            loop: loop, host: "127.0.0.1", port: 0, onAccept: server)
        held.append(listener)
        TCPConnection.connect(
            loop: loop, host: "127.0.0.1", port: listener.boundPort, timeout: .seconds(10)
        ) { result in
            if let connection = result.opened(or: loop) { client(connection) }
        }
    }

    @Test("A client that ended its half still gets its answers")
    func halfClose() throws {
        try runLoop { loop, held in
            try connect(loop, &held) { server in
                var asked = 0
                server.startReading { input in
                    asked += input.count
                    input.consume(input.count)
                }
                server.onEnd = {
                    #expect(asked == 3)
                    let answering = LoopTimer(loop: loop) {
                        #expect(server.write { $0.append("late answer") })
                        server.close()
                    }
                    answering.schedule(after: .milliseconds(20))
                    server.onWritable = { _ = answering }
                }
                server.onClose = { #expect($0 == .closedByPeer) }
            } client: { client in
                var answer: [UInt8] = []
                client.write { $0.append("one") }
                client.startReading { input in
                    answer += input.readable
                    input.consume(input.count)
                }
                client.endWriting()
                #expect(!client.write { $0.append("more") })
                client.onClose = { reason in
                    #expect(reason == .closedByPeer)
                    #expect(answer == Array("late answer".utf8))
                    loop.stop()
                }
            }
        }
    }

    @Test("Closing delivers megabytes that were written before, though the peer still sends")
    func gracefulClose() throws {
        let total = 8 << 20
        try runLoop { loop, held in
            try connect(loop, &held) { server in
                server.write { $0.append([UInt8](repeating: 9, count: total)) }
                server.close(deadline: .seconds(60))
                server.onClose = { #expect($0 == .closed) }
            } client: { client in
                var received = 0
                client.startReading { input in
                    received += input.count
                    input.consume(input.count)
                    client.write { $0.append("chatter") }
                }
                client.onClose = { reason in
                    #expect(reason == .closedByPeer)
                    #expect(received == total)
                    loop.stop()
                }
            }
        }
    }

    @Test("A peer that takes nothing can't hold up a close beyond its deadline")
    func closeDeadline() throws {
        try runLoop { loop, held in
            try connect(loop, &held) { server in
                server.write { $0.append([UInt8](repeating: 9, count: 32 << 20)) }
                server.close(deadline: .milliseconds(50))
                server.onClose = { reason in
                    #expect(reason == .closeTimedOut)
                    loop.stop()
                }
            } client: { _ in
            }
        }
    }

    @Test("What one reader leaves is offered to the next, and to a reader that resumes")
    func readers() throws {
        try runLoop { loop, held in
            try connect(loop, &held) { server in
                var seen: [UInt8] = []
                func third(_ input: inout ByteFIFO) {
                    seen += input.readable
                    input.consume(input.count)
                    #expect(seen == Array("helloworld".utf8))
                    loop.stop()
                }
                func second(_ input: inout ByteFIFO) {
                    guard input.count >= 5 else { return }
                    seen += input.readable.prefix(5)
                    input.consume(5)
                    server.pauseReading()
                    let resuming = LoopTimer(loop: loop) { server.startReading(third) }
                    resuming.schedule(after: .milliseconds(20))
                    server.onWritable = { _ = resuming }
                }
                server.startReading { input in
                    guard input.count >= 10 else { return }
                    server.startReading(second)
                }
            } client: { client in
                client.write { $0.append("hello") }
                loop.runLater { client.write { $0.append("world") } }
            }
        }
    }

    @Test("A paused listener accepts nothing; resumed, it accepts what waited")
    func pausing() throws {
        try runLoop { loop, held in
            var accepted = 0
            var listener: TCPListener?
            listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { _ in
                accepted += 1
                if accepted % 3 == 0 { listener?.pause() }
                if accepted == 10 {
                    listener = nil
                    loop.stop()
                }
            }
            let port = try #require(listener?.boundPort)
            for _ in 0..<10 {
                TCPConnection.connect(
                    loop: loop, host: "127.0.0.1", port: port, timeout: .seconds(10)
                ) { _ = $0.opened(or: loop) }
            }
            var last = 0
            let resuming = LoopTimer(loop: loop) {
                #expect(accepted - last <= 3)
                last = accepted
                listener?.resume()
            }
            resuming.schedule(every: .milliseconds(20))
            held.append(resuming)
        }
    }

    @Test("A listener that can't accept rests instead of spinning")
    func resting() throws {
        try runLoop { loop, held in
            let start = loop.now
            var failures: UInt64 = 0
            var turns = 0
            loop.setTurnEnd { turns += 1 }
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { _ in }
            listener.onFailure = { _ in
                failures += 1
                guard failures == 4 else { return }
                #expect(loop.now.since(start) >= .milliseconds(300))
                #expect(turns < 30)
                loop.stop()
            }
            held.append(listener)
            // The socket stays readable from here on, and accepting fails.
            _ = Glibc.shutdown(listener.descriptor, Int32(SHUT_RDWR))
        }
    }
}
