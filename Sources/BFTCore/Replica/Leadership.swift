public import BFTBase

/// Whether a replica leads its view, and how far it is.
public enum Leadership: Equatable, Sendable {
    case none
    /// Leads, and has not asked yet what to propose.
    case due
    /// Leads, and lets more gather: asks once its last block has come far enough, or at this time.
    case gathering(until: Instant)
    /// Leads, and has asked.
    case drafting
    /// Leads, and has nothing to order: proposes an empty block at this time.
    case waiting(until: Instant)
    /// Leads, and has nothing left to propose.
    case proposed

    /// When there is something to do, though nothing comes.
    public var deadline: Instant? {
        switch self {
        case .gathering(let until), .waiting(let until): until
        case .none, .due, .drafting, .proposed: nil
        }
    }

    /// Whether it is time for an empty block.
    public func isEmptyBlockDue(at now: Instant) -> Bool {
        guard case .waiting(let until) = self else { return false }
        return now >= until
    }

    /// There is something to order: a leader that waits for it asks again.
    public mutating func noteWork() {
        if case .waiting = self { self = .due }
    }
}
