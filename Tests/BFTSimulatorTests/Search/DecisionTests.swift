import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct DecisionTests {
    static let simplex = SimulatedProtocol("simplex", Simplex.self)

    static func run(_ scenario: Scenario, recording: Bool = false) throws -> RunOutcome {
        var options = RunOptions()
        options.isRecordingDecisions = recording
        return try simplex.run(scenario, options)
    }

    @Test("A decision is read back from its name")
    func names() {
        for kind in Decision.Kind.allCases {
            let here = Decision(kind, at: 3, ordinal: 17)
            let link = Decision(kind, at: 3, to: 1, ordinal: .max)
            #expect(Decision(here.description) == here)
            #expect(Decision(link.description) == link)
        }
        for text in [
            "", "loss", "loss:1", "loss:1#", "loss:#1", "loss:1>#1", "loss:-1#1", "joy:1#1",
            "loss:1>2>3#1", "loss:1#1#1", "loss:99999#1", "loss:1:2#1",
        ] { #expect(Decision(text) == nil) }
    }

    @Test("A run with all of its decisions, and no others, is the same run")
    func replay() throws {
        for seed in UInt64(0)..<12 {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
            if seed % 3 == 0 { scenario.seats = [.init(validator: 1, adversary: "lying-peer")] }
            let first = try Self.run(scenario, recording: true)
            #expect(!first.decisions.isEmpty)
            scenario.decisions = first.decisions
            let second = try Self.run(scenario)
            #expect(second.traceHash == first.traceHash)
            #expect(second.eventCount == first.eventCount)
        }
    }

    @Test("A power cut stays when all others go, and comes no earlier")
    func stops() throws {
        for seed in UInt64(0)..<6 {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
            scenario.givenPlan = FaultPlan("power-cuts=800 crashes=400 heal=800 after=100")
            let all = try Self.run(scenario, recording: true).decisions
            let stops = all.filter { $0.kind == .powerCut || $0.kind == .crash }
            #expect(stops.count > 1)
            let kept = stops[stops.count / 2]
            scenario.decisions = all.filter { !stops.contains($0) } + [kept]
            var options = RunOptions()
            (options.isRecordingDecisions, options.recorder) = (true, TraceRecorder())
            let outcome = try Self.simplex.run(scenario, options)
            #expect(outcome.decisions.filter(stops.contains) == [kept])
            let ends = outcome.trace.filter { $0.kind == .powerCut || $0.kind == .crashed }
            let moment = Instant(nanoseconds: kept.ordinal >> 10)
            #expect(ends.count == 1 && ends[0].time >= moment && ends[0].node == kept.place)
        }
    }

    @Test("A run without decisions is a calm one")
    func calm() throws {
        for seed in UInt64(0)..<12 {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
            scenario.decisions = []
            var options = RunOptions()
            options.recorder = TraceRecorder()
            let outcome = try Self.simplex.run(scenario, options)
            #expect(outcome.violations.isEmpty && outcome.decisions.isEmpty)
            let disturbances: Set<TraceEvent.Kind> = [.powerCut, .paused, .submitted, .read]
            #expect(!outcome.trace.contains { disturbances.contains($0.kind) })
        }
    }

    @Test("A scenario's options say which seeds draw what, and drawn networks differ")
    func drawn() {
        let names = DecisionTests.simplex.adversaryNames
        var shapes: Set<String> = []
        for seed in UInt64(0)..<200 {
            let scenario = Scenario.drawn(seed: seed, adversaries: names)
            #expect(scenario == Scenario.drawn(seed: seed, adversaries: names))
            let lying = scenario.seats.reduce(0) { $0 + scenario.powers[$1.validator] }
            #expect(3 * lying < scenario.powers.reduce(0, +))
            shapes.insert("\(scenario.powers.count) \(scenario.seats.count)")
        }
        #expect(shapes.count >= 6)
    }
}
