import BFTBase
import BFTCore
import BFTCrypto
import BFTServer
import BFTTransport
import Testing

@testable import BFTNode

/// What Prometheus reads of a node.
@Suite struct NodeMetricsTests {
    @Test("Each figure of a node is served once, under its own name and as what it is")
    func figures() throws {
        let node = try Stage().node
        let shared = node.core.shared
        shared.update { reports in
            reports.status.view = View(11)
            reports.status.committedHeight = Height(12)
            reports.status.appliedHeight = Height(13)
            reports.status.isVoting = true
            reports.pendingBytes = 14
            reports.waitingChecks = 15
            reports.counters = NodeCounters(
                received: 20, malformed: 21, verified: 22, signed: 23, forgeries: 24, dropped: 25,
                rejections: 26, evidence: 27, committedBlocks: 28, submitted: 29,
                executedTransactions: 30)
            for (position, offence) in Offence.allCases.enumerated() {
                reports.counters.offences[offence] = UInt64(40 + position)
            }
            for position in reports.status.peers.indices.dropFirst() {
                reports.status.peers[position].isConnected = true
            }
        }
        let unused = try SigningKey.generate(.ed25519).meter
        let registry = NodeMetrics.registry(shared, signing: unused, verification: unused)
        let lines = String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
        let figures = lines.filter { $0.hasPrefix("bft_") }
        #expect(
            figures == [
                "bft_signing_cpu_seconds_total 0", "bft_verification_cpu_seconds_total 0",
                "bft_view 11", "bft_committed_height 12", "bft_applied_height 13",
                "bft_connected_peers 2", "bft_voting 1", "bft_pending_batch_bytes 14",
                "bft_committed_blocks_total 28", "bft_executed_transactions_total 30",
                "bft_submitted_transactions_total 29", "bft_messages_received_total 20",
                "bft_messages_verified_total 22", "bft_signatures_made_total 23",
                "bft_bad_signatures_total 24", "bft_malformed_messages_total 21",
                "bft_dropped_messages_total 25", "bft_rejected_messages_total 26",
                "bft_evidence_total 27", "bft_waiting_signature_checks 15",
                "bft_exiles_total{reason=\"forgery\"} 40",
                "bft_exiles_total{reason=\"malformed\"} 41",
                "bft_exiles_total{reason=\"format\"} 42", "bft_exiles_total{reason=\"flood\"} 43",
                "bft_exiles_total{reason=\"garbage\"} 44",
            ])
        for figure in figures {
            let name = figure.prefix { $0 != " " && $0 != "{" }
            let type = name.hasSuffix("_total") ? "counter" : "gauge"
            #expect(lines.contains("# TYPE \(name) \(type)"))
            #expect(lines.contains { $0.hasPrefix("# HELP \(name) ") })
        }
        shared.update { $0.status.isVoting = false }
        #expect(String(decoding: registry.render(), as: UTF8.self).contains("\nbft_voting 0\n"))
    }
}
