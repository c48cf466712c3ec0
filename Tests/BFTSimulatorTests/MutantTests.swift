import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Every defence is taken away once, and the world has to notice.
@Suite struct MutantTests {
    /// Runs seeds until one is violated.
    static func hunt<P: ConsensusProtocol>(
        _ name: String, limit: UInt64, toRest: Bool = true,
        _ world: @escaping @Sendable (UInt64) throws -> World<P>
    ) async throws {
        let found = try await Seeds.aside { () throws -> String? in
            for seed in 0..<limit {
                var world = try world(seed)
                if toRest {
                    world.runToRest(within: World<P>.viewTimeout.scaled(by: 100))
                } else {
                    world.run(until: world.submitUntil)
                }
                if let violation = world.violations.first { return "seed \(seed): \(violation)" }
            }
            return nil
        }
        if let found { return print("mutant \(name): found by \(found)") }
        Issue.record("mutant \(name) survived \(limit) seeds")
    }

    static func plan(_ change: (inout FaultPlan) -> Void) -> FaultPlan {
        var plan = FaultPlan()
        plan.healAt = Instant(nanoseconds: 2_000_000_000)
        change(&plan)
        return plan
    }

    /// Delays about as long as timeouts, so that views end in every way there is.
    static let ragged = plan {
        $0.delayMicroseconds = 100...90_000
        $0.stragglerPerMille = 60
        $0.lossPerMille = 100
    }

    static let split = plan {
        $0.hasPartitions = true
        $0.delayMicroseconds = 100...30_000
    }

    static let cuts = plan {
        $0.powerCutsPer100k = 2_000
        $0.hasMassPowerCut = true
        $0.delayMicroseconds = 100...30_000
    }

    // MARK: Wrong rules

    @Test("Notarizing twice in a view is found")
    func notarizeTwice() async throws {
        try await Self.hunt("notarizes twice", limit: 300) { seed in
            try World<SimplexReplica<NotarizesTwice>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.cuts)
        }
    }

    @Test("Finalizing after nullifying is found")
    func finalizeAfterNullify() async throws {
        try await Self.hunt("finalizes after nullify", limit: 100) { seed in
            try World<SimplexReplica<FinalizesAfterNullify>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.ragged)
        }
    }

    @Test("Nullifying after finalizing is found")
    func nullifyAfterFinalize() async throws {
        try await Self.hunt("nullifies after finalize", limit: 100) { seed in
            try World<SimplexReplica<NullifiesAfterFinalize>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.ragged)
        }
    }

    @Test("A quorum of half the power is found")
    func halfIsQuorum() async throws {
        try await Self.hunt("half is a quorum", limit: 200) { seed in
            try World<SimplexReplica<HalfIsQuorum>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.split)
        }
    }

    @Test("A quorum of two thirds rounded down is found")
    func twoThirdsRoundedDown() async throws {
        try await Self.hunt("two thirds rounded down", limit: 200) { seed in
            try World<SimplexReplica<TwoThirdsRoundedDown>>(
                powers: [1, 1, 1, 1, 1, 1], seed: seed, plan: Self.split)
        }
    }

    @Test("A quorum of one vote is found")
    func oneIsQuorum() async throws {
        try await Self.hunt("one is a quorum", limit: 50) { seed in
            try World<SimplexReplica<OneIsQuorum>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.split)
        }
    }

    @Test("Extending any notarized block is found")
    func anyParent() async throws {
        try await Self.hunt("any parent will do", limit: 200) { seed in
            try World<SimplexReplica<AnyParentWillDo>>(
                powers: [1, 1, 1, 1], seed: seed, plan: Self.ragged,
                adversaries: [0: SkippingLeader<SimplexReplica<AnyParentWillDo>>()])
        }
    }

    // MARK: By agreement alone

    /// Runs a mutant with no oracle but agreement: its invariants and its progress are judged by
    /// nobody, only what comes of them.
    static func huntByAgreement<Rules: VotingRules>(
        _ rules: Rules.Type, powers: [VotingPower] = [1, 1, 1, 1], limit: UInt64, plan: FaultPlan,
        adversaries: [Int: any Adversary<SimplexReplica<Rules>>] = [:]
    ) async throws {
        try await hunt("\(rules), by agreement alone", limit: limit, toRest: false) { seed in
            try World<SimplexReplica<Rules>>(
                powers: powers, seed: seed, plan: plan, adversaries: adversaries,
                oracles: .only(["agreement"]))
        }
    }

    @Test("A quorum of half the power, or less, ends in two blocks at one height")
    func quorumByAgreement() async throws {
        try await Self.huntByAgreement(HalfIsQuorum.self, limit: 200, plan: Self.split)
        try await Self.huntByAgreement(OneIsQuorum.self, limit: 50, plan: Self.split)
    }

    @Test("A quorum of two thirds rounded down ends in two blocks at one height")
    func twoThirdsByAgreement() async throws {
        try await Self.huntByAgreement(
            TwoThirdsRoundedDown.self, powers: Array(repeating: 1, count: 7), limit: 100,
            plan: Self.split,
            adversaries: [0: ColludingForker(), 1: ColludingForker()])
    }

    @Test("Finalizing what was nullified ends in two blocks at one height")
    func nullifyByAgreement() async throws {
        try await Self.huntByAgreement(
            FinalizesAfterNullify.self, limit: 300, plan: Self.ragged,
            adversaries: [0: WithholdingPeer()])
        try await Self.huntByAgreement(
            NullifiesAfterFinalize.self, limit: 300, plan: Self.ragged,
            adversaries: [0: WithholdingPeer()])
    }

    @Test("Extending any notarized block ends in two blocks at one height")
    func anyParentByAgreement() async throws {
        try await Self.huntByAgreement(
            AnyParentWillDo.self, limit: 300, plan: Self.ragged,
            adversaries: [0: SkippingLeader()])
    }

    // MARK: Wrong hosts

    static func hunt(
        _ name: String, limit: UInt64, plan: FaultPlan,
        adversaries: [Int: any Adversary<Simplex>] = [:],
        _ change: (inout HostMistakes<Simplex>) -> Void
    ) async throws {
        var changed = HostMistakes<Simplex>()
        change(&changed)
        let mistakes = changed
        try await hunt(name, limit: limit) { seed in
            try World<Simplex>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries,
                mistakes: mistakes)
        }
    }

    @Test("A vote that is sent before it is durable is found")
    func voteBeforeDurable() async throws {
        try await Self.hunt("votes before durable", limit: 300, plan: Self.cuts) {
            $0.isVotingBeforeDurable = true
        }
    }

    @Test("Forgetting notarized blocks at a restart is found")
    func forgetsNotarized() async throws {
        try await Self.hunt("forgets notarized blocks", limit: 300, plan: Self.cuts) {
            $0.forgets = { record in
                guard case .consensus(.notarized) = record else { return false }
                return true
            }
        }
    }

    @Test("Forgetting other votes at a restart is found")
    func forgetsVotes() async throws {
        try await Self.hunt("forgets votes", limit: 300, plan: Self.cuts) {
            $0.forgets = { record in
                guard case .consensus(.voted) = record else { return false }
                return true
            }
        }
    }

    static let truncations = plan {
        $0.powerCutsPer100k = 2_000
        $0.executionMicroseconds = 10_000...60_000
        $0.truncationMilliseconds = 5...20
        $0.submitPauseMilliseconds = 2...20
    }

    @Test("Giving records up before the store is synced is found")
    func retiresBeforeSync() async throws {
        try await Self.hunt("retires before sync", limit: 300, plan: Self.truncations) {
            $0.isRetiringBeforeSync = true
        }
    }

    @Test("Forgetting batches at a restart is found")
    func forgetsBatches() async throws {
        try await Self.hunt("forgets batches", limit: 300, plan: Self.cuts) {
            $0.forgets = { record in
                guard case .batch = record else { return false }
                return true
            }
        }
    }

    @Test("Voting for batches that are only in memory is found")
    func batchesInMemory() async throws {
        try await Self.hunt("keeps batches in memory", limit: 300, plan: Self.cuts) {
            $0.isKeepingBatchesInMemory = true
        }
    }

    @Test("Signatures that nobody checks are found")
    func unverified() async throws {
        try await Self.hunt(
            "checks no signatures", limit: 100, plan: Self.ragged,
            adversaries: [0: Forger<Simplex>()]
        ) { $0.isSkippingVerification = true }
    }

    @Test("Reads that ask nobody are found")
    func readsAtOnce() async throws {
        try await Self.hunt("reads at once", limit: 20, plan: Self.split) {
            $0.isReadingAtOnce = true
        }
    }
}
