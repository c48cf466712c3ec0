import BFTBase
import Testing

@testable import BFTServer

/// Each bound of `RESPLimits` and `HTTPLimits` at its edge, and one beyond.
@Suite struct LimitTests {
    private static func limits(_ change: (inout RESPLimits) -> Void) -> RESPLimits {
        var limits = RESPLimits()
        change(&limits)
        return limits
    }

    /// What a parser makes of the first command of `text`.
    private static func step(_ text: String, _ limits: RESPLimits) -> RESPParser.Step {
        var parser = RESPParser(limits: limits)
        return parser.next(Array(text.utf8).span.bytes, from: 0)
    }

    private static func command(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    private static func expect(
        _ text: String, _ limits: RESPLimits, _ error: RESPProtocolError?
    ) {
        let expected =
            error.map { RESPParser.Step.failed($0) }
            ?? .command(
                byteCount: text.utf8.count)
        #expect(step(text, limits) == expected)
    }

    @Test("A command has as many arguments as it may, and no more, in both forms")
    func argumentCount() {
        let limits = Self.limits { $0.argumentCount = 5 }
        let words = Array(repeating: "a", count: 5)
        Self.expect(Self.command(words), limits, nil)
        Self.expect(Self.command(words + ["a"]), limits, .badArgumentCount)
        Self.expect(words.joined(separator: " ") + "\n", limits, nil)
        let step = Self.step((words + ["a"]).joined(separator: " ") + "\n", limits)
        guard case .failed = step else {
            Issue.record("\(step)")
            return
        }
    }

    @Test("An argument has as many bytes as it may, and no more")
    func bulkBytes() {
        let limits = Self.limits { $0.bulkBytes = 40 }
        Self.expect(Self.command([String(repeating: "x", count: 40)]), limits, nil)
        Self.expect(Self.command([String(repeating: "x", count: 41)]), limits, .badBulkLength)
    }

    @Test("A command has as many bytes as it may, and so has a block of them")
    func commandBytes() {
        let text = Self.command(["ECHO", String(repeating: "x", count: 30)])
        Self.expect(text, Self.limits { $0.commandBytes = text.utf8.count }, nil)
        Self.expect(
            text, Self.limits { $0.commandBytes = text.utf8.count - 1 }, .commandTooLong)
        // A block has two bytes of its own, and four for each argument beside its bytes; and the
        // number of arguments takes two for each command.
        func queues(_ limit: Int) -> Bool {
            var bench = SessionBench(limits: Self.limits { $0.commandBytes = limit })
            bench.send("multi\r\n" + String(repeating: "set a 234567\r\n", count: 2))
            return !bench.replies().contains("too large")
        }
        let least = (20...200).first { queues($0) }
        #expect(least == 2 * (2 + 3 * 4 + 10))
    }

    @Test("An inline command has as many bytes as it may, its end among them, and no more")
    func inlineBytes() {
        let limits = Self.limits { $0.inlineBytes = 64 }
        let words = "echo " + String(repeating: "x", count: 58)
        Self.expect(words + "\n", limits, nil)
        Self.expect(words + "x\n", limits, .inlineTooLong)
        #expect(Self.step(words, limits) == .incomplete)
        Self.expect(words + "x", limits, .inlineTooLong)
    }

    @Test("A block has as many commands as it may, and no more")
    func blockCommandCount() {
        for count in [3, 4] {
            var bench = SessionBench(limits: Self.limits { $0.blockCommandCount = 3 })
            bench.send("multi\r\n" + String(repeating: "get a\r\n", count: count) + "exec\r\n")
            #expect(bench.gateway.requests.count == (count == 3 ? 1 : 0))
        }
        // Never more than a command list holds.
        let wide = Self.limits {
            ($0.argumentCount, $0.blockCommandCount) = (.max, .max)
        }
        #expect(wide.clamped.argumentCount == 16_384 && wide.clamped.blockCommandCount == 4_096)
        let narrow = Self.limits { ($0.argumentCount, $0.blockCommandCount) = (7, 8) }
        #expect(narrow.clamped == narrow)
    }

    @Test("A session takes commands while so many or fewer bytes are unsent")
    func outputBytesToPause() {
        for (unsent, isTaken) in [(100, true), (101, false)] {
            var bench = SessionBench(limits: Self.limits { $0.outputBytesToPause = 100 })
            bench.session.unsentByteCount = unsent
            bench.send("ping\r\n")
            #expect(bench.output.isEmpty == !isTaken)
            // With its answer there is no room for another.
            #expect(bench.session.pause == .output)
        }
    }

    @Test("A session is cut above so many unsent bytes, and not before")
    func outputBytes() {
        for (unsent, isCut) in [(995, false), (996, true)] {
            var bench = SessionBench(limits: Self.limits { $0.outputBytes = 1_000 })
            bench.send("set a 1\r\n")
            bench.session.unsentByteCount = unsent
            bench.answerOne()
            #expect(bench.replies() == "+OK|")
            #expect(bench.session.closure == (isCut ? .now : nil))
        }
    }

    @Test("There are so many sessions at once, and another when one is closed")
    func clientCount() throws {
        var slots = SessionSlots<Int>(limit: 3)
        let opened = (0..<3).compactMap { number in slots.open { _ in number } }
        #expect(opened.count == 3 && slots.open { _ in 9 } == nil)
        slots.close(opened[1])
        #expect(slots.open { _ in 9 } != nil && slots.open { _ in 9 } == nil)
    }

    @Test("A connection may take its time to ask, to be answered and to listen, and no longer")
    func timeouts() {
        var limits = HTTPLimits()
        limits.requestTimeout = .seconds(1)
        limits.answerTimeout = .seconds(2)
        limits.responseTimeout = .seconds(3)
        let cases: [(HTTPLoop.Connection.Phase, Interval)] = [
            (.reading, .seconds(1)), (.waiting, .seconds(2)), (.writing, .seconds(3)),
        ]
        for (phase, limit) in cases {
            #expect(!limits.isOver(phase, after: limit))
            #expect(limits.isOver(phase, after: Interval(nanoseconds: limit.nanoseconds + 1)))
        }
    }
}
