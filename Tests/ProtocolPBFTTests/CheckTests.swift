@_spi(Verification) import BFTBase
import BFTCore
import Foundation
import ProtocolPBFT
import Testing

/// Everything that a message carries is checked for the place where it stands.
@Suite struct CheckTests {
    typealias Stand = HostileMessages

    /// What a replica that holds A does with `message`, and what it is then. v0 hears it.
    static func outcome<Rules: PBFTRules>(
        of messages: [PBFTMessage], _ rules: Rules.Type
    ) throws -> (effects: [Effect<PBFTReplica<Rules>>], replica: PBFTReplica<Rules>) {
        let validators = try ValidatorSet([1, 1, 1, 1])
        var replica = PBFTReplica<Rules>(
            configuration: ReplicaConfiguration(
                chain: Stand.chain, epoch: .zero, validators: validators, own: ValidatorIndex(0),
                timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500)),
                leaders: LeaderSchedule(cycle: [1, 2, 3, 0].map { ValidatorIndex($0) })),
            root: Stand.genesis, certificate: nil, recovered: [])
        var effects: [Effect<PBFTReplica<Rules>>] = []
        func give(_ input: Input<PBFTReplica<Rules>>) {
            effects = []
            replica.handle(input, at: Instant(nanoseconds: 1), into: &effects)
        }
        give(.started)
        give(.received(Verified(Stand.proposal(Stand.blockA)), from: ValidatorIndex(1)))
        for message in messages {
            give(.received(Verified(message), from: ValidatorIndex(3)))
        }
        return (effects, replica)
    }

    private static func isTaken(_ effects: [Effect<PBFT>]) -> Bool {
        !effects.contains { if case .reject = $0 { true } else { false } }
    }

    @Test("What nothing is wrong with is taken")
    func sound() throws {
        for message in Stand.sound {
            let outcome = try Self.outcome(of: [message], PBFTSoundRules.self)
            #expect(Self.isTaken(outcome.effects), "\(message)")
            let before = try Self.outcome(of: [], PBFTSoundRules.self)
            #expect(outcome.replica != before.replica, "\(message)")
        }
    }

    @Test("A message with a field that is wrong in its place is refused, or changes nothing")
    func refused() throws {
        for hostile in Stand.all {
            let outcome = try Self.outcome(of: hostile.messages, PBFTSoundRules.self)
            let before = try Self.outcome(of: hostile.before, PBFTSoundRules.self)
            #expect(
                !Self.isTaken(outcome.effects) || outcome.replica == before.replica,
                "\(hostile.check) of \(hostile.place)")
        }
    }

    @Test("Every check that is left out lets something pass that is wrong, in every place")
    func mutants() throws {
        for left in PBFTCheck.allCases {
            let all = Stand.all.filter { $0.check == left }
            #expect(!all.isEmpty, "nothing is about \(left)")
            for hostile in all {
                let sound = try Self.outcome(of: hostile.messages, SkippingRules.self)
                let wrong = try SkippedCheck.$current.withValue(left) {
                    try Self.outcome(of: hostile.messages, SkippingRules.self)
                }
                #expect(
                    sound != wrong, "nobody notices that \(left) of \(hostile.place) is left out")
            }
            Self.tell(left, all.map(\.place))
        }
    }

    /// For Scripts/mutants, which makes the table: where it is noticed that `check` is left out.
    private static func tell(_ check: PBFTCheck, _ places: [String]) {
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        print("check | PBFTCheck | \(check) | \(places.joined(separator: "; "))")
    }
}
