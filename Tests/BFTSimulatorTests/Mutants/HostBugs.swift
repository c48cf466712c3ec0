@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex

/// The bugs planted into the host of a replica, and between the host and the ledger.
enum HostBugs {
    static let all = durability + checks + execution + talk

    private static func host(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64,
        _ change: @Sendable (inout HostMistakes<Simplex>) -> Void
    ) -> PlantedBug {
        PlantedBug(
            "host", name, surroundings, within: limit, hosting: Simplex.self, change)
    }

    /// Records that are lost at a restart.
    private static func forgetting(
        _ name: String, _ surroundings: Surroundings,
        _ isForgotten: @escaping @Sendable (ReplicaRecord<Simplex>) -> Bool
    ) -> PlantedBug {
        host("forgets \(name) at a restart", surroundings, within: 300) {
            $0.forgets = isForgotten
        }
    }

    private static let durability = [
        host("sends a vote before it is durable", .cuts, within: 300) {
            $0.isVotingBeforeDurable = true
        },
        host("votes for batches that are in memory only", .cuts, within: 300) {
            $0.isKeepingBatchesInMemory = true
        },
        host("gives records up before the store is synced", .truncations, within: 300) {
            $0.isRetiringBeforeSync = true
        },
        forgetting("notarized blocks", .cuts) {
            if case .consensus(.notarized) = $0 { true } else { false }
        },
        forgetting("other votes", .cuts) {
            if case .consensus(.voted) = $0 { true } else { false }
        },
        forgetting("what it forgot", .losingChains) {
            if case .floor = $0 { true } else { false }
        },
        forgetting("batches", .cuts) { if case .batch = $0 { true } else { false } },
    ]

    private static let checks = [
        host("checks no signatures", .ragged.with("forgery"), within: 100) {
            $0.isSkippingVerification = true
        },
        host("takes batches in anybody's name", .ragged.with("name-thief"), within: 100) {
            $0.limits = { sound in
                var limits = sound
                limits.skippedCheck = .authorship
                return limits
            }
        },
        host(
            "passes on batches whose signatures it did not check", .ragged.with("false-signer"),
            within: 100
        ) {
            $0.limits = { sound in
                var limits = sound
                limits.skippedCheck = .signature
                return limits
            }
        },
        host("checks no signatures of batches", .ragged.with("name-thief"), within: 100) {
            $0.isSkippingVerification = true
        },
        host(
            "waits for ever for who was asked for a batch", .lossy.with("stalling-peer"),
            within: 100
        ) {
            $0.limits = { sound in
                var limits = sound
                limits.fetchPatience = .seconds(600)
                limits.answerTimeout = .seconds(600)
                return limits
            }
        },
        host("takes blocks with a certificate of too few", .split.with("lying-peer"), within: 300) {
            $0.hears = { input, _ in
                guard case .received(let message, let sender) = input,
                    case .ledger(.syncResponse(let run)) = message.value
                else { return [input] }
                let padded = UncheckedRun(
                    blocks: run.blocks,
                    certificate: run.certificate.padded(to: run.certificate.signers.count))
                return [.received(Verified(.ledger(.syncResponse(padded))), from: sender)]
            }
        },
        host("keeps as many batches as anybody sends", .slow.with("flood"), within: 20) {
            $0.limits = { sound in
                var limits = sound
                (limits.batchesPerAuthor, limits.bytesPerAuthor) = (1 << 20, 1 << 40)
                return limits
            }
        },
        host("reads at once", .split, within: 20) { $0.isReadingAtOnce = true },
        host(
            "counts one reader's claim for everybody's", .split.with("lying-peer"), within: 100
        ) {
            $0.hears = { input, _ in
                guard case .received(let message, _) = input,
                    case .ledger(.readClaim) = message.value
                else { return [input] }
                return (0..<4).map { .received(message, from: ValidatorIndex($0)) }
            }
        },
    ]

    private static let execution = [
        host("executes the batches of a block backwards", .busy, within: 20) {
            $0.does = { effect, node in
                guard case .execute(let block) = effect, node.rawValue == 1 else {
                    return [effect]
                }
                return [
                    .execute(
                        CommittedBlock(
                            block: block.block, batches: block.batches.reversed(),
                            certificate: block.certificate, frontier: block.frontier))
                ]
            }
        },
        host("executes a block without its last batch", .busy, within: 20) {
            $0.does = { effect, node in
                guard case .execute(let block) = effect, node.rawValue == 1 else {
                    return [effect]
                }
                return [
                    .execute(
                        CommittedBlock(
                            block: block.block, batches: block.batches.dropLast(),
                            certificate: block.certificate, frontier: block.frontier))
                ]
            }
        },
        host("executes a block twice", .calm, within: 5) {
            $0.does = { effect, _ in
                if case .execute = effect { [effect, effect] } else { [effect] }
            }
        },
        host("vouches for a state that it did not compute", .calm, within: 5) {
            $0.hears = { input, node in
                guard case .executed(let height, let root) = input, node.rawValue == 1 else {
                    return [input]
                }
                let other = Digest(root.word0 ^ 1, root.word1, root.word2, root.word3)
                return [.executed(height, stateRoot: other)]
            }
        },
    ]

    private static let talk = [
        host("never asks for a batch", .lossy, within: 50) {
            $0.does = { effect, _ in
                if case .send(.ledger(.batchRequest), _) = effect { [] } else { [effect] }
            }
        },
        host("never sends blocks to who lacks them", .split, within: 100) {
            $0.does = { effect, _ in
                if case .readBlocks = effect { [] } else { [effect] }
            }
        },
        host("sets no timer", .calm.with("silent"), within: 5) {
            $0.does = { effect, _ in if case .setTimer = effect { [] } else { [effect] } }
        },
        host("does not answer readers", .calm, within: 5) {
            $0.does = { effect, _ in
                if case .send(.ledger(.readClaim), _) = effect { [] } else { [effect] }
            }
        },
    ]
}
