import BFTApplication
import BFTBase
import BFTCore
import Testing

/// An application that says no more than it must.
private struct Terse: Application {
    func load(_ source: some StateSource) {}
    func begin(_ block: BlockContext) {}
    func execute(_ transaction: RawSpan, result: inout ResultWriter) { result.end() }
    func end() -> Digest { .zero }
    func save(into changes: inout some StateSink) {}
    var stateRoot: Digest { .zero }
    func query(_ request: RawSpan, answer: inout ResultWriter) { answer.end() }
}

@Suite struct ApplicationTests {
    @Test("An application that says nothing of it has no commands and judges no proposal")
    func defaults() {
        #expect(Terse.commandTable == nil && !Terse.judgesProposals)
        let context = BlockContext(
            height: Height(1), time: Timestamp(milliseconds: 1), proposer: ValidatorIndex(0))
        #expect(Terse().judge(context, []))
    }

    @Test("Of two rules for one command the first counts, and rules differ by every field")
    func commands() {
        let rule = CommandRule("GET", arity: 2, .read)
        let others = [
            CommandRule("SET", arity: 2, .read), CommandRule("GET", arity: 3, .read),
            CommandRule("GET", arity: 2, .write),
            CommandRule("GET", arity: 2, .read, keys: (1, 2, 1)),
        ]
        for other in others { #expect(rule != other) }
        #expect(rule == CommandRule("GET", arity: 2, .read, keys: (1, 1, 1)))
        let table = CommandTable([rule] + others)
        #expect(table["GET"] == rule && table["SET"] == others[0] && table["DEL"] == nil)
    }
}
