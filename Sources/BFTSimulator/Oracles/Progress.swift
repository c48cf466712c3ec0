import BFTCore

/// Once faults are over, everything that an honest validator has stored is executed by every
/// honest one, and every read is answered, within the bound that the run was given.
struct Progress<P: ConsensusProtocol>: Oracle {
    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .rested(let unfinished) = observation else { return nil }
        return unfinished
    }
}
