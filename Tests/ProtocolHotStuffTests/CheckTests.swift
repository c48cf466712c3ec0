@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import Foundation
import ProtocolHotStuff
import Testing

/// Everything that a message carries is checked for the place where it stands.
@Suite struct CheckTests {
    /// A replica that knows A and its certificate.
    static func replica<Rules: HotStuffRules>(_ rules: Rules.Type) -> HotStuffReplica<Rules> {
        let hostile = HostileMessages()
        var replica = HotStuffReplica<Rules>(
            configuration: Sample.configuration(leaders: [1, 2, 3].map { ValidatorIndex($0) }),
            root: Sample.genesis, certificate: nil, recovered: [])
        var effects: [Effect<HotStuffReplica<Rules>>] = []
        replica.handle(.started, at: Instant(nanoseconds: 0), into: &effects)
        let messages = [
            hostile.proposal(hostile.blockA, justify: nil, timeouts: nil),
            .certificate(hostile.certificateA),
        ]
        for message in messages { _ = hear(message, from: 1, &replica) }
        return replica
    }

    private static func hear<Rules: HotStuffRules>(
        _ message: HotStuffMessage, from sender: Int, _ replica: inout HotStuffReplica<Rules>
    ) -> [Effect<HotStuffReplica<Rules>>] {
        var effects: [Effect<HotStuffReplica<Rules>>] = []
        replica.handle(
            .received(Verified(message), from: ValidatorIndex(sender)),
            at: Instant(nanoseconds: 1), into: &effects)
        return effects
    }

    /// What a replica that knows A and its certificate does with `message`, and what it is then.
    static func outcome<Rules: HotStuffRules>(
        of message: HotStuffMessage, _ rules: Rules.Type
    ) -> (effects: [Effect<HotStuffReplica<Rules>>], replica: HotStuffReplica<Rules>) {
        var replica = replica(rules)
        return (hear(message, from: 3, &replica), replica)
    }

    static func isRejected<Rules: HotStuffRules>(
        _ message: HotStuffMessage, _ rules: Rules.Type
    ) -> Bool {
        outcome(of: message, rules).effects.contains {
            if case .reject = $0 { true } else { false }
        }
    }

    @Test("What nothing is wrong with is taken")
    func sound() {
        for message in HostileMessages().sound {
            #expect(!Self.isRejected(message, HotStuffThreeChainRules.self), "\(message)")
            #expect(!Self.isRejected(message, HotStuffTwoChainRules.self), "\(message)")
        }
    }

    @Test("A message with a field that is wrong in its place is refused")
    func refused() {
        for hostile in HostileMessages().all {
            let name: Comment = "\(hostile.check) of \(hostile.place)"
            #expect(Self.isRejected(hostile.message, HotStuffThreeChainRules.self), name)
            #expect(Self.isRejected(hostile.message, HotStuffTwoChainRules.self), name)
        }
    }

    @Test("Every check that is left out lets something pass that is wrong, in every place")
    func mutants() {
        let all = HostileMessages().all
        func check<Rules: HotStuffRules>(_ check: HotStuffCheck, _ rules: Rules.Type) {
            for hostile in all where hostile.check == check {
                let sound = Self.outcome(of: hostile.message, rules)
                let wrong = SkippedCheck.$current.withValue(check) {
                    Self.outcome(of: hostile.message, rules)
                }
                #expect(
                    sound != wrong, "nobody notices that \(check) of \(hostile.place) is left out")
            }
        }
        for left in HotStuffCheck.allCases {
            #expect(all.contains { $0.check == left }, "nothing is about \(left)")
            check(left, ThreeChainSkipping.self)
            check(left, TwoChainSkipping.self)
            Self.tell(left, all.filter { $0.check == left }.map(\.place))
        }
    }

    /// For Scripts/mutants, which makes the table: where it is noticed that `check` is left out.
    private static func tell(_ check: HotStuffCheck, _ places: [String]) {
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        print("check | HotStuffCheck | \(check) | \(places.joined(separator: "; "))")
    }
}
