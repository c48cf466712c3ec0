import BFTBase
import ProtocolSimplex
import SimulatedProtocols
import Testing

@testable import BFTSimulator

@Suite struct FaultTests {
    typealias Kind = WorldStatistics.Kind

    /// What each kind of fault, alone, must bring about in some run.
    static func traces(of kind: FaultKind) -> [Kind] {
        switch kind {
        case .loss: [.lost]
        case .duplication: [.duplicated]
        case .reordering: [.delayed]
        case .tail: [.tailed]
        case .wan: [.crossed]
        case .bandwidth: [.queued]
        case .partitions: [.splits, .isolations, .cutOff]
        case .oneWay: [.oneWayCuts, .cutOff]
        case .flapping: [.flaps, .cutOff]
        case .powerCuts: [.powerCuts, .tornWrites, .cutTails, .replayed]
        case .blackout: [.powerCuts]
        case .crashes: [.crashes, .tornWrites, .replayed]
        case .pauses: [.pauses]
        case .slowNodes: [.slowNodes]
        case .slowExecution: [.slowExecutions]
        case .slowDisks: [.slowDisks, .refusedRecords]
        case .fullDisks: [.fullDisks, .stoppedByFullDisk]
        case .failedSyncs: [.stoppedByFailedSync]
        case .corruption: [.bitRot, .misdirectedWrites, .refusedStarts]
        case .rollback: [.rollbacks]
        case .skew: [.skewedClocks]
        case .drift: [.driftingClocks]
        case .jumps: [.clockJumps]
        case .overload: [.refusedBusy, .slowExecutions]
        case .lostChains: [.lostChains]
        }
    }

    @Test(
        "Each kind of fault really occurs, and alone it stops nobody", arguments: FaultKind.allCases
    )
    func alone(kind: FaultKind) async throws {
        // Power seldom goes in the middle of a write.
        let seeds = UInt64(0)..<(kind == .powerCuts ? 60 : 12)
        let statistics = try await Seeds.aside {
            var sum = WorldStatistics()
            for seed in seeds {
                var random = SplitMix64(seed: seed)
                let plan = FaultPlan.drawn(from: &random, only: kind)
                var world = try World<Simplex>(powers: [1, 1, 1, 1], seed: seed, plan: plan)
                world.runToRest(within: SimplexSimulationTests.bound)
                for violation in world.violations {
                    Issue.record("\(kind), seed \(seed), \(plan): \(violation)")
                }
                sum = sum + world.statistics
            }
            return sum
        }
        print("\(kind): \(statistics)")
        for trace in Self.traces(of: kind) { #expect(statistics[trace] > 0, "\(trace)") }
    }

    /// What a trace calls the two parts of a network that is split and of no other shape.
    private static func parts(_ cuts: String) -> [Set<Substring>]? {
        let parts = cuts.split(separator: "|").map { Set($0.split(separator: " ")) }
        return cuts.contains(",") || parts.count != 2 ? nil : parts
    }

    @Test("Some splits leave the malicious on both sides, and keep the honest from one another")
    func straddledSplits() async throws {
        let traces = try await Seeds.aside {
            let simplex = SimulatedProtocol("simplex", Simplex.self)
            return try (UInt64(0)..<12).map { seed in
                var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
                scenario.faults = [.partitions]
                scenario.givenPlan = scenario.plan
                scenario.givenPlan?.hasPartitions = true
                scenario.seats = [.init(validator: 3, adversary: "anything")]
                var options = RunOptions()
                options.recorder = TraceRecorder()
                return try simplex.run(scenario, options).trace
            }
        }
        let splits = traces.joined().filter { $0.kind == .split }
            .compactMap { Self.parts($0.text) }
        let shared = splits.map { $0[0].intersection($0[1]) }
        #expect(shared.contains(["v3"]) && shared.contains([]))
        #expect(shared.allSatisfy { $0.isEmpty || $0 == ["v3"] })
        for parts in splits where parts[0].contains("v3") && parts[1].contains("v3") {
            #expect(parts.allSatisfy { $0.count > 1 }, "\(parts)")
        }
    }

    @Test("A split that the malicious stand across separates honest validators", arguments: 2...6)
    func straddled(count: Int) {
        /// Whether the bits of a number are set.
        func bits(_ number: Int) -> [Bool] { (0..<count).map { number >> $0 & 1 == 1 } }
        for isMalicious in (1..<1 << count).map(bits) {
            for sides in (0..<1 << count).map(bits) {
                let straddled = Links.Cut.straddled(sides, by: isMalicious)
                let honest = straddled.indices.filter { !isMalicious[$0] }
                guard honest.count > 1 else {
                    #expect(straddled == sides)
                    continue
                }
                for position in straddled.indices {
                    #expect((straddled[position] == nil) == isMalicious[position])
                }
                #expect(Set(honest.map { straddled[$0] }) == [true, false])
                // It is what was drawn, but for one validator at most.
                #expect(honest.count { straddled[$0] != sides[$0] } <= 1)
            }
        }
    }
}
