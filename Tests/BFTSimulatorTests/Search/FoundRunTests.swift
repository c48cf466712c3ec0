import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Runs that a search found, reduced to the decisions that matter, of mistakes that are mended.
@Suite struct FoundRunTests {
    /// v0, v1 and v3 have two thirds of the power and notarized a block that vouches for an old
    /// state; that is no quorum. v2 crashed, has executed everything and knows the last state only.
    /// It could not judge the block, its third alone lets nobody nullify, and the view never ended.
    @Test("A block that vouches for a state from before a restart is supported all the same")
    func stateFromBeforeRestart() throws {
        var scenario = Scenario(powers: [4, 3, 4, 1], seed: 701)
        scenario.faults = [.crashes]
        scenario.decisions = [
            "read:1#7", "submission:3#4", "submission:2#4", "read:3#5", "submission:3#5",
            "submission:0#4", "read:0#5", "crash:2#649287680000",
        ].compactMap { Decision($0) }
        #expect(scenario.decisions?.count == 8)
        let outcome = try DecisionTests.simplex.run(scenario, RunOptions())
        #expect(outcome.violations.isEmpty)
    }

    private static func violations(
        _ powers: [VotingPower], seed: UInt64, _ faults: [FaultKind], _ seats: (Int, String)...
    ) throws -> [String] {
        var scenario = Scenario(powers: powers, seed: seed)
        scenario.faults = faults
        scenario.seats = seats.map { Scenario.Seat(validator: $0.0, adversary: $0.1) }
        return try DecisionTests.simplex.run(scenario, RunOptions()).violations
    }

    /// It could not judge what vouches for the state after that block, and others ended each view
    /// by support before it asked for anything.
    @Test("A replica that does not know of a commit asks for it when it gives a view up")
    func unknownCommit() throws {
        let violations = try Self.violations(
            [3, 2, 2, 1, 1], seed: 700_106, [.powerCuts, .crashes, .skew, .drift, .jumps],
            (1, "withhold"))
        #expect(violations.isEmpty)
    }

    /// The others waited for their clocks before they supported its blocks, and again before they
    /// voted for any block on top, which can't have an earlier time.
    @Test("A proposer whose clock is ahead holds up no view but its own")
    func clockAhead() throws {
        let one = try Self.violations(
            [4, 1, 1, 1], seed: 700_165, FaultKind.allCases, (1, "quorum-breaker"),
            (2, "double-vote"))
        #expect(one.isEmpty)
        let other = try Self.violations(
            [2, 1, 4, 1], seed: 90_240, FaultKind.allCases, (0, "partial"))
        #expect(other.isEmpty)
    }

    @Test("Who votes to some only costs the others no second for each view")
    func partialVoters() throws {
        for seed: UInt64 in [800_014, 800_088] {
            let violations = try Self.violations(
                Array(repeating: 1, count: 7), seed: seed,
                [.tail, .partitions, .pauses, .slowNodes], (0, "partial"), (1, "partial"))
            #expect(violations.isEmpty)
        }
    }
}
