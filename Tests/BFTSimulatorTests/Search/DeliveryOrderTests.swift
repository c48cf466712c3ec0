import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct DeliveryOrderTests {
    /// The batches that each replica executed, in order, without the one that everybody is given
    /// once the run has come to rest.
    private static func logs(_ trace: [TraceEvent], count: Int) -> [[String]] {
        (0..<count).map { node in
            trace.filter { $0.kind == .executed && $0.node == node }.flatMap { event in
                event.text.split(separator: "(").last?.split(separator: " ")
                    .map { $0.filter { $0 != ")" } }.filter { $0 != "empty" } ?? []
            }
            .dropLast(count)
        }
    }

    /// Runs one seed without faults. The delays, and with them the order in which messages arrive,
    /// depend on `order`; the clients' requests don't.
    private static func run(order: UInt64, decisions: [Decision]) throws -> RunOutcome {
        var plan = FaultPlan()
        plan.delayMicroseconds = 100...(5_000 + 400 * order)
        // Each request is answered before the next of its client, in any order.
        plan.submitPauseMilliseconds = 300...400
        plan.healAt = Instant(nanoseconds: 1_000_000_000)
        var scenario = Scenario(powers: [1, 1, 1, 1], seed: 4_711)
        scenario.givenPlan = plan
        scenario.decisions = decisions
        var options = RunOptions()
        options.recorder = TraceRecorder()
        return try DecisionTests.simplex.run(scenario, options)
    }

    @Test("In a hundred orders of delivery, replicas agree on one log of all requests")
    func agreement() async throws {
        let decisions = (0..<4).flatMap { node in
            (1...2).map { Decision(.submission, at: node, ordinal: $0) }
        }
        let (logs, hashes) = try await Seeds.aside {
            let outcomes = try (UInt64(0)..<100).map {
                try Self.run(order: $0, decisions: decisions)
            }
            #expect(outcomes.allSatisfy { $0.violations.isEmpty })
            return (outcomes.map { Self.logs($0.trace, count: 4) }, outcomes.map(\.traceHash))
        }
        for log in logs {
            #expect(Set(log).count == 1)
            #expect(Set(log[0]).count == 8 && log[0].count == 8)
        }
        #expect(Set(hashes).count == 100)
    }

    @Test("What one author submits has the same log in a hundred orders of delivery")
    func singleAuthor() async throws {
        let decisions = (1...3).map { Decision(.submission, at: 2, ordinal: $0) }
        let (logs, hashes) = try await Seeds.aside {
            let outcomes = try (UInt64(0)..<100).map {
                try Self.run(order: $0, decisions: decisions)
            }
            #expect(outcomes.allSatisfy { $0.violations.isEmpty })
            return (
                outcomes.flatMap { Self.logs($0.trace, count: 4) }, outcomes.map(\.traceHash)
            )
        }
        #expect(Set(logs).count == 1 && !logs[0].isEmpty)
        #expect(logs[0] == logs[0].indices.map { "v2/\($0 + 1)" })
        #expect(Set(hashes).count == 100)
    }
}
