import Testing

@Suite struct RunsInFlightTests {
    @Test("A trap in a run of the tests shows which run it was")
    func trap() async throws {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            RunsInFlight.note("one that is over") {}
            RunsInFlight.note("the one with seed 17") { fatalError("planted") }
        }
        let words = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(words.contains("run under way: the one with seed 17\n"))
        #expect(!words.contains("one that is over"))
    }
}
