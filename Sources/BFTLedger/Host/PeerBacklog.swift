import BFTBase
import BFTCore

/// How much waits at a host for each peer, behind a record that is not durable.
///
/// Each message of a peer may bring about an answer, and a disk may stall for long. So what waits
/// for one peer is bounded, and the rest is dropped, which is to the peer as if the network had
/// lost it: whoever needs an answer asks again.
struct PeerBacklog: Equatable, Sendable {
    private struct Load: Equatable, Sendable {
        var count = 0
        var byteCount = 0
    }

    /// By peer, as far as anything ever waited.
    private var loads: [Load] = []

    /// Whether something of `byteCount` bytes may wait for `peer`. Then it counts.
    mutating func admit(
        _ byteCount: Int, for peer: ValidatorIndex, within settings: HostSettings
    ) -> Bool {
        while loads.count <= peer.rawValue { loads.append(Load()) }
        let load = loads[peer.rawValue]
        let isWithin =
            load.count < settings.waitingPerPeer
            && (load.count == 0 || load.byteCount + byteCount <= settings.waitingBytesPerPeer)
        guard settings.holds(.backlog, isWithin) else { return false }
        loads[peer.rawValue].count += 1
        loads[peer.rawValue].byteCount += byteCount
        return true
    }

    /// Notes that something that waited for `peer` has left.
    mutating func release(_ byteCount: Int, for peer: ValidatorIndex) {
        loads[peer.rawValue].count -= 1
        loads[peer.rawValue].byteCount -= byteCount
    }

    mutating func removeAll() { loads = [] }
}

extension HostOutput {
    /// The peer that a message is for, or that asked for something or sent what was refused; and
    /// about how many bytes that takes while it waits. `nil` of what no peer can bring about as
    /// often as it likes.
    var load: (peer: ValidatorIndex, byteCount: Int)? {
        switch self {
        case .send(.ledger(.batch(let copy)), let peer): (peer, copy.batch.encoded.count)
        case .readBatches(let references, let peer):
            (peer, references.count * MemoryLayout<BatchReference>.stride)
        case .send(_, let peer), .readBlocks(_, let peer), .rejectedLedger(_, let peer): (peer, 0)
        default: nil
        }
    }
}
