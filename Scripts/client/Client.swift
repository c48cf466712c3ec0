import ArgumentParser
import BFT
import Collections
import CoreMetrics
import Crypto
import DequeModule
import Logging
import Metrics

/// An application of one's own: it counts the bytes that were ordered.
struct ByteCount: Application {
    private var count: UInt64 = 0

    mutating func load(_ source: some StateSource) throws(ApplicationError) {
        var found: UInt64 = 0
        try source.forEach { (_, value) throws(ApplicationError) in
            guard value.byteCount == 8 else { throw ApplicationError("this is no count") }
            found = value.withUnsafeBytes { $0.reduce(0) { $0 << 8 | UInt64($1) } }
        }
        count = found
    }

    mutating func begin(_ block: BlockContext) {}

    mutating func execute(_ transaction: RawSpan, result: inout ResultWriter) {
        count += UInt64(transaction.byteCount)
        result.write(Array("\(count)".utf8))
        result.end()
    }

    mutating func end() -> Digest { stateRoot }

    func save(into changes: inout some StateSink) {
        let value = (0..<8).reversed().map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        let key: [UInt8] = [0]
        changes.put(key: key.span.bytes, value: value.span.bytes)
    }

    var stateRoot: Digest { Digest(count, 0, 0, 0) }

    func query(_ request: RawSpan, answer: inout ResultWriter) {
        answer.write(Array("\(count)".utf8))
        answer.end()
    }
}

/// A validator around it, with each protocol: that they are compiled is the point.
private let validators: [any Sendable.Type] = [
    Node<Simplex, ByteCount>.self, Node<PBFT, ByteCount>.self, Node<HotStuff, ByteCount>.self,
    Node<HotStuff2, KeyValueStore>.self,
]

@main
struct Client {
    static func main() throws {
        // Types of the same names as some of this package's own, which a program doesn't see.
        let logger = Logger(label: "client")
        var commands = Deque<[UInt8]>()
        commands.append(CommandList.encode([["SET", "a", "b"].map { Array($0.utf8) }]))

        var application = ByteCount()
        application.begin(
            BlockContext(
                height: Height(1), time: Timestamp(milliseconds: 1), proposer: ValidatorIndex(0)))
        var results = ResultWriter()
        for command in commands { application.execute(command.span.bytes, result: &results) }
        // Two counts, and three arguments behind their lengths: 2 + 2 + 7 + 5 + 5 bytes.
        guard application.end() == Digest(21, 0, 0, 0), results.count == 1 else {
            preconditionFailure("the application counts")
        }
        logger.info("a client with \(validators.count) kinds of validators")
    }
}
