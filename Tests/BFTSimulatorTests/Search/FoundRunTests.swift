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
}
