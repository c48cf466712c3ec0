import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolPBFT
import SimulatedProtocols
import Testing

/// Every defence of PBFT is taken away once, and the world has to notice. `PBFTSceneTests` has
/// those that chance finds too rarely.
@Suite struct PBFTMutantTests {
    /// Views that end in every way there is, for as long as it takes to end many of them.
    static let chaos = MutantTests.plan {
        $0.healAt = Instant(nanoseconds: 6_000_000_000)
        $0.hasPartitions = true
        $0.delayMicroseconds = 100...150_000
        $0.lossPerMille = 250
        $0.stragglerPerMille = 20
    }

    static let storm = MutantTests.plan {
        $0.powerCutsPer100k = 2_000
        $0.hasMassPowerCut = true
        $0.hasPartitions = true
        $0.hasPauses = true
        $0.delayMicroseconds = 100...60_000
        $0.lossPerMille = 50
        $0.stragglerPerMille = 60
    }

    static func hunt<Rules: PBFTRules>(
        _ rules: Rules.Type, limit: UInt64 = 200, count: Int = 4, plan: FaultPlan,
        adversaries: [Int: any Adversary<PBFTReplica<Rules>>] = [:]
    ) async throws {
        try await MutantTests.hunt("PBFT, \(rules)", limit: limit) { seed in
            try World<PBFTReplica<Rules>>(
                powers: Array(repeating: 1, count: count), seed: seed, plan: plan,
                adversaries: adversaries)
        }
    }

    // MARK: Wrong rules

    @Test("A quorum of half the power is found")
    func halfIsQuorum() async throws {
        try await Self.hunt(PBFTHalfIsQuorum.self, plan: MutantTests.split)
    }

    @Test("A quorum of 2f + 1 is found with 5, 6 and 8 validators")
    func twoFPlusOneIsQuorum() async throws {
        for count in [5, 6, 8] {
            try await Self.hunt(
                PBFTTwoFPlusOneIsQuorum.self, count: count, plan: MutantTests.split)
        }
    }

    @Test("A quorum of two thirds rounded down is found")
    func twoThirdsRoundedDown() async throws {
        try await Self.hunt(PBFTTwoThirdsRoundedDown.self, count: 6, plan: MutantTests.split)
    }

    @Test("A quorum of one vote is found")
    func oneIsQuorum() async throws {
        try await Self.hunt(PBFTOneIsQuorum.self, plan: MutantTests.split)
    }

    @Test("A commit vote without a prepared certificate is found")
    func commitsUnprepared() async throws {
        try await Self.hunt(CommitsUnprepared.self, plan: Self.chaos)
    }

    @Test("A vote after asking for a later view is found")
    func votesAfterViewChange() async throws {
        try await Self.hunt(VotesAfterViewChange.self, plan: Self.chaos)
    }

    @Test("A view change that reports nothing is found")
    func reportsNothing() async throws {
        try await Self.hunt(ReportsNothing.self, plan: Self.chaos)
    }

    @Test("A view change without what is prepared is found")
    func reportsCommittedOnly() async throws {
        try await Self.hunt(ReportsCommittedOnly.self, plan: Self.chaos)
    }

    @Test("A new view with the lowest report is found")
    func choosesLowest() async throws {
        try await Self.hunt(ChoosesLowest.self, plan: Self.chaos)
    }

    @Test("A checkpoint that one validator makes stable is found")
    func oneMakesStable() async throws {
        try await Self.hunt(
            OneMakesStable.self, plan: MutantTests.ragged,
            adversaries: [0: PBFTFalseCheckpointer<OneMakesStable>()])
    }

    // MARK: Wrong hosts

    static func hunt(
        _ name: String, plan: FaultPlan, adversaries: [Int: any Adversary<PBFT>] = [:],
        _ change: (inout HostMistakes<PBFT>) -> Void
    ) async throws {
        var changed = HostMistakes<PBFT>()
        change(&changed)
        let mistakes = changed
        try await MutantTests.hunt("PBFT, \(name)", limit: 300) { seed in
            try World<PBFT>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries,
                mistakes: mistakes)
        }
    }

    /// Forgets the records of the protocol that `isForgotten` holds for.
    static func hunt(
        forgetting name: String, plan: FaultPlan,
        _ isForgotten: @escaping @Sendable (PBFTRecord) -> Bool
    ) async throws {
        try await hunt("forgets \(name)", plan: plan) {
            $0.forgets = { record in
                guard case .consensus(let record) = record else { return false }
                return isForgotten(record)
            }
        }
    }

    @Test("A vote that is sent before it is durable is found")
    func voteBeforeDurable() async throws {
        try await Self.hunt("votes before durable", plan: MutantTests.cuts) {
            $0.isVotingBeforeDurable = true
        }
    }

    @Test("Forgetting prepared blocks at a restart is found")
    func forgetsPrepared() async throws {
        try await Self.hunt(forgetting: "prepared blocks", plan: MutantTests.cuts) {
            guard case .prepared = $0 else { return false }
            return true
        }
    }

    @Test("Forgetting certificates at a restart is found")
    func forgetsCertificates() async throws {
        try await Self.hunt(forgetting: "certificates", plan: MutantTests.cuts) {
            guard case .certificate = $0 else { return false }
            return true
        }
    }

    @Test("Forgetting at a restart which views are over is found")
    func forgetsViews() async throws {
        try await Self.hunt(forgetting: "views", plan: Self.storm) {
            switch $0 {
            case .viewChange, .entered: true
            default: false
            }
        }
    }

    @Test("Signatures that nobody checks are found")
    func unverified() async throws {
        try await Self.hunt(
            "checks no signatures", plan: MutantTests.ragged,
            adversaries: [0: Forger<PBFT>()]
        ) { $0.isSkippingVerification = true }
    }

    @Test("Voting for batches that are only in memory is found")
    func batchesInMemory() async throws {
        try await Self.hunt("keeps batches in memory", plan: MutantTests.cuts) {
            $0.isKeepingBatchesInMemory = true
        }
    }

    @Test("Reads that ask nobody are found")
    func readsAtOnce() async throws {
        try await Self.hunt("reads at once", plan: MutantTests.split) {
            $0.isReadingAtOnce = true
        }
    }
}
