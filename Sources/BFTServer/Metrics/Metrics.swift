public import BFTBase
internal import Synchronization

/// A number that only grows.
public final class MetricCounter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    public var value: UInt64 { count.load(ordering: .relaxed) }

    /// Adds `amount`. Only one thread may do so: a plain load and store, so it costs next to
    /// nothing.
    @inline(__always)
    public func increment(by amount: UInt64 = 1) {
        count.store(count.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Adds `amount`, from any thread.
    public func incrementShared(by amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }
}

/// A number that goes up and down. Any thread may set it.
public final class MetricGauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    public func set(_ value: some BinaryInteger) { set(Double(value)) }
    public func set(_ value: Bool) { set(value ? 1.0 : 0.0) }
}

/// How often a quantity was how large. Only one thread may observe.
///
/// Observations are integers, in nanoseconds where the metric is in seconds, and so are the
/// bounds: an observation is a few comparisons and two additions.
public final class MetricHistogram: Sendable {
    /// What an observation counts.
    public enum Unit: Sendable {
        /// Nanoseconds in, seconds out.
        case seconds
        /// Bytes, transactions: the same in and out.
        case plain

        var divisor: Double { self == .seconds ? 1e9 : 1 }
    }

    let unit: Unit
    /// The upper bounds of the buckets, rising. Larger values are in a last bucket of their own.
    let bounds: [UInt64]
    private let counters: [MetricCounter]
    private let total = MetricCounter()

    init(unit: Unit, bounds: [UInt64]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds rise")
        self.unit = unit
        self.bounds = bounds
        counters = (0...bounds.count).map { _ in MetricCounter() }
    }

    public func observe(_ value: UInt64) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counters[bucket].increment()
        total.increment(by: value)
    }

    public func observe(_ interval: Interval) { observe(interval.nanoseconds) }

    /// How many values are at most as large as each bound, and how many there are at all.
    var cumulative: [UInt64] {
        var sum: UInt64 = 0
        return counters.map { counter in
            sum &+= counter.value
            return sum
        }
    }

    var sum: Double { Double(total.value) / unit.divisor }

    /// From 100 µs to 10 s, for times.
    public static let latencyBounds: [UInt64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
        50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
        5_000_000_000, 10_000_000_000,
    ]
}
