import BFTBase
import BFTCore
import BFTLedger

/// A read sees every block that any honest replica had executed when it came: a client of that
/// replica may have been told.
struct ReadsAreRecent<P: ConsensusProtocol>: Oracle {
    private struct Read: Sendable {
        let ticket: UInt64
        let node: ValidatorIndex
        let height: Int
    }

    private var waiting: [Read] = []
    private var height = 0

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .executed(let block, _, _): height = max(height, Int(block.block.height.rawValue))
        case .powerCut(let node, _): waiting.removeAll { $0.node == node }
        case .readRequested(let ticket, let node):
            waiting.append(Read(ticket: ticket, node: node, height: height))
        case .readsAnswered(let last, let seeing, let node):
            let answered = waiting.filter { $0.node == node && $0.ticket <= last }
            waiting.removeAll { $0.node == node && $0.ticket <= last }
            if let stale = answered.first(where: { $0.height > seeing }) {
                return "\(node) reads height \(seeing) after \(stale.height) was acknowledged"
            }
        default: break
        }
        return nil
    }
}
