import BFTBase
import BFTCore
import BFTLogging
import BFTSockets
import Synchronization
import Testing

@testable import BFTNode

/// What one logger writes, kept instead.
private final class Lines: Sendable {
    /// Where loggers write that are made meanwhile.
    @TaskLocal static var current: Lines?

    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    /// Those that came since the last time.
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

private struct LineKeeper: LogHandler {
    let lines: Lines
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(_ lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(
        level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String,
        file: String, function: String, line: UInt
    ) {
        lines.append("\(level) \(message)")
    }
}

@Suite struct TransportLogTests {
    @Test("Strangers fill no log: so much is said of them in a while, then how much was left out")
    func bounded() {
        LoggingSystem.bootstrap { label in
            guard let lines = Lines.current else {
                return LineLogHandler(label: label, format: .text)
            }
            return LineKeeper(lines)
        }
        let lines = Lines()
        var log = Lines.$current.withValue(lines) { TransportLog() }
        let address = SocketAddress(host: "192.0.2.1", port: 7)
        func note(_ count: Int, at milliseconds: UInt64) {
            for _ in 0..<count {
                let now = Instant(nanoseconds: milliseconds * 1_000_000)
                log.note(.cut(ValidatorIndex(2), address, .crowdedOut), at: now)
            }
        }
        let said = "info \(TransportNotice.cut(ValidatorIndex(2), address, .crowdedOut))"
        note(19, at: 5)
        note(2, at: 9_000)
        #expect(lines.take() == Array(repeating: said, count: 20))
        note(6, at: 10_004)
        #expect(lines.take().isEmpty)
        note(1, at: 10_005)
        #expect(lines.take() == ["warning 7 more notices of connections were not logged", said])
        note(1, at: 30_000)
        #expect(lines.take() == [said], "nothing was left out")
    }
}
