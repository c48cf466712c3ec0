import BFTBase
import BFTSimulator
import Testing

@Suite struct FaultPlanTests {
    @Test("A plan is read back from its line, whatever the seed drew")
    func roundTrip() {
        for seed in UInt64(0)..<500 {
            var random = SplitMix64(seed: seed)
            let plan = FaultPlan.drawn(from: &random)
            #expect(FaultPlan(plan.description) == plan, "\(plan)")
            #expect(!plan.description.contains("\n"))
        }
        #expect(FaultPlan().description.isEmpty && FaultPlan("") == FaultPlan())
    }

    @Test("A word that is none of a plan's makes no plan")
    func malformed() {
        let words = [
            "loss", "loss=", "loss=-1", "loss=1000000001", "lots=3", "wan=1", "delay=5",
            "delay=9-5", "delay=1-2-3", "split=1-2", "split=1-2/3", "split=1-2/4-3", "heal=x",
        ]
        for word in words { #expect(FaultPlan(word) == nil, "\(word)") }
    }

    @Test("Every kind of fault appears in some plans and is missing in others")
    func swarm() {
        for kind in FaultKind.allCases {
            var count = 0
            for seed in UInt64(0)..<300 {
                var (all, without) = (SplitMix64(seed: seed), SplitMix64(seed: seed))
                let plan = FaultPlan.drawn(from: &all)
                let rest = FaultPlan.drawn(
                    from: &without, kinds: FaultKind.allCases.filter { $0 != kind })
                if plan != rest { count += 1 }
            }
            #expect(count > 0 && count < 300, "\(kind) in \(count) of 300")
        }
    }

    @Test("Lists of faults name kinds and groups, and an unknown word is named")
    func names() throws {
        #expect(try FaultKind.named("loss,clock").get() == [.loss, .skew, .drift, .jumps])
        #expect(try FaultKind.named("all").get() == FaultKind.allCases)
        #expect(try FaultKind.named("none").get() == [])
        #expect(throws: UnknownFault(name: "gremlins")) {
            try FaultKind.named("loss,gremlins").get()
        }
        let grouped = FaultKind.groups.flatMap { $0.name == "all" ? [] : $0.kinds }
        #expect(Set(grouped).count == grouped.count)
        #expect(Set(FaultKind.allCases).subtracting(grouped) == [.overload])
    }
}
