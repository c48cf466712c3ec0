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
            host.ask { replica in
                reports.status.view = replica.consensus.view
                reports.status.leader = replica.consensus.leader(of: replica.consensus.view)
                reports.status.committedHeight = replica.committedHeight
                reports.status.appliedHeight = replica.executedHeight
                reports.pendingBytes = replica.pendingBytes
                reports.waitingChecks = turns.checkCount
            }
            reports.status.stateRoot = counters.stateRoot
            reports.status.isVoting = trouble == nil
            for position in reports.status.peers.indices {
                let index = reports.status.peers[position].index
                reports.status.peers[position].isConnected = connected.contains(index)
            }
            reports.trouble = trouble
            reports.counters = counters
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
