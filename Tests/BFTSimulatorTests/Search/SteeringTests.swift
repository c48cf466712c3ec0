import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct SteeringTests {
    private static let simplex = SimulatedProtocol("simplex", Simplex.self)

    private static func scenario(_ seed: UInt64) -> Scenario {
        var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
        scenario.drawSayers(drawsPowers: false)
        scenario.faultTime = .milliseconds(300)
        return scenario
    }

    private static func run(_ scenario: Scenario) async throws -> RunOutcome {
        try await Seeds.aside {
            var options = RunOptions()
            options.isRecordingFeatures = true
            return try simplex.run(scenario, options)
        }
    }

    @Test("A turn changes nothing before its occasion, and something after it")
    func turns() async throws {
        let scenario = Self.scenario(7)
        let before = try await Self.run(scenario)
        let last = try #require(before.features.last).moment.occasion
        var isAnyChanged = false
        for occasion in [last / 4, last / 2] {
            var turned = scenario
            turned.turns = [Turn(at: occasion, salt: 9, isLasting: true)]
            let after = try await Self.run(turned)
            #expect(
                after.features.prefix { $0.moment.occasion < occasion }
                    == before.features.prefix { $0.moment.occasion < occasion })
            isAnyChanged = isAnyChanged || after.traceHash != before.traceHash
        }
        #expect(isAnyChanged)
    }

    @Test("Turns are written as they are read")
    func turnsAsText() {
        for text in ["40:7", "40+:7", "1:0"] { #expect(Turn(text)?.description == text) }
        for text in ["", "40", "40:", ":7", "+:7", "4++:7", "40:7:8", "-1:7"] {
            #expect(Turn(text) == nil, "\(text)")
        }
    }

    @Test("Two steered searches from one seed run the same, and come to more than one run does")
    func search() async throws {
        func search() async throws -> (hashes: [UInt64], features: Int) {
            var steering = Steering(seed: 3) { Self.scenario($0) }
            var hashes: [UInt64] = []
            for _ in 0..<12 {
                let scenario = steering.next()
                let outcome = try await Self.run(scenario)
                steering.learn(outcome.features, of: scenario)
                hashes.append(outcome.traceHash)
            }
            #expect(steering.keptCount > 1)
            return (hashes, steering.featureCount)
        }
        let (first, second) = (try await search(), try await search())
        #expect(first.hashes == second.hashes)
        #expect(first.features == second.features)
        // Who fell silent by itself before a leap makes the same run as who falls silent there.
        #expect(Set(first.hashes).count > first.hashes.count / 2)
    }

    @Test("Who made somebody leap falls silent right then, in a run of its own")
    func leaps() {
        let scenario = Self.scenario(1_000)
        var steering = Steering(seed: 1) { Self.scenario($0) }
        let moment = Moment(occasion: 40, millisecond: 150)
        let leap = Feature(1 << 31 | 7, at: moment)
        #expect(leap.isLeap && !Feature(7, at: moment).isLeap)
        // Nothing new any more: no other run goes on from this one.
        steering.learn([leap], of: Self.scenario(2_000))
        steering.learn([leap], of: scenario)
        let unhelped = (0..<20).map { _ in steering.next() }.filter { next in
            !next.seats.isEmpty && next.seed == scenario.seed && next.turns.isEmpty
                && next.seats.allSatisfy { (150...152).contains($0.silentFrom ?? 0) }
        }
        #expect(!unhelped.isEmpty)
    }

    @Test("A leap that was led comes before one that came about by itself")
    func ledLeaps() {
        let scenario = Self.scenario(1_000)
        var steering = Steering(seed: 1) { Self.scenario($0) }
        let own = Feature(1 << 31 | 7, at: Moment(occasion: 40, millisecond: 150))
        let led = Feature(1 << 31 | 1 << 30 | 7, at: Moment(occasion: 60, millisecond: 200))
        #expect(!own.isLed && led.isLed && !Feature(1 << 30 | 7, at: led.moment).isLed)
        // Nothing new any more: no other run goes on from this one.
        steering.learn([own, led], of: Self.scenario(2_000))
        for _ in 0..<8 { steering.learn([own, led], of: scenario) }
        let silences = (0..<20).map { _ in steering.next() }
            .filter { $0.seed == scenario.seed && $0.turns.isEmpty }
            .compactMap { $0.seats.first?.silentFrom }
        #expect(!silences.isEmpty)
        #expect(silences.allSatisfy { (200...202).contains($0) })
    }

    @Test("Who was told all there is comes first, and what is rare is tried at every moment")
    func lastLeaps() {
        let scenario = Self.scenario(1_000)
        var steering = Steering(seed: 1) { Self.scenario($0) }
        let led = Feature(1 << 31 | 1 << 30 | 7, at: Moment(occasion: 40, millisecond: 150))
        let last = Feature(
            1 << 31 | 1 << 30 | 1 << 29 | 7, at: Moment(occasion: 60, millisecond: 200))
        #expect(!led.isLast && last.isLast && !Feature(1 << 29 | 7, at: led.moment).isLast)
        // Nothing new any more: no other run goes on from this one.
        steering.learn([led, last], of: Self.scenario(2_000))
        steering.learn([led, last], of: scenario)
        let tried = (0..<80).map { _ in steering.next() }
            .filter { $0.seed == scenario.seed && $0.turns.isEmpty }
        #expect(Set(tried.compactMap { $0.seats.first?.silentFrom }) == [200, 201, 202])
        for time in UInt64(200)...202 {
            let then = tried.filter { $0.seats.first?.silentFrom == time }
            #expect(Set(then.map(\.lullAt)) == [time, nil])
        }
    }

    @Test("Of the leaps of a run, one of the kind comes first that was in the fewest runs")
    func rareLeaps() {
        let scenario = Self.scenario(1_000)
        var steering = Steering(seed: 1) { Self.scenario($0) }
        let common = (1...3 as ClosedRange<UInt32>).map { ordinal in
            Feature(1 << 31 | 1 << 30 | 7 << 4 | ordinal, at: Moment(occasion: 40, millisecond: 50))
        }
        let rare = Feature(1 << 31 | 1 << 30 | 9 << 4, at: Moment(occasion: 60, millisecond: 200))
        // Nothing new any more: no other run goes on from this one.
        steering.learn([rare], of: Self.scenario(2_000))
        for _ in 0..<16 { steering.learn(common, of: Self.scenario(2_000)) }
        for _ in 0..<8 { steering.learn(common + [rare], of: scenario) }
        let silences = (0..<80).map { _ in steering.next() }
            .filter { $0.seed == scenario.seed && $0.turns.isEmpty }
            .compactMap { $0.seats.first?.silentFrom }
        #expect(!silences.isEmpty)
        #expect(silences.allSatisfy { (200...202).contains($0) })
    }

    @Test("Who falls silent after a leap does so with a lull in one run, and without in another")
    func lulls() {
        let scenario = Self.scenario(1_000)
        var steering = Steering(seed: 1) { Self.scenario($0) }
        let leap = Feature(1 << 31 | 1 << 30, at: Moment(occasion: 40, millisecond: 150))
        steering.learn([leap], of: Self.scenario(2_000))
        for _ in 0..<8 { steering.learn([leap], of: scenario) }
        let unhelped = (0..<20).map { _ in steering.next() }
            .filter { $0.seed == scenario.seed && $0.turns.isEmpty }
        #expect(unhelped.contains { $0.lullAt != nil && $0.lullAt == $0.seats[0].silentFrom })
        #expect(unhelped.contains { $0.lullAt == nil && $0.seats[0].silentFrom != nil })
    }

    @Test("Nothing is received in a lull, and every view is given up")
    func silentNetwork() async throws {
        let trace = try await Seeds.aside {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: 5)
            scenario.faults = []
            scenario.lullAt = 200
            var options = RunOptions()
            options.recorder = TraceRecorder()
            let outcome = try Self.simplex.run(scenario, options)
            #expect(outcome.violations.isEmpty)
            return outcome.trace
        }
        // What was on its way arrives.
        let during = Instant(nanoseconds: 300_000_000)..<Instant(nanoseconds: 1_000_000_000)
        let heard = trace.filter { $0.kind == .received }.map(\.time)
        #expect(heard.contains { $0 < during.lowerBound })
        #expect(heard.contains { $0 >= during.upperBound })
        #expect(!heard.contains { during.contains($0) })
    }

    @Test("Who falls silent for good sends nothing any more, whatever it was")
    func silence() async throws {
        for adversary in ["anything", "double-vote", "replay"] {
            let trace = try await Seeds.aside {
                var scenario = Scenario(powers: [1, 1, 1, 1], seed: 5)
                scenario.seats = [
                    .init(validator: 3, adversary: adversary, silentFrom: 200)
                ]
                scenario.faults = []
                var options = RunOptions()
                options.recorder = TraceRecorder()
                return try Self.simplex.run(scenario, options).trace
            }
            let sent = trace.filter { $0.kind == .sent && $0.node == 3 }.map(\.time)
            #expect(!sent.isEmpty)
            #expect(sent.allSatisfy { $0 < Instant(nanoseconds: 200_000_000) })
        }
    }
}
