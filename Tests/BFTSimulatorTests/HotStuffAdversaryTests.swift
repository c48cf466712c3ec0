import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import Testing

@Suite struct HotStuffAdversaryTests {
    /// The adversary of `kind` in the place of `own`.
    static func adversary<Rules: HotStuffRules>(
        _ kind: UInt64, own: Int, _ rules: Rules.Type
    ) -> any Adversary<HotStuffReplica<Rules>> {
        switch kind % 11 {
        case 0: HotStuffEquivocator<Rules>()
        case 1: StaleLeader<Rules>()
        case 2: LyingLeader<Rules>()
        case 3: TimeoutLiar<Rules>()
        case 4: EagerVoter<Rules>()
        case 5: HotStuffSilence<Rules>()
        case 6: HotStuffWithholding<Rules>()
        case 7: HotStuffReplay<Rules>()
        case 8: LyingPeer<HotStuffReplica<Rules>>()
        case 9: ContradictoryAuthor<HotStuffReplica<Rules>>(own: ValidatorIndex(own))
        default: PesteringPeer<HotStuffReplica<Rules>>()
        }
    }

    static func oneOfFour<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
        SimplexSimulationTests.check(
            "\(rules), 1 adversary of 4",
            try await Seeds.run(
                SimplexSimulationTests.part(2), within: HotStuffSimulationTests.bound
            ) { seed in
                let own = Int(seed / 11 % 4)
                return try World<HotStuffReplica<Rules>>(
                    powers: [1, 1, 1, 1], seed: seed,
                    adversaries: [own: adversary(seed, own: own, rules)])
            })
    }

    static func twoOfSeven<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
        SimplexSimulationTests.check(
            "\(rules), 2 adversaries of 7",
            try await Seeds.run(
                SimplexSimulationTests.part(4), within: HotStuffSimulationTests.bound
            ) { seed in
                let (first, second) = (Int(seed % 7), Int((seed + 1 + seed / 7 % 6) % 7))
                return try World<HotStuffReplica<Rules>>(
                    powers: [1, 1, 1, 1, 1, 1, 1], seed: seed,
                    adversaries: [
                        first: adversary(seed, own: first, rules),
                        second: adversary(seed / 11, own: second, rules),
                    ])
            })
    }

    @Test("One malicious validator of four neither splits nor stops the others")
    func oneOfFour() async throws {
        try await Self.oneOfFour(ThreeChainRules.self)
        try await Self.oneOfFour(TwoChainRules.self)
    }

    @Test("Two malicious validators of seven neither split nor stop the others")
    func twoOfSeven() async throws {
        try await Self.twoOfSeven(ThreeChainRules.self)
        try await Self.twoOfSeven(TwoChainRules.self)
    }

    /// What the hunts for mutants run in, without a mutant: nothing may be found.
    @Test("A leader on old certificates stops nobody where delays are as long as timeouts")
    func staleLeader() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
            SimplexSimulationTests.check(
                "\(rules), a leader on old certificates",
                try await Seeds.run(
                    SimplexSimulationTests.part(10), within: HotStuffSimulationTests.bound
                ) { seed in
                    try World<HotStuffReplica<Rules>>(
                        powers: [1, 1, 1, 1], seed: seed, plan: MutantTests.ragged,
                        adversaries: [0: StaleLeader<Rules>()])
                })
        }
        try await check(ThreeChainRules.self)
        try await check(TwoChainRules.self)
    }
}
