import BFTBase
import Glibc
import Testing

@testable import BFTSockets

@Suite struct AddressTests {
    @Test("Literals of both families are read and written back")
    func literals() {
        let cases = [
            ("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "0.0.0.0:80"), ("::1", "[::1]:80"),
            ("2001:DB8:0::1", "[2001:db8::1]:80"),
        ]
        for (host, expected) in cases {
            #expect(RawAddress(literal: host, port: 80)?.address.description == expected)
        }
        for host in ["", "localhost", "1.2.3", "1.2.3.4.5", "300.1.1.1", "::g", "[::1]"] {
            #expect(RawAddress(literal: host, port: 80) == nil)
        }
    }

    @Test("A port in use, a foreign address, a name that isn't one: each is told apart")
    func listenErrors() throws {
        try runLoop { loop, held in
            let first = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { _ in }
            held.append(first)
            let port = first.boundPort
            #expect(port != 0)
            let inUse = SocketError.addressInUse(host: "127.0.0.1", port: port)
            #expect(throws: inUse) {
                try TCPListener(loop: loop, host: "127.0.0.1", port: port) { _ in }
            }
            #expect(inUse.description.hasPrefix("127.0.0.1:\(port) is in use: "))
            first.close()
            held.append(try TCPListener(loop: loop, host: "127.0.0.1", port: port) { _ in })
            #expect(throws: SocketError.addressNotAvailable(host: "203.0.113.7", port: 0)) {
                try TCPListener(loop: loop, host: "203.0.113.7", port: 0) { _ in }
            }
            #expect(throws: SocketError.badAddress(host: "no such host")) {
                try TCPListener(loop: loop, host: "no such host", port: 0) { _ in }
            }
            loop.stop()
        }
    }

    @Test("Connecting to a free port is refused, to a silent one times out, to nonsense fails")
    func connectErrors() throws {
        try runLoop { loop, held in
            let free = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { _ in }
            let port = free.boundPort
            free.close()
            let silent = try SilentListener()
            held.append(silent)
            var errors: [String: SocketError?] = [:]
            var isReturned = false
            func dial(_ name: String, _ host: String, _ port: UInt16) -> ConnectAttempt {
                TCPConnection.connect(
                    loop: loop, host: host, port: port, timeout: .milliseconds(300)
                ) {
                    #expect(isReturned, "completed within the call")
                    errors[name] = $0.error
                    if errors.count == 5 { loop.stop() }
                }
            }
            _ = dial("refused", "127.0.0.1", port)
            _ = dial("silent", "127.0.0.1", silent.port)
            _ = dial("nonsense", "no such host", 1)
            _ = dial("name", "localhost", port)
            dial("cancelled", "127.0.0.1", silent.port).cancel()
            isReturned = true
            held.append(
                Finally {
                    #expect(errors["refused"] == .refused(host: "127.0.0.1", port: port))
                    #expect(errors["name"] == .refused(host: "localhost", port: port))
                    #expect(errors["silent"] == .timedOut(host: "127.0.0.1", port: silent.port))
                    #expect(errors["nonsense"] == .badAddress(host: "no such host"))
                    #expect(errors["cancelled"] == .cancelled)
                })
        }
    }

    @Test("Names and both families connect, and the peer's address is known on both sides")
    func families() throws {
        for (listening, dialled) in [
            ("::1", "::1"), ("localhost", "localhost"), ("::", "127.0.0.1"),
        ] {
            try runLoop { loop, held in
                let listener = try TCPListener(loop: loop, host: listening, port: 0) { connection in
                    #expect(connection.remoteAddress.port != 0)
                    #expect(!connection.remoteAddress.host.isEmpty)
                    connection.write { $0.append("hello") }
                    connection.close()
                }
                held.append(listener)
                TCPConnection.connect(
                    loop: loop, host: dialled, port: listener.boundPort, timeout: .seconds(10)
                ) { result in
                    guard let client = result.opened(or: loop) else { return }
                    #expect(client.remoteAddress.port == listener.boundPort)
                    var text: [UInt8] = []
                    client.startReading { input in
                        text += input.readable
                        input.consume(input.count)
                    }
                    client.onClose = { reason in
                        #expect(reason == .closedByPeer)
                        #expect(text == Array("hello".utf8))
                        loop.stop()
                    }
                }
            }
        }
    }
}

/// Does something when it goes.
private final class Finally {
    private let action: () -> Void
    init(_ action: @escaping () -> Void) { self.action = action }
    deinit { action() }
}

/// A socket whose queue of waiting connections is full: further ones get no answer.
private final class SilentListener {
    private var descriptors: [Int32] = []
    let port: UInt16

    init() throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let address = try #require(RawAddress(literal: "127.0.0.1", port: 0))
        _ = address.withPointer { bind(listening, $0, address.byteCount) }
        listen(listening, 0)
        var bound = RawAddress()
        _ = bound.fill { getsockname(listening, $0, $1) }
        port = bound.address.port
        descriptors.append(listening)
        for _ in 0..<4 {
            let filling = socket(
                AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = bound.withPointer { Glibc.connect(filling, $0, bound.byteCount) }
            descriptors.append(filling)
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
