import BFTBase
import BFTCore
import BFTLedger
import BFTServer
import BFTTransport

// What others may know of this node.
extension NodeCore {
    func publishStatus() {
        let connected = transport.connectedPeers
        shared.update { reports in
            reports.status.view = host.replica.consensus.view
            reports.status.leader = host.replica.consensus.leader(of: host.replica.consensus.view)
            reports.status.committedHeight = host.replica.committedHeight
            reports.status.appliedHeight = host.replica.executedHeight
            reports.status.stateRoot = counters.stateRoot
            reports.status.isVoting = trouble == nil
            for position in reports.status.peers.indices {
                let index = reports.status.peers[position].index
                reports.status.peers[position].isConnected = connected.contains(index)
            }
            reports.trouble = trouble
            reports.counters = counters
            reports.pendingBytes = host.replica.pendingBytes
        }
    }

    static func initialStatus(_ settings: NodeSettings, version: String) -> StatusReport {
        let peers = settings.validators.indices.filter { $0 != settings.own }.map {
            StatusReport.Peer(index: $0, isConnected: false)
        }
        return StatusReport(
            chainID: settings.chainName, version: version, nodeIndex: settings.own,
            protocolName: settings.protocolName, scheme: settings.schemeName, epoch: .zero,
            view: .zero, leader: ValidatorIndex(0), committedHeight: .zero, appliedHeight: .zero,
            stateRoot: .zero, peers: Array(peers), isVoting: true, uptime: .zero)
    }
}
