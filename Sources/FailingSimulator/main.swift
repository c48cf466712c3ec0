import BFTBase
import BFTCommands
import BFTCore
import BFTLedger
import BFTSimulator
import Glibc
import ProtocolSimplex
import SimulatedProtocols

// Hosts that fail in ways that no oracle lives to see.

/// What the host does in the place of answering.
private enum Mistake: String, CaseIterable {
    case traps
    case hangs
    case grows

    /// Whether it happens in the place of `effect` of v2: a trap once a client reads for the third
    /// time, so that there is something to reduce; the others in every run, at once.
    func isDue(_ effect: ReplicaEffect<Simplex>) -> Bool {
        guard self == .traps else { return true }
        if case .readReady(upTo: let ticket) = effect { return ticket >= 3 }
        return false
    }

    func happen() {
        switch self {
        case .traps: preconditionFailure("a planted trap")
        case .hangs: while true {}
        case .grows:
            // Asked for and never touched: the limit is what ends it.
            while true { _ = UnsafeMutableRawPointer.allocate(byteCount: 1 << 28, alignment: 16) }
        }
    }
}

private func simulated(_ mistake: Mistake?) -> SimulatedProtocol {
    var mistakes = HostMistakes<Simplex>()
    if let mistake {
        mistakes.does = { effect, node in
            if node.rawValue == 2, mistake.isDue(effect) { mistake.happen() }
            return [effect]
        }
    }
    return SimulatedProtocol(mistake?.rawValue ?? "works", Simplex.self, mistakes: mistakes)
}

let program = Program(
    name: "failing-simulator", abstract: "A simulator with planted mistakes.", version: "0",
    entries: ProgramEntries.simulation(
        [simulated(nil)] + Mistake.allCases.map(simulated), version: "0"))
exit(program.run(Array(CommandLine.arguments.dropFirst())))
