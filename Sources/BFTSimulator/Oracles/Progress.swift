import BFTCore

/// Once faults are over, everything that an honest validator has stored is executed by every
/// honest one, and every read is answered, within the bound that the run was given.
struct Progress<P: ConsensusProtocol>: Oracle {
    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .rested(let unfinished) = observation else { return nil }
        return unfinished
    }
}

/// - Invariant L1: once faults are over and the malicious have fallen silent for good, everybody
///   honest still executes what is new, within the bound that the run was given. Whatever was said
///   before, by whomever: an adversary that goes on answering hides what nobody honest could show.
struct Liveness<P: ConsensusProtocol>: Oracle {
    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .outlived(let unfinished) = observation else { return nil }
        return unfinished
    }
}
