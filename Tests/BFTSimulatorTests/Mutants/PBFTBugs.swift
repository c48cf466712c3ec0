import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolPBFT
import SimulatedProtocols

/// The bugs planted into PBFT. `PBFTSceneTests` has those that chance finds too rarely.
enum PBFTBugs {
    static let all = quorums + views + hosts + memory

    private static func rules<Rules: PBFTRules>(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64 = 200,
        _ rules: Rules.Type
    ) -> PlantedBug {
        PlantedBug(
            "pbft", name, surroundings, within: limit, PBFTReplica<Rules>.self,
            insteadOf: PBFT.self)
    }

    private static func host(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64 = 300,
        _ change: @Sendable (inout HostMistakes<PBFT>) -> Void
    ) -> PlantedBug {
        PlantedBug("pbft", name, surroundings, within: limit, hosting: PBFT.self, change)
    }

    /// Records of the protocol that are lost at a restart.
    private static func forgetting(
        _ name: String, _ surroundings: Surroundings,
        _ isForgotten: @escaping @Sendable (PBFTRecord) -> Bool
    ) -> PlantedBug {
        host("forgets \(name) at a restart", surroundings) {
            $0.forgets = { record in
                if case .consensus(let record) = record { isForgotten(record) } else { false }
            }
        }
    }

    private static let quorums =
        [
            rules("a quorum is one vote", .split, PBFTOneIsQuorum.self),
            rules("a quorum is half", .split, PBFTHalfIsQuorum.self),
            rules(
                "a quorum is two thirds, rounded down", .split.of(6),
                PBFTTwoThirdsRoundedDown.self),
            rules(
                "one validator makes a checkpoint stable", .ragged.with("false-checkpointer"),
                OneMakesStable.self),
        ]
        + [5, 6, 8].map {
            rules("a quorum is 2f + 1 of \($0)", .split.of($0), PBFTTwoFPlusOneIsQuorum.self)
        }

    private static let views = [
        rules("commits what is not prepared", .chaos, CommitsUnprepared.self),
        rules("votes after asking for a later view", .chaos, VotesAfterViewChange.self),
        rules("a view change reports nothing", .chaos, ReportsNothing.self),
        rules(
            "a view change leaves out what is prepared", .chaos, ReportsCommittedOnly.self),
        rules("a view change forgets what is committed", .chaos, ForgetsCommitted.self),
        rules("a view begins with the lowest report", .chaos, ChoosesLowest.self),
        PlantedBug(
            "pbft", "a checkpoint certificate commits", .split.with("checkpoint-liar"), within: 100,
            MutantReplica<CommitsByCheckpoints>.self, insteadOf: PBFT.self),
        rules(
            "keeps a leader that orders something", .calm.with("neglecting-leader"),
            within: 3, KeepsTheLeader.self),
    ]

    private static let hosts = [
        host("sends a vote before it is durable", .cuts) { $0.skippedCheck = .durableRecord },
        host("votes for batches that are in memory only", .cuts) {
            $0.isKeepingBatchesInMemory = true
        },
        host("checks no signatures", .ragged.with("forgery")) { $0.isSkippingVerification = true },
        host("reads at once", .split) { $0.isReadingAtOnce = true },
    ]

    private static let memory = [
        forgetting("prepared blocks", .cuts) { if case .prepared = $0 { true } else { false } },
        forgetting("certificates", .cuts) { if case .certificate = $0 { true } else { false } },
        forgetting("which views are over", .storm) {
            switch $0 {
            case .viewChange, .entered: true
            default: false
            }
        },
    ]
}

extension Surroundings {
    /// Views that end in every way there is, for as long as it takes to end many of them.
    fileprivate static let chaos = faulty {
        $0.healAt = Instant(nanoseconds: 6_000_000_000)
        $0.hasPartitions = true
        $0.delayMicroseconds = 100...150_000
        $0.lossPerMille = 250
        $0.stragglerPerMille = 20
    }

    fileprivate static let storm = faulty {
        $0.powerCutsPer100k = 2_000
        $0.hasMassPowerCut = true
        $0.hasPartitions = true
        $0.hasPauses = true
        $0.delayMicroseconds = 100...60_000
        $0.lossPerMille = 50
        $0.stragglerPerMille = 60
    }
}

extension PBFTReplica: HasOwnAdversaries {
    static func ownAdversary(named name: String) -> (any Adversary<PBFTReplica<Rules>>)? {
        switch name {
        case "false-checkpointer": PBFTFalseCheckpointer<Rules>()
        case "checkpoint-liar": CheckpointLiar<Self>()
        default: nil
        }
    }
}

extension MutantReplica: HasOwnAdversaries where Mistake.Sound == PBFT {
    static func ownAdversary(named name: String) -> (any Adversary<Self>)? {
        name == "checkpoint-liar" ? CheckpointLiar<Self>() : nil
    }
}
