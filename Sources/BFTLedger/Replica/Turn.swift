import BFTBase
import BFTCore

/// One call of `Replica.handle`: the time, what the protocol still has to be told, and what the
/// host will be asked for. Both parts of the replica write into it, so that what one of them wants
/// of the other never leaves the replica, and what both want of the host keeps its order.
struct Turn<P: ConsensusProtocol> {
    let now: Instant
    /// The host's wall clock.
    let wallTime: Timestamp
    var inputs = Deque<Input<P>>()
    var effects: [ReplicaEffect<P>] = []
    /// Whether something came that a leader with nothing to propose may propose.
    var hasNewWork = false

    init(now: Instant, wallTime: Timestamp) {
        self.now = now
        self.wallTime = wallTime
    }

    mutating func send(_ message: LedgerMessage, to peer: ValidatorIndex) {
        effects.append(.send(.ledger(message), to: peer))
    }

    mutating func broadcast(_ message: LedgerMessage) {
        effects.append(.broadcast(.ledger(message)))
    }
}
