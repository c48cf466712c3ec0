import BFTSimulator
import Testing

@Suite struct LinearizabilityTests {
    typealias Operation = RegisterOperation

    private func outcome(_ operations: Operation...) -> LinearizabilityCheck.Outcome {
        LinearizabilityCheck.outcome(of: operations)
    }

    @Test("Operations that follow one another are linearizable if each sees the one before")
    func sequential() {
        #expect(
            outcome(
                Operation(.write(7), from: 1, to: 2), Operation(.read, from: 3, to: 4, result: 7),
                Operation(.add(2), from: 5, to: 6, result: 9),
                Operation(.read, from: 7, to: 8, result: 9)) == .linearizable)
        #expect(outcome() == .linearizable)
    }

    @Test("A read that misses a write completed before it is not linearizable")
    func staleRead() {
        #expect(
            outcome(
                Operation(.write(7), from: 1, to: 2), Operation(.read, from: 3, to: 4, result: 0))
                == .notLinearizable(1))
    }

    @Test("A read beside a write sees the old value or the new one, and no third one")
    func concurrentRead() {
        for (seen, expected) in [(0, true), (7, true), (5, false)] {
            let found = outcome(
                Operation(.write(7), from: 1, to: 4),
                Operation(.read, from: 2, to: 3, result: UInt64(seen)))
            #expect((found == .linearizable) == expected)
        }
    }

    @Test("Once a read has seen the new value, no later read sees the old one")
    func newOldInversion() {
        #expect(
            outcome(
                Operation(.write(7), from: 1, to: 10),
                Operation(.read, from: 2, to: 3, result: 7),
                Operation(.read, from: 4, to: 5, result: 0)) == .notLinearizable(2))
        #expect(
            outcome(
                Operation(.write(7), from: 1, to: 10),
                Operation(.read, from: 2, to: 5, result: 7),
                Operation(.read, from: 3, to: 4, result: 0)) == .linearizable)
    }

    @Test("Two increments never have the same result")
    func lostUpdate() {
        #expect(
            outcome(
                Operation(.add(1), from: 1, to: 3, result: 1),
                Operation(.add(1), from: 2, to: 4, result: 1)) == .notLinearizable(1))
        #expect(
            outcome(
                Operation(.add(1), from: 1, to: 3, result: 2),
                Operation(.add(1), from: 2, to: 4, result: 1)) == .linearizable)
    }

    @Test("A write of unknown outcome takes effect late, or never, but not before it began")
    func openWrite() {
        let open = Operation(.write(7), from: 3, to: nil)
        #expect(outcome(open, Operation(.read, from: 8, to: 9, result: 7)) == .linearizable)
        #expect(outcome(open, Operation(.read, from: 8, to: 9, result: 0)) == .linearizable)
        #expect(outcome(open, Operation(.read, from: 1, to: 2, result: 7)) == .notLinearizable(1))
        #expect(
            outcome(
                open, Operation(.read, from: 4, to: 5, result: 7),
                Operation(.read, from: 6, to: 7, result: 0)) == .notLinearizable(2))
    }

    @Test("A write that nobody made is never read")
    func inventedValue() {
        #expect(
            outcome(
                Operation(.write(1), from: 1, to: 2), Operation(.write(2), from: 3, to: 4),
                Operation(.read, from: 5, to: 6, result: 3)) == .notLinearizable(2))
    }

    @Test("Two readers agree on the order of two writes beside each other")
    func readersAgree() {
        let writes = [Operation(.write(1), from: 1, to: 9), Operation(.write(2), from: 1, to: 9)]
        func reads(_ first: UInt64, _ second: UInt64, from time: Int) -> [Operation] {
            [
                Operation(.read, from: time, to: time + 1, result: first),
                Operation(.read, from: time + 2, to: time + 3, result: second),
            ]
        }
        #expect(
            LinearizabilityCheck.outcome(of: writes + reads(1, 2, from: 2) + reads(1, 2, from: 2))
                == .linearizable)
        #expect(
            LinearizabilityCheck.outcome(of: writes + reads(1, 2, from: 2) + reads(2, 1, from: 2))
                != .linearizable)
    }

    @Test("A history with more open operations than can be followed is left undecided")
    func tooManyOpen() {
        let open = (0..<65).map { Operation(.write(UInt64($0)), from: 1, to: nil) }
        #expect(LinearizabilityCheck.outcome(of: open) == .undecided)
        let some = (0..<12).map { Operation(.add(1 << UInt64($0)), from: 1, to: nil) }
        let read = Operation(.read, from: 2, to: 3, result: 1 << 12)
        #expect(LinearizabilityCheck.outcome(of: some + [read], limit: 100) == .undecided)
        #expect(LinearizabilityCheck.outcome(of: some + [read]) == .notLinearizable(12))
    }
}
