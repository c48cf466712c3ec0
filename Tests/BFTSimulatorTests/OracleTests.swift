import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Every oracle, alone, sees what it is there for.
@Suite struct OracleTests {
    /// Runs worlds that only `oracle` judges, until it speaks. To rest only where that is looked
    /// at: what is left of a network that is broken asks in vain for long.
    private static func hunt<P: ConsensusProtocol>(
        _ oracle: String, limit: UInt64 = 100, toRest: Bool = false,
        _ world: @escaping @Sendable (UInt64, OracleSelection) throws -> World<P>
    ) async throws {
        let found = try await Seeds.aside { () throws -> String? in
            for seed in 0..<limit {
                var world = try world(seed, .only([oracle]))
                if toRest {
                    world.runToRest(within: World<P>.viewTimeout.scaled(by: 100))
                } else {
                    world.run(until: world.submitUntil)
                }
                if let violation = world.violations.first { return violation }
            }
            return nil
        }
        #expect(found?.hasPrefix(oracle + ": ") == true, "\(oracle) sees nothing: \(found ?? "")")
    }

    private static func hunt(
        _ oracle: String, limit: UInt64 = 100, toRest: Bool = false, plan: FaultPlan,
        adversaries: [Int: AdversaryEntry<Simplex>] = [:],
        _ change: (inout HostMistakes<Simplex>) -> Void
    ) async throws {
        var changed = HostMistakes<Simplex>()
        change(&changed)
        let mistakes = changed
        try await hunt(oracle, limit: limit, toRest: toRest) { seed, oracles in
            try World<Simplex>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan,
                adversaries: adversaries.mapValues { $0.make() }, mistakes: mistakes,
                oracles: oracles)
        }
    }

    private static func huntRules<Rules: SimplexRules>(
        _ oracle: String, _ rules: Rules.Type, toRest: Bool = false, plan: FaultPlan,
        adversaries: [Int: any Adversary<SimplexReplica<Rules>>] = [:]
    ) async throws {
        try await hunt(oracle, toRest: toRest) { seed, oracles in
            try World<SimplexReplica<Rules>>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries,
                oracles: oracles)
        }
    }

    @Test("Each invariant of Simplex is seen to break under the rule that breaks it")
    func invariants() async throws {
        try await Self.huntRules("S1", NotarizesTwice.self, plan: Surroundings.cuts.plan)
        try await Self.huntRules("S2", FinalizesAfterNullify.self, plan: Surroundings.ragged.plan)
        try await Self.huntRules(
            "S3", AnyParentWillDo.self, plan: Surroundings.ragged.plan,
            adversaries: [0: SkippingLeader()])
        try await Self.huntRules("S6", HalfIsQuorum.self, plan: Surroundings.split.plan)
        try await Self.huntRules(
            "OneNotarizedPerView", NotarizesTwice.self, plan: Surroundings.cuts.plan)
        try await Self.huntRules(
            "FinalizedViewIsNotNullified", FinalizesAfterNullify.self,
            plan: Surroundings.ragged.plan, adversaries: [0: DoubleVoter()])
        try await Self.huntRules(
            "FinalizedViewIsNotNullified", NullifiesWithoutEvidence.self,
            plan: Surroundings.ragged.plan, adversaries: [0: DoubleVoter()])
        try await Self.huntRules(
            "S8", NullifiesWithoutEvidence.self, plan: Surroundings.ragged.plan)
        try await Self.huntRules("S8", SupportsAnything.self, plan: Surroundings.ragged.plan)
        try await Self.huntRules("S5", QuorumIsUnanimous.self, plan: Surroundings.calm.plan)
        try await Self.hunt("S4", plan: Surroundings.cuts.plan) { $0.skippedCheck = .durableRecord }
    }

    @Test("Reads that ask nobody are neither recent nor linearizable")
    func reads() async throws {
        try await Self.hunt("reads", plan: Surroundings.split.plan) { $0.isReadingAtOnce = true }
        try await Self.hunt("linearizability", toRest: true, plan: Surroundings.split.plan) {
            $0.isReadingAtOnce = true
        }
    }

    @Test("Forgotten records stop a network, and lose what was acknowledged")
    func forgetting() async throws {
        try await Self.hunt("progress", limit: 300, toRest: true, plan: Surroundings.cuts.plan) {
            $0.forgets = { record in
                if case .consensus(.notarized) = record { true } else { false }
            }
        }
        try await Self.huntRules("durability", OneIsQuorum.self, plan: Surroundings.split.plan)
        try await Self.huntRules("state-roots", OneIsQuorum.self, plan: Surroundings.split.plan)
        try await Self.huntRules("certificates", OneIsQuorum.self, plan: Surroundings.split.plan)
    }

    @Test("Signatures that nobody checks let the honest be blamed and forgeries be committed")
    func forgeries() async throws {
        let forger = [0: try #require(AdversaryCatalogue<Simplex>.named("forgery"))]
        try await Self.hunt("blame", plan: Surroundings.ragged.plan, adversaries: forger) {
            $0.isSkippingVerification = true
        }
    }

    @Test("Batches that nobody checks are ordered in another's name, and push out what it sealed")
    func theft() async throws {
        let thief = [0: try #require(AdversaryCatalogue<Simplex>.named("name-thief"))]
        for oracle in ["no-creation", "displacement"] {
            try await Self.hunt(oracle, plan: Surroundings.ragged.plan, adversaries: thief) {
                $0.limits = { sound in
                    var limits = sound
                    limits.skippedCheck = .authorship
                    return limits
                }
            }
            try await Self.hunt(oracle, plan: Surroundings.ragged.plan, adversaries: thief) {
                $0.isSkippingVerification = true
            }
        }
    }

    @Test("A network that can't do without the malicious is seen once they fall silent")
    func silence() async throws {
        // It comes to rest, with everything executed, as long as they answer.
        try await Self.huntRules(
            "L1", EverybodyIsQuorum.self, toRest: true, plan: Surroundings.calm.plan,
            adversaries: [0: ReplayingPeer()])
    }

    @Test("An author that sends what it may forget signs two batches of a sequence")
    func forgetfulAuthor() async throws {
        try await Self.hunt("authorship", limit: 300, plan: Surroundings.cuts.plan) {
            $0.isKeepingBatchesInMemory = true
        }
    }

    @Test("Every oracle has a name of its own, and a protocol adds its invariants")
    func names() {
        let names = World<Simplex>.oracleNames
        #expect(Set(names).count == names.count)
        #expect(names.contains("agreement") && names.contains("S3"))
    }
}
