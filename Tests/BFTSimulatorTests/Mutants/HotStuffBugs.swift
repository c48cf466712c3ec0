import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import BFTWrongRules
import ProtocolHotStuff
import SimulatedProtocols

/// The bugs planted into HotStuff with either commit rule. Those that take a rarer course of
/// events to be seen are killed by a transcript, in `ProtocolHotStuffTests`.
enum HotStuffBugs {
    static let all = threeChain + twoChain + hosts

    private static func rules<Rules: HotStuffRules>(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64 = 300,
        _ rules: Rules.Type
    ) -> PlantedBug {
        PlantedBug(
            "hotstuff", name, surroundings, within: limit, HotStuffReplica<Rules>.self,
            insteadOf: HotStuff.self)
    }

    /// Wrong rules with leaders of one view, instead of the right ones with such leaders.
    private static func rotating<Rules: HotStuffRules>(
        _ name: String, _ surroundings: Surroundings, _ rules: Rules.Type
    ) -> PlantedBug {
        PlantedBug(
            "hotstuff", name + "; a leader for each view", surroundings, within: 100,
            HotStuffReplica<OneViewPerLeader<Rules>>.self,
            insteadOf: HotStuffReplica<OneViewPerLeader<HotStuffThreeChainRules>>.self)
    }

    private static func host(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64 = 300,
        _ change: @Sendable (inout HostMistakes<HotStuff>) -> Void
    ) -> PlantedBug {
        PlantedBug("hotstuff", name, surroundings, within: limit, hosting: HotStuff.self, change)
    }

    private static let threeChain =
        [
            rules("a quorum is half", .split, HotStuffHalfIsQuorum.self),
            rotating("never locks", .ragged.with("stale-leader"), LockNeverRises.self),
            rules("votes twice", .cuts, HotStuffVotesTwice.self),
            rules("no back-off", .verySlow, within: 20, NeverBacksOff.self),
        ]
        + [5, 6, 8].map {
            rules(
                "a quorum is 2f + 1 of \($0)",
                .split.of($0).with("equivocation").with("parrot", at: 1), TwiceFaultyPlusOne.self)
        }

    private typealias RotatingTwoChain = HotStuffReplica<OneViewPerLeader<HotStuffTwoChainRules>>

    private static let twoChain = [
        PlantedBug(
            "hotstuff2", "timeouts of any view justify a parent; a leader for each view",
            .ragged.with("stale-timeouts"), within: 100,
            HotStuffReplica<OneViewPerLeader<TimeoutsOfAnyView>>.self,
            insteadOf: RotatingTwoChain.self),
        PlantedBug(
            "hotstuff2",
            "timeouts of any view justify a parent, said at random; a leader for each view",
            .ragged.with("anything"), within: 100,
            HotStuffReplica<OneViewPerLeader<TimeoutsOfAnyView>>.self,
            insteadOf: RotatingTwoChain.self),
        PlantedBug(
            "hotstuff2", "forgets certificates at a restart; a leader for each view", .cuts,
            within: 300, hosting: RotatingTwoChain.self
        ) {
            $0.forgets = { if case .consensus(.certificate) = $0 { true } else { false } }
        },
    ]

    private static let hosts = [
        host("sends a vote before it is durable", .cuts) { $0.skippedCheck = .durableRecord },
        host("forgets votes at a restart", .cuts) {
            $0.forgets = { if case .consensus(.voted) = $0 { true } else { false } }
        },
        host("checks no signatures", .ragged.with("forgery")) { $0.isSkippingVerification = true },
    ]
}

extension Surroundings {
    /// A message takes longer than a leader is first given.
    fileprivate static let verySlow = faulty { $0.delayMicroseconds = 250_000...300_000 }
}

extension HotStuffReplica: HasOwnAdversaries {
    static func ownAdversary(named name: String) -> (any Adversary<HotStuffReplica<Rules>>)? {
        switch name {
        case "stale-leader": StaleLeader<Rules>()
        case "stale-timeouts": StaleTimeouts<Rules>()
        default: nil
        }
    }
}
