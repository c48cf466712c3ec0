import BFTBase
import BFTCore
import BFTSimulator
import ProtocolPBFT
import ProtocolSimplex

/// The bugs planted into a replica whose chain is gone, and whose log is not. The transcripts and
/// tests of each protocol named after floors have those that take a rarer course of events.
enum FloorBugs {
    static let all = [
        PlantedBug(
            "simplex", "speaks where it forgot what it said", .losingChainsAlone, within: 100,
            MutantReplica<IgnoresItsFloor>.self, insteadOf: Simplex.self, judgedBy: "floor"),
        PlantedBug(
            "pbft", "asks for no view while its chain is gone", .losingChains.with("silent"),
            within: 50, MutantReplica<AsksForNoViewBelowItsFloor>.self, insteadOf: PBFT.self),
    ]
}

extension Surroundings {
    /// Who has lost its chain is often alone for longer than it waits for a leader.
    fileprivate static let losingChainsAlone = faulty {
        $0[.lostChain] = Schedule(every: 700...900, lasting: 10...20)
        $0[.isolation] = Schedule(every: 100...200, lasting: 800...1_000)
        $0.truncationMilliseconds = 5...20
        $0.submitPauseMilliseconds = 10...40
        $0.delayMicroseconds = 100...5_000
    }
}

/// Is told of no floor.
struct IgnoresItsFloor: SimplexMistake {
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration {
        sound.above(.ground)
    }
}

/// Leaves it to the others to change the view until it has the chain.
struct AsksForNoViewBelowItsFloor: ReplicaMistake {
    typealias Sound = PBFT

    func reaction(
        to effect: Effect<PBFT>, in configuration: ReplicaConfiguration
    ) -> Reaction<PBFT> {
        guard configuration.floor != .ground, case .sign(.viewChange) = effect else {
            return Reaction(effects: [effect])
        }
        return Reaction()
    }
}

/// Takes votes for a checkpoint for such that commit.
struct CommitsByCheckpoints: ReplicaMistake {
    typealias Sound = PBFT
    static var commitKinds: [VoteKind] { PBFT.commitKinds + [.checkpoint] }
}
