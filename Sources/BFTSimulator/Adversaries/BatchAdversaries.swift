public import BFTBase
public import BFTCore
public import BFTLedger

extension Batch {
    static func of(
        _ transactions: [[UInt8]], author: ValidatorIndex, sequence: BatchSequence
    ) -> Batch {
        var builder = BatchBuilder()
        for transaction in transactions {
            builder.append(upTo: transaction.count) { $0 += transaction }
        }
        return builder.seal(author: author, sequence: sequence)
    }
}

/// Sends its batches to some only, or another batch under the same sequence to each.
public struct ContradictoryAuthor<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batch(let batch)) = message, batch.author == vantage.own else {
            return [Dispatch(message, to: [peer])]
        }
        switch vantage.choice(of: 3) {
        case 0: return []
        case 1: return [Dispatch(message, to: [peer])]
        default:
            let other = Batch.of(
                [[UInt8(truncatingIfNeeded: peer.rawValue)]], author: batch.author,
                sequence: batch.sequence)
            return [Dispatch(.ledger(.batch(other)), to: [peer])]
        }
    }
}

/// Answers a request for a batch with other bytes of the same author, sequence and size.
public struct BatchSwapper<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batch(let batch)) = message, vantage.coin() else {
            return [Dispatch(message, to: [peer])]
        }
        var bytes = batch.encoded
        bytes[bytes.count - 1] ^= 1
        return (try? Batch(encoded: bytes)).map { [Dispatch(.ledger(.batch($0)), to: [peer])] }
            ?? []
    }
}

/// Orders batches of its own making under the names of honest validators, each in the place of the
/// author's own, which is displaced. It hands out what it made up to whoever asks.
///
/// Batches are not signed, so nobody can tell: this breaks `no-creation` and `displacement`, and
/// must break nothing else. It is not in the catalogue's ordinary list for that reason.
public struct NameThief<P: Attackable>: Adversary {
    private var forged: [Batch] = []

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard let payload = P.proposedBlock(in: unsigned)?.payload,
            let position = payload.firstIndex(where: { vantage.honest.contains($0.author) })
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let stolen = payload[position]
        let batch = Batch.of(
            [Array(repeating: 7, count: 9)], author: stolen.author, sequence: stolen.sequence)
        forged = forged.suffix(20) + [batch]
        var changed = payload
        changed[position] = batch.reference
        return P.variants(of: unsigned, .payload(changed)).map { Dispatch($0, to: vantage.peers) }
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batchRequest(let references)) = message else { return [] }
        return forged.filter { references.contains($0.reference) }
            .map { Dispatch(.ledger(.batch($0)), to: [sender]) }
    }
}
