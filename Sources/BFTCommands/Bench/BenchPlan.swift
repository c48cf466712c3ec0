import BFTBase
import BFTConfiguration

/// What a load run does.
struct BenchPlan {
    var endpoints: [Endpoint]
    var clients = 50
    /// The most requests of one client that wait for an answer.
    var pipeline = 1
    var command = BenchCommand.set
    var valueBytes = 64
    var keyspace: UInt64 = 100_000
    var seed: UInt64 = 1
    var warmUp = Interval.seconds(1)
    var measured = Interval.seconds(10)
    /// How long answers are waited for after the end.
    var drain = Interval.seconds(2)
    /// Requests a second of all clients together, sent whether or not answers come (open loop), or
    /// `nil` to send as fast as answers come (closed loop).
    var rate: Double?
    var password: String?
    /// The processes whose processor time is reported.
    var processes: [Int] = []
}

/// What a load run found.
struct BenchResult {
    /// The latencies, in nanoseconds, of all answers without an error, late ones included.
    var histogram = LatencyHistogram()
    /// Answers without an error before the end.
    var succeeded: UInt64 = 0
    var errors: [String: UInt64] = [:]
    /// Requests that no answer came for, or that could not even be sent in time.
    var unanswered: UInt64 = 0
    var seconds = 0.0
    /// Microseconds of processor time while it was measured, by process.
    var processorTimes: [(identifier: Int, microseconds: Double?)] = []
    var ownMicroseconds = 0.0

    var errorCount: UInt64 { errors.values.reduce(0, +) }
    var perSecond: Double { seconds > 0 ? Double(succeeded) / seconds : 0 }

    /// The kinds of errors that are told apart; a hostile server could invent any number.
    static let kindLimit = 16

    mutating func countError(_ kind: String, _ number: UInt64 = 1) {
        let known = errors[kind] != nil || errors.count < Self.kindLimit
        errors[known ? kind : "other", default: 0] += number
    }
}
