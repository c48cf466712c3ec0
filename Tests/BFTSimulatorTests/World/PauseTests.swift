import BFTBase
import BFTSimulator
import ProtocolSimplex
import Testing

@Suite struct PauseTests {
    /// A pause is short and another one often begins before it is over. In the second plan
    /// everything falls on whole milliseconds, where pauses end.
    private static let plans = [
        "pause=2-20/5-60 execution=500-3000 submit=5-20 heal=800 after=100",
        "pause=2-20/5-60 execution=1000-1000 delay=1000-1000 sync=1000-1000 submit=5-20 heal=800 "
            + "after=100",
    ]

    @Test(
        "A machine that is paused again before it goes on does everything in order",
        arguments: plans)
    func order(text: String) async throws {
        let plan = try WorldTests.plan(text)
        for seed in UInt64(0)..<8 {
            let world = try await WorldTests.world(seed, plan)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            #expect(world.statistics[.pauses] > 20)
            #expect(world.history.height > 10)
        }
    }
}
