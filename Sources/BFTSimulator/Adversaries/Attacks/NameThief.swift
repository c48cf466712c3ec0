public import BFTBase
public import BFTCore
public import BFTLedger

/// Orders batches of its own making under the names of honest validators, each in the place of the
/// author's own, which is displaced. It hands out what it made up to whoever asks.
///
/// It signs them with its own key, leaves the signature out, or takes one that it heard: nobody
/// honest holds them, so nobody votes for them.
public struct NameThief<P: Attackable>: Adversary {
    private var forged: [Batch] = []
    /// The last signature of each author that it heard.
    private var heard: [ValidatorIndex: Authorship] = [:]

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
        if case .ledger(.batch(let copy)) = message, let authorship = copy.authorship {
            heard[copy.batch.author] = authorship
        }
        guard case .ledger(.batchRequest(let references)) = message else { return [] }
        return forged.filter { references.contains($0.reference) }.flatMap { batch in
            [BatchCopy(batch), BatchCopy(batch, heard[batch.author]), vantage.signed(batch)]
        }
        .map { Dispatch(.ledger(.batch($0)), to: [sender]) }
    }
}
