import BFTBase
import BFTCrypto
import BFTServer
import BFTTransport

/// What a node tells Prometheus.
enum NodeMetrics {
    static func registry(
        _ shared: SharedReports, signing: CPUMeter, verification: CPUMeter
    ) -> MetricsRegistry {
        let registry = MetricsRegistry()
        ProcessMetrics.add(to: registry)
        add(signing, verification, to: registry)
        func gauge(
            _ name: String, _ help: String, _ value: @escaping @Sendable (Report) -> UInt64
        ) {
            registry.gauge(name, help: help) { Double(value(shared.current)) }
        }
        func counter(
            _ name: String, _ help: String, _ value: @escaping @Sendable (Report) -> UInt64
        ) {
            registry.counter(name, help: help) { Double(value(shared.current)) }
        }
        gauge("bft_view", "The view that this validator is in.") { $0.status.view.rawValue }
        gauge("bft_committed_height", "The last committed height.") {
            $0.status.committedHeight.rawValue
        }
        gauge("bft_applied_height", "The last executed height.") {
            $0.status.appliedHeight.rawValue
        }
        gauge("bft_connected_peers", "Validators that are connected.") {
            UInt64($0.status.connectedPeerCount)
        }
        gauge("bft_voting", "1 while this validator votes.") { $0.status.isVoting ? 1 : 0 }
        gauge("bft_pending_batch_bytes", "Bytes of batches that wait to be ordered.") {
            UInt64($0.pendingBytes)
        }
        counter("bft_committed_blocks_total", "Blocks committed since the start.") {
            $0.counters.committedBlocks
        }
        counter("bft_executed_transactions_total", "Transactions executed since the start.") {
            $0.counters.executedTransactions
        }
        counter("bft_submitted_transactions_total", "Transactions taken from clients.") {
            $0.counters.submitted
        }
        counter("bft_messages_received_total", "Messages of other validators.") {
            $0.counters.received
        }
        counter("bft_messages_verified_total", "Messages whose signatures were checked.") {
            $0.counters.verified
        }
        counter("bft_signatures_made_total", "Signatures of this validator.") {
            $0.counters.signed
        }
        counter("bft_bad_signatures_total", "Messages with a signature that does not hold.") {
            $0.counters.forgeries
        }
        counter("bft_malformed_messages_total", "Messages that could not be decoded.") {
            $0.counters.malformed
        }
        counter(
            "bft_dropped_messages_total", "Messages dropped since too much of their sender waited."
        ) {
            $0.counters.dropped
        }
        counter("bft_rejected_messages_total", "Messages that the replica rejected.") {
            $0.counters.rejections
        }
        counter("bft_evidence_total", "Contradictions of validators that were seen.") {
            $0.counters.evidence
        }
        addPeers(shared, to: registry)
        return registry
    }

    /// What other validators may cost this one.
    private static func addPeers(_ shared: SharedReports, to registry: MetricsRegistry) {
        registry.gauge(
            "bft_waiting_signature_checks", help: "Signatures of others that wait to be checked."
        ) { Double(shared.current.waitingChecks) }
        for offence in Offence.allCases {
            registry.counter(
                "bft_exiles_total", help: "Times that a validator was kept away for a while.",
                labels: ["reason": offence.rawValue]
            ) { Double(shared.current.counters.offences[offence]) }
        }
    }

    private static func add(
        _ signing: CPUMeter, _ verification: CPUMeter, to registry: MetricsRegistry
    ) {
        registry.counter(
            "bft_signing_cpu_seconds_total",
            help: "Processor time for signatures of this validator."
        ) { Double(signing.total.nanoseconds) / 1e9 }
        registry.counter(
            "bft_verification_cpu_seconds_total",
            help: "Processor time for checking signatures of validators."
        ) { Double(verification.total.nanoseconds) / 1e9 }
    }

    private typealias Report = SharedReports.Reports
}
