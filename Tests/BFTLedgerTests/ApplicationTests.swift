import BFTBase
import BFTCore
import BFTLedger
import Testing

/// An application that says no more than it must.
private struct Terse: Application {
    func load(_ source: some StateSource) {}
    func check(_ transaction: RawSpan) {}
    func begin(_ block: BlockContext) {}
    func execute(_ transaction: RawSpan, result: inout ResultWriter) { result.end() }
    func end() -> Digest { .zero }
    func save(into changes: inout some StateSink) {}
    var stateRoot: Digest { .zero }
    func query(_ request: RawSpan, answer: inout ResultWriter) { answer.end() }
    func snapshot(_ emit: (RawSpan) -> Void) {}
    func restore(_ chunks: [[UInt8]], changes: inout some StateSink) {}
}

@Suite struct ApplicationTests {
    @Test("An application that says nothing of it has no commands and judges no proposal")
    func defaults() {
        #expect(Terse.commandTable == nil && !Terse.judgesProposals)
        let context = BlockContext(
            height: Height(1), time: Timestamp(milliseconds: 1), proposer: ValidatorIndex(0))
        #expect(Terse().judge(context, []))
    }
}
