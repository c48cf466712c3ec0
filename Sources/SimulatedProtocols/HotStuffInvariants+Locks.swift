import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolHotStuff

/// H3, what both variants have of it beside certified parents: an honest validator votes for no
/// block whose parent is of an earlier view than the grandparent of one that it voted for before.
///
/// Of that one the parent is certified. In the three-chain, whoever voted for it is locked on the
/// grandparent. In the two-chain, a quorum knew the certificate of the grandparent when it voted
/// for the parent, and somebody honest of it is among those whose timeouts let later views be
/// skipped.
struct Locked<Rules: HotStuffRules>: Oracle {
    private var views: [Digest: View] = [:]
    private var parents: [Digest: Digest] = [:]
    private var locks: [ValidatorIndex: View] = [:]
    /// The view of the last vote: a start tells of all records of the log once more.
    private var voted: [ValidatorIndex: View] = [:]

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .durable(.voted(let block, _), let node):
            note(block)
            guard block.view > voted[node] ?? .zero else { return nil }
            voted[node] = block.view
            defer {
                let grandparent = parents[block.parent].flatMap { views[$0] } ?? .zero
                locks[node] = max(locks[node] ?? .zero, grandparent)
            }
            guard let lock = locks[node], let parent = views[block.parent], parent < lock else {
                return nil
            }
            return "\(node) votes in view \(block.view) on a block of view \(parent), "
                + "locked at \(lock)"
        case .executed(let block, _, _): note(block.block)
        default: return nil
        }
        return nil
    }

    private mutating func note(_ block: Block) {
        views[block.digest] = block.view
        parents[block.digest] = block.parent
    }
}
