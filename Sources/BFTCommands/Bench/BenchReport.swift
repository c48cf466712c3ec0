import BFTConfiguration
import BFTLogging

/// A result as text and as JSON.
struct BenchReport {
    let plan: BenchPlan
    let result: BenchResult

    private static let shares: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999),
    ]

    private func perTransaction(_ microseconds: Double) -> Double? {
        result.succeeded > 0 ? microseconds / Double(result.succeeded) : nil
    }

    var json: JSONText {
        let latencies: [(key: String, value: JSONText)] =
            Self.shares.map { ($0.name, .number(milliseconds($0.share))) } + [
                ("max", .number(Double(result.histogram.maximum) / 1e6)),
                ("mean", .number(result.histogram.mean / 1e6)),
            ]
        let errors = result.errors.sorted { $0.key < $1.key }
            .map { (key: $0.key, value: JSONText.integer(Int128($0.value))) }
        let processors = result.processorTimes.map { process in
            JSONText.object([
                ("pid", .integer(Int128(process.identifier))),
                ("microseconds", process.microseconds.map(JSONText.number) ?? .null),
                (
                    "microsecondsPerTransaction",
                    process.microseconds.flatMap(perTransaction).map(JSONText.number) ?? .null
                ),
            ])
        }
        return .object([
            ("command", .text(plan.command.rawValue)),
            ("endpoints", .array(plan.endpoints.map { .text($0.description) })),
            ("clients", .integer(Int128(plan.clients))),
            ("pipeline", .integer(Int128(plan.pipeline))),
            ("valueBytes", .integer(Int128(plan.valueBytes))),
            ("keyspace", .integer(Int128(plan.keyspace))),
            ("seed", .integer(Int128(plan.seed))),
            ("targetRate", plan.rate.map(JSONText.number) ?? .null),
            ("seconds", .number(result.seconds)),
            ("transactions", .integer(Int128(result.succeeded))),
            ("transactionsPerSecond", .number(result.perSecond)),
            ("latencyMilliseconds", .object(latencies)),
            ("errorCount", .integer(Int128(result.errorCount))),
            ("errors", .object(errors)),
            ("unanswered", .integer(Int128(result.unanswered))),
            ("cpu", .array(processors)),
            (
                "clientCpuMicrosecondsPerTransaction",
                perTransaction(result.ownMicroseconds).map(JSONText.number) ?? .null
            ),
        ])
    }

    private func milliseconds(_ share: Double) -> Double {
        Double(result.histogram.percentile(share)) / 1e6
    }

    var text: String {
        let rate = plan.rate.map { "\(Self.fixed($0, 0)) tx/s asked for" } ?? "closed loop"
        var lines = [
            "\(plan.command.rawValue): \(plan.clients) clients, pipeline \(plan.pipeline), "
                + "\(plan.valueBytes)-byte values, \(rate), \(Self.fixed(result.seconds, 1)) s",
            "throughput  \(Self.fixed(result.perSecond, 0)) tx/s (\(result.succeeded) in all)",
            "latency     "
                + Self.shares.map { "\($0.name) \(Self.fixed(milliseconds($0.share), 3))" }
                .joined(separator: "  ") + "  max "
                + Self.fixed(Double(result.histogram.maximum) / 1e6, 3) + " ms"
                + (plan.rate == nil ? "" : ", from the intended time of sending"),
        ]
        let kinds = result.errors.sorted { $0.key < $1.key }
            .map { "\(EscapedText.line($0.key)) \($0.value)" }
        let errors = kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))"
        lines.append("errors      \(result.errorCount)\(errors), unanswered \(result.unanswered)")
        var sum = 0.0
        for process in result.processorTimes {
            let cost = process.microseconds.flatMap(perTransaction)
            sum += cost ?? 0
            lines.append(
                "cpu         pid \(process.identifier): "
                    + (cost.map { "\(Self.fixed($0, 2)) µs/tx" } ?? "unknown: it is gone"))
        }
        if result.processorTimes.count > 1 {
            lines.append("cpu         together: \(Self.fixed(sum, 2)) µs/tx")
        }
        if let own = perTransaction(result.ownMicroseconds) {
            lines.append("cpu         this client: \(Self.fixed(own, 2)) µs/tx")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A number with so many digits behind the point.
    static func fixed(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, number.magnitude < 1e15 else { return "\(number)" }
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((number.magnitude * Double(scale)).rounded())
        let sign = number < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let rest = String(scaled % scale)
        return "\(sign)\(scaled / scale)."
            + String(repeating: "0", count: digits - rest.count) + rest
    }
}
