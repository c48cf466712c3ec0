import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolHotStuff
import SimulatedProtocols
import Testing

/// Every defence of HotStuff is taken away once, and the world has to notice. Those that take a
/// rarer course of events to be seen are killed by a transcript, in `ProtocolHotStuffTests`.
@Suite struct HotStuffMutantTests {
    static func hunt<Rules: HotStuffRules>(
        _ rules: Rules.Type, limit: UInt64, powers: [VotingPower] = [1, 1, 1, 1], plan: FaultPlan,
        adversaries: [Int: any Adversary<HotStuffReplica<Rules>>] = [:],
        name: String? = nil,
        _ change: (inout HostMistakes<HotStuffReplica<Rules>>) -> Void = { _ in }
    ) async throws {
        var changed = HostMistakes<HotStuffReplica<Rules>>()
        change(&changed)
        let mistakes = changed
        try await MutantTests.hunt(name ?? "\(rules)", limit: limit) { seed in
            try World<HotStuffReplica<Rules>>(
                powers: powers, seed: seed, plan: plan, adversaries: adversaries,
                mistakes: mistakes)
        }
    }

    // MARK: Wrong rules

    @Test("A quorum of half the power is found")
    func halfIsQuorum() async throws {
        try await Self.hunt(HotStuffHalfIsQuorum.self, limit: 300, plan: MutantTests.split)
    }

    @Test("A quorum of 2f + 1 is found where n is not 3f + 1", arguments: [5, 6, 8])
    func twiceFaultyPlusOne(count: Int) async throws {
        try await Self.hunt(
            TwiceFaultyPlusOne.self, limit: 300, powers: Array(repeating: 1, count: count),
            plan: MutantTests.split,
            adversaries: [
                0: EquivocatingLeader<HotStuffReplica<TwiceFaultyPlusOne>>(),
                1: Parrot<HotStuffReplica<TwiceFaultyPlusOne>>(),
            ])
    }

    @Test("Committing by the two-chain without its timeouts is found")
    func twoChainWithoutTimeouts() async throws {
        try await Self.hunt(
            TwoChainWithoutTimeouts.self, limit: 1_000, plan: MutantTests.ragged,
            adversaries: [0: StaleLeader<TwoChainWithoutTimeouts>()])
    }

    @Test("A lock that never rises is found")
    func neverLocked() async throws {
        try await Self.hunt(
            NeverLocked.self, limit: 1_000, plan: MutantTests.ragged,
            adversaries: [0: StaleLeader<NeverLocked>()])
    }

    @Test("Timeouts that justify anything are found")
    func anyTimeouts() async throws {
        try await Self.hunt(
            AnyTimeoutsWillDo.self, limit: 1_000, plan: MutantTests.ragged,
            adversaries: [0: StaleLeader<AnyTimeoutsWillDo>()])
    }

    @Test("Voting twice in a view is found")
    func votesTwice() async throws {
        try await Self.hunt(HotStuffVotesTwice.self, limit: 300, plan: MutantTests.cuts)
    }

    @Test("A timeout that never grows is found")
    func neverBacksOff() async throws {
        var plan = FaultPlan()
        plan.delayMicroseconds = 250_000...300_000
        try await Self.hunt(HotStuffNeverBacksOff.self, limit: 20, plan: plan)
    }

    // MARK: Wrong hosts

    @Test("A vote that is sent before it is durable is found")
    func voteBeforeDurable() async throws {
        try await Self.hunt(
            ThreeChainRules.self, limit: 300, plan: MutantTests.cuts, name: "votes before durable"
        ) { $0.isVotingBeforeDurable = true }
    }

    @Test("Forgetting votes at a restart is found")
    func forgetsVotes() async throws {
        try await Self.hunt(
            ThreeChainRules.self, limit: 300, plan: MutantTests.cuts, name: "forgets votes"
        ) {
            $0.forgets = { record in
                guard case .consensus(.voted) = record else { return false }
                return true
            }
        }
    }

    @Test("Forgetting certificates at a restart is found")
    func forgetsCertificates() async throws {
        try await Self.hunt(
            TwoChainRules.self, limit: 300, plan: MutantTests.cuts, name: "forgets certificates"
        ) {
            $0.forgets = { record in
                guard case .consensus(.certificate) = record else { return false }
                return true
            }
        }
    }

    @Test("Signatures that nobody checks are found")
    func unverified() async throws {
        try await Self.hunt(
            ThreeChainRules.self, limit: 100, plan: MutantTests.ragged,
            adversaries: [0: Forger<HotStuff>()], name: "checks no signatures"
        ) { $0.isSkippingVerification = true }
    }
}
