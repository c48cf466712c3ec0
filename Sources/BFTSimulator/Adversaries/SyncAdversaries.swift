public import BFTBase
public import BFTCore
public import BFTLedger

/// Answers requests with what was not asked for, and claims to have committed the end of time.
public struct LyingPeer<P: ConsensusProtocol>: Adversary {
    /// The last run that it was sent itself: real blocks, mostly of the wrong heights.
    private var staleRun: CommittedRun?

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .ledger(.syncResponse(let run)) = message { staleRun = staleRun ?? run }
        return []
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(let part) = message else { return [Dispatch(message, to: [peer])] }
        return lies(about: part, &vantage).map { Dispatch(.ledger($0), to: [peer]) }
    }

    private func lies(
        about message: LedgerMessage, _ vantage: inout Vantage<P>
    ) -> [LedgerMessage] {
        switch message {
        case .batch(let batch):
            let transaction = (0..<8).map { _ in UInt8.random(in: 0...255, using: &vantage.random) }
            return [.batch(.of([transaction], author: batch.author, sequence: batch.sequence))]
        case .syncResponse(let run):
            // Its end without its beginning, its beginning under another's certificate, another.
            let shortened = CommittedRun(
                blocks: Array(run.blocks.suffix(1)), certificate: run.certificate)
            let headless = CommittedRun(
                blocks: Array(run.blocks.dropFirst()), certificate: run.certificate)
            let weak = unsigned(run.certificate).flatMap {
                CommittedRun(blocks: run.blocks, certificate: $0)
            }
            return [staleRun, shortened, headless, weak].compactMap(\.self)
                .map { .syncResponse($0) }
        case .readClaim(let nonce, _):
            return [.readClaim(nonce: nonce, height: vantage.coin() ? .zero : Height(.max))]
        case .syncRequest, .batchRequest, .readProbe: return [message]
        }
    }

    /// The same certificate with all signatures but one taken away.
    private func unsigned(_ certificate: Certificate) -> Certificate? {
        let statement = certificate.statement
        let votes = zip(certificate.signers.positions, certificate.signatures).prefix(1).map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: $1)
        }
        return Certificate(
            statement: statement, votes: votes, validatorCount: certificate.signers.count)
    }
}

/// Never answers: whoever asks it has to find out by the clock.
public struct StallingPeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(let part) = message else { return [Dispatch(message, to: [peer])] }
        switch part {
        case .batch, .syncResponse, .readClaim: return []
        case .syncRequest, .batchRequest, .readProbe: return [Dispatch(message, to: [peer])]
        }
    }
}

/// Names batches and heights that nobody has, in requests of its own, and huge numbers.
public struct PesteringPeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        let random = (0..<5).map { _ in vantage.random.next() }
        let reference = BatchReference(
            author: ValidatorIndex(Int(random[0] % 5_000)), sequence: BatchSequence(random[1]),
            digest: Digest(random[2], 0, 0, 0), byteCount: 1)
        let messages: [LedgerMessage] = [
            .batchRequest(Array(repeating: reference, count: 64)),
            .syncRequest(from: Height(random[3])), .syncRequest(from: .zero),
            .syncRequest(from: Height(.max)),
            .readClaim(nonce: random[4], height: Height(random[3])),
            .readProbe(nonce: random[4]),
        ]
        return messages.map { Dispatch(.ledger($0), to: vantage.peers) }
    }
}
