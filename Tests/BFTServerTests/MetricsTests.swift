import BFTBase
import BFTServer
import Testing

@Suite("Metrics")
struct MetricsTests {
    private func page(_ registry: MetricsRegistry) -> String {
        String(decoding: registry.render(), as: UTF8.self)
    }

    @Test("A page has each metric once, with its help, type and series")
    func rendersPage() {
        let registry = MetricsRegistry()
        let sent = registry.counter(
            "bft_messages_sent_total", help: "Messages.", labels: ["peer": "0"])
        let height = registry.gauge("bft_height", help: "A \\ and\na line.")
        let other = registry.counter(
            "bft_messages_sent_total", help: "Messages.", labels: ["peer": "a\"b\\c\nd"])
        registry.gauge("bft_load", help: "Load.") { 0.25 }
        sent.increment()
        sent.increment(by: 4)
        other.incrementShared(by: 2)
        height.set(41)
        #expect(
            page(registry) == """
                # HELP bft_messages_sent_total Messages.
                # TYPE bft_messages_sent_total counter
                bft_messages_sent_total{peer="0"} 5
                bft_messages_sent_total{peer="a\\"b\\\\c\\nd"} 2
                # HELP bft_height A \\\\ and\\na line.
                # TYPE bft_height gauge
                bft_height 41
                # HELP bft_load Load.
                # TYPE bft_load gauge
                bft_load 0.25

                """)
    }

    @Test("A histogram counts each value in every bucket that holds it")
    func rendersHistogram() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram(
            "bft_commit_latency_seconds", help: "Time.", unit: .seconds,
            bounds: [1_000_000, 500_000_000, 2_000_000_000], labels: ["path": "fast"])
        histogram.observe(.milliseconds(1))
        histogram.observe(.milliseconds(2))
        histogram.observe(.seconds(3))
        #expect(
            page(registry).split(separator: "\n").dropFirst(2).joined(separator: "\n") == """
                bft_commit_latency_seconds_bucket{path="fast",le="0.001"} 1
                bft_commit_latency_seconds_bucket{path="fast",le="0.5"} 2
                bft_commit_latency_seconds_bucket{path="fast",le="2"} 2
                bft_commit_latency_seconds_bucket{path="fast",le="+Inf"} 3
                bft_commit_latency_seconds_sum{path="fast"} 3.003
                bft_commit_latency_seconds_count{path="fast"} 3
                """)
    }

    @Test("promtool finds nothing to say")
    func passesPromtool() throws {
        guard let tool = Tool("promtool") else { return }
        let registry = MetricsRegistry()
        registry.counter("bft_blocks_total", help: "Blocks.").increment()
        registry.gauge("bft_peers", help: "Peers.", labels: ["state": "up"]).set(-1.5)
        registry.gauge("bft_nothing", help: "Not a number.") { .nan }
        registry.counter("bft_cpu_seconds_total", help: "Time.") { 1e-7 }
        registry.histogram(
            "bft_fsync_seconds", help: "Time.", unit: .seconds,
            bounds: MetricHistogram.latencyBounds
        ).observe(.milliseconds(3))
        registry.histogram(
            "bft_batch_bytes", help: "Sizes.", unit: .plain, bounds: [100, 1_000]
        ).observe(7)
        ProcessMetrics.add(to: registry)
        let outcome = try tool.run(["check", "metrics"], input: page(registry))
        #expect(outcome.status == 0)
        #expect(outcome.output == "", "\(outcome.output)")
    }

    @Test("What the process uses is told")
    func tellsProcess() {
        let registry = MetricsRegistry()
        ProcessMetrics.add(to: registry)
        var values: [Substring: Double] = [:]
        for line in page(registry).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[parts[0]] = Double(parts[1])
        }
        #expect(values["process_resident_memory_bytes"] ?? 0 > 1_000_000)
        #expect(values["process_open_fds"] ?? 0 >= 3)
        #expect(values["process_cpu_seconds_total"] ?? 0 > 0)
        #expect(values["process_start_time_seconds"] ?? 0 > 1_500_000_000)
    }
}
