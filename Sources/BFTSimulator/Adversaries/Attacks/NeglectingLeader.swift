public import BFTBase
import BFTCore
public import BFTLedger

/// Orders everybody's batches but one author's, as if it had never had them. When there is nothing
/// else to order, it orders something of its own, now and then, so that nobody gives it up.
public struct NeglectingLeader<P: Attackable>: Adversary {
    /// When it may order something of its own again.
    private var nextAt = Instant(nanoseconds: 0)

    public init() {}

    /// The honest validator after it.
    private func neglected(_ vantage: Vantage<P>) -> ValidatorIndex? {
        vantage.honest.first { $0 > vantage.own } ?? vantage.honest.first
    }

    public func passesOn(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: Vantage<P>
    ) -> Bool {
        guard case .ledger(.batch(let copy)) = message else { return true }
        return copy.batch.author != neglected(vantage) || sender != copy.batch.author
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard vantage.now >= nextAt, let replica = vantage.replica, replica.pendingBytes == 0,
            replica.consensus.leader(of: vantage.view) == vantage.own
        else { return [] }
        let pause = vantage.configuration.timing.viewTimeout.nanoseconds / 4
        nextAt = vantage.now.advanced(by: Interval(nanoseconds: pause))
        let batch = Batch.of(
            [Array(repeating: 3, count: 9)], author: vantage.own,
            sequence: replica.nextOwnSequence)
        return [Dispatch(.ledger(.batch(BatchCopy(batch))), to: [vantage.own])]
    }
}
