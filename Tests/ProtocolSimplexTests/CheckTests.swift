@_spi(Verification) import BFTBase
import BFTCore
import Foundation
import ProtocolSimplex
import Testing

/// Everything that a message carries is checked for the place where it stands.
@Suite struct CheckTests {
    /// What a replica does with the last of `messages`, and what it is then.
    static func outcome<Rules: SimplexRules>(
        of messages: [SimplexMessage], _ rules: Rules.Type
    ) throws -> (effects: [Effect<SimplexReplica<Rules>>], replica: SimplexReplica<Rules>) {
        var replica = SimplexReplica<Rules>(
            configuration: ReplicaConfiguration(
                chain: WrongMessages.chain, epoch: .zero,
                validators: try ValidatorSet([1, 1, 1, 1]), own: ValidatorIndex(0),
                timing: .init(viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100)),
                leaders: LeaderSchedule(cycle: [1, 2, 3].map { ValidatorIndex($0) })),
            root: WrongMessages.genesis, certificate: nil, recovered: [])
        var effects: [Effect<SimplexReplica<Rules>>] = []
        replica.handle(.started, at: Instant(nanoseconds: 0), into: &effects)
        for message in WrongMessages().before + messages {
            effects = []
            replica.handle(
                .received(Verified(message), from: ValidatorIndex(3)),
                at: Instant(nanoseconds: 1), into: &effects)
        }
        return (effects, replica)
    }

    static func isRejected(_ messages: [SimplexMessage]) throws -> Bool {
        try outcome(of: messages, SimplexSoundRules.self).effects.contains {
            if case .reject = $0 { true } else { false }
        }
    }

    @Test("What nothing is wrong with is taken, and so is what is heard before what is wrong")
    func sound() throws {
        let before = WrongMessages().before
        for message in WrongMessages().sound {
            #expect(try !Self.isRejected([message]), "\(message)")
        }
        for position in before.indices {
            #expect(try !Self.isRejected(Array(before[...position])), "\(before[position])")
        }
        for wrong in WrongMessages().all where !wrong.earlier.isEmpty {
            #expect(try !Self.isRejected(wrong.earlier), "before \(wrong.check)")
        }
    }

    @Test("A message with a field that is wrong in its place leads to no vote, and to no parent")
    func refused() throws {
        // Of these, what is wrong may be a matter of what is still to come.
        let quiet: [SimplexCheck] = [.certificateKind, .secondProposal, .notarizedParent]
        for wrong in WrongMessages().all {
            let (effects, _) = try Self.outcome(
                of: wrong.earlier + [wrong.message], SimplexSoundRules.self)
            let isHeard = effects.contains {
                switch $0 {
                case .judge, .commit, .draft: true
                default: false
                }
            }
            #expect(!isHeard, "\(wrong.check) of \(wrong.place)")
            guard !quiet.contains(wrong.check) else { continue }
            #expect(
                try Self.isRejected(wrong.earlier + [wrong.message]),
                "\(wrong.check) of \(wrong.place)")
        }
    }

    @Test("Every check that is left out lets something pass that is wrong, in every place")
    func mutants() throws {
        let all = WrongMessages().all
        for left in SimplexCheck.allCases {
            let places = all.filter { $0.check == left }.map(\.place)
            #expect(!places.isEmpty, "nothing is about \(left)")
            Self.tell(left, places)
        }
        for wrong in all {
            let messages = wrong.earlier + [wrong.message]
            let sound = try Self.outcome(of: messages, SkippedCheck.self)
            let skipping = try SkippedCheck.$current.withValue(wrong.check) {
                try Self.outcome(of: messages, SkippedCheck.self)
            }
            #expect(
                sound.effects != skipping.effects || sound.replica != skipping.replica,
                "nobody notices that \(wrong.check) of \(wrong.place) is left out")
        }
    }

    /// For Scripts/mutants, which makes the table: where it is noticed that `check` is left out.
    private static func tell(_ check: SimplexCheck, _ places: [String]) {
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        print("check | SimplexCheck | \(check) | \(places.joined(separator: "; "))")
    }
}
