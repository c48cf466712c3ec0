public import BFTBase
public import BFTCore
public import BFTLedger

/// Answers requests with what was not asked for, and claims to have committed the end of time.
public struct LyingPeer<P: ConsensusProtocol>: Adversary {
    /// The last run that it was sent itself: real blocks, mostly of the wrong heights.
    private var staleRun: CommittedRun?

    public init() {}

    public mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {
        if case .ledger(.syncResponse(let run)) = message { staleRun = staleRun ?? run }
    }

    public mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>] {
        guard case .ledger(let part) = message else { return [message] }
        switch part {
        case .batch(let batch):
            return [.ledger(.batch(forgedBatch(of: batch.author, batch.sequence, &random)))]
        case .syncResponse(let run):
            let shortened = CommittedRun(
                blocks: Array(run.blocks.suffix(1)), certificate: run.certificate)
            return [staleRun, shortened].compactMap(\.self).map { .ledger(.syncResponse($0)) }
        case .readClaim(let nonce, _):
            let height = Bool.random(using: &random) ? Height.zero : Height(.max)
            return [.ledger(.readClaim(nonce: nonce, height: height))]
        case .syncRequest, .batchRequest, .readProbe: return [message]
        }
    }

    private func forgedBatch(
        of author: ValidatorIndex, _ sequence: BatchSequence, _ random: inout SplitMix64
    ) -> Batch {
        var builder = BatchBuilder()
        builder.append(upTo: 1) { $0.append(UInt8.random(in: 0...255, using: &random)) }
        return builder.seal(author: author, sequence: sequence)
    }
}

/// Sends its batches to some only, or another batch under the same sequence to each.
public struct ContradictoryAuthor<P: ConsensusProtocol>: Adversary {
    private let own: ValidatorIndex

    public init(own: ValidatorIndex) { self.own = own }

    public mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>] {
        guard case .ledger(.batch(let batch)) = message, batch.author == own else {
            return [message]
        }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return []
        case 1: return [message]
        default:
            var builder = BatchBuilder()
            builder.append(upTo: 1) { $0.append(UInt8(truncatingIfNeeded: peer.rawValue)) }
            return [.ledger(.batch(builder.seal(author: own, sequence: batch.sequence)))]
        }
    }
}

/// Names batches and heights that nobody has, in requests of its own.
public struct PesteringPeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func speak(random: inout SplitMix64) -> [ReplicaMessage<P>] {
        let reference = BatchReference(
            author: ValidatorIndex(Int.random(in: 0..<5_000, using: &random)),
            sequence: BatchSequence(random.next()), digest: Digest(random.next(), 0, 0, 0),
            byteCount: 1)
        return [
            .ledger(.batchRequest(Array(repeating: reference, count: 64))),
            .ledger(.syncRequest(from: Height(random.next()))),
            .ledger(.syncRequest(from: .zero)),
            .ledger(.readClaim(nonce: random.next(), height: Height(random.next()))),
            .ledger(.readProbe(nonce: random.next())),
        ]
    }
}
