internal import Synchronization

/// All metrics of a node, and their text for Prometheus.
///
/// A metric is made once, at start, and kept by whoever counts: counting takes no lock and looks
/// nothing up. Rendering reads while others count, so that two numbers of one page may be a
/// moment apart.
///
/// Source: Prometheus text exposition format 0.0.4, and its naming conventions.
public final class MetricsRegistry: Sendable {
    private enum Instrument: Sendable {
        case counter(MetricCounter)
        case gauge(MetricGauge)
        case histogram(MetricHistogram)
        case computed(@Sendable () -> Double)
    }

    private struct Series: Sendable {
        /// `{name="value",…}`, or empty.
        let labels: String
        let instrument: Instrument
    }

    private struct Family: Sendable {
        let name: String
        let help: String
        let type: String
        var series: [Series] = []
    }

    private let families = Mutex<[Family]>([])

    public init() {}

    /// A counter. Its name ends in `_total`. The same name with other labels belongs to the same
    /// metric; with the same labels it is a mistake.
    ///
    /// - Precondition: for all of these, the name is one that Prometheus takes, and each name has
    ///   one type and each series is made once.
    public func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) -> MetricCounter {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        let counter = MetricCounter()
        add(name, help, "counter", labels, .counter(counter))
        return counter
    }

    public func gauge(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) -> MetricGauge {
        let gauge = MetricGauge()
        add(name, help, "gauge", labels, .gauge(gauge))
        return gauge
    }

    /// A gauge whose value is asked for when the page is rendered, on the thread that does.
    public func gauge(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        value: @escaping @Sendable () -> Double
    ) { add(name, help, "gauge", labels, .computed(value)) }

    /// A counter whose value is asked for when the page is rendered, on the thread that does.
    public func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        value: @escaping @Sendable () -> Double
    ) {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        add(name, help, "counter", labels, .computed(value))
    }

    /// A histogram. Its name ends in the unit: `_seconds`, `_bytes`.
    public func histogram(
        _ name: String, help: String, unit: MetricHistogram.Unit, bounds: [UInt64],
        labels: KeyValuePairs<String, String> = [:]
    ) -> MetricHistogram {
        precondition(
            (unit == .seconds) == name.hasSuffix("_seconds"),
            "the name of a metric in seconds ends in _seconds, and no other: \(name)")
        let histogram = MetricHistogram(unit: unit, bounds: bounds)
        add(name, help, "histogram", labels, .histogram(histogram))
        return histogram
    }

    private func add(
        _ name: String, _ help: String, _ type: String, _ labels: KeyValuePairs<String, String>,
        _ instrument: Instrument
    ) {
        precondition(Self.isName(name), "'\(name)' is no name of a metric")
        let text = Self.render(labels)
        families.withLock { families in
            let position =
                families.firstIndex { $0.name == name }
                ?? {
                    families.append(Family(name: name, help: help, type: type))
                    return families.count - 1
                }()
            precondition(families[position].type == type, "\(name) is a \(families[position].type)")
            precondition(
                !families[position].series.contains { $0.labels == text },
                "\(name)\(text) is made twice")
            families[position].series.append(Series(labels: text, instrument: instrument))
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: ":") else { return false }
        return !(first &- 48 < 10)
            && name.utf8.allSatisfy {
                ($0 | 0x20) &- UInt8(ascii: "a") < 26 || $0 &- 48 < 10 || $0 == UInt8(ascii: "_")
            }
    }

    private static func render(_ labels: KeyValuePairs<String, String>) -> String {
        guard !labels.isEmpty else { return "" }
        let parts = labels.map { name, value in
            precondition(
                isName(name) && name != "le" && !name.hasPrefix("__"),
                "'\(name)' is no name of a label")
            return "\(name)=\"\(escape(value, quotes: true))\""
        }
        return "{\(parts.joined(separator: ","))}"
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The page for Prometheus, as UTF-8. Its type is `text/plain; version=0.0.4`.
    public func render() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(Self.escape(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.type)\n"
            for series in family.series { Self.render(series, family.name, &text) }
        }
        return Array(text.utf8)
    }

    private static func render(_ series: Series, _ name: String, _ text: inout String) {
        switch series.instrument {
        case .counter(let counter): text += "\(name)\(series.labels) \(counter.value)\n"
        case .gauge(let gauge): text += "\(name)\(series.labels) \(number(gauge.value))\n"
        case .computed(let value): text += "\(name)\(series.labels) \(number(value()))\n"
        case .histogram(let histogram):
            let counts = histogram.cumulative
            let bounds = histogram.bounds.map { number(Double($0) / histogram.unit.divisor) }
            let inner = series.labels.isEmpty ? "" : series.labels.dropFirst().dropLast() + ","
            for (bound, count) in zip(bounds + ["+Inf"], counts) {
                text += "\(name)_bucket{\(inner)le=\"\(bound)\"} \(count)\n"
            }
            text += "\(name)_sum\(series.labels) \(number(histogram.sum))\n"
            text += "\(name)_count\(series.labels) \(counts[counts.count - 1])\n"
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers without a point, as far as a double counts exactly.
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
