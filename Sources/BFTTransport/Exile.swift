public import BFTBase

/// What a validator did that no validator does that follows the protocol. The raw value is the
/// label of a metric.
public enum Offence: String, CaseIterable, Sendable {
    /// It passed on a signature that does not hold.
    case forgery
    /// It sent what is no message.
    case malformed
    /// It sent frames of no form, or out of place.
    case format
    /// It sent more than a link may carry.
    case flood
    /// What came over its link was not sealed by it.
    case garbage

    /// The offence in what ended a link, or `nil` for silence, which is the network's.
    public init?(_ violation: LinkViolation) {
        switch violation {
        case .silent: return nil
        case .floodOfBytes, .floodOfFrames: self = .flood
        case .malformedFrame, .messageTooLarge, .strayFragment: self = .format
        case .session(.rekeyOverdue), .session(.malformedRekey): self = .format
        case .session(.forged), .session(.frameTooLong), .session(.frameTooShort),
            .session(.ended):
            self = .garbage
        }
    }

    /// Whether the peer alone can have done it. A length is read before its frame is opened, and a
    /// frame that does not open can be of anybody who writes into the connection.
    var isProved: Bool { self != .garbage }
}

/// Who is kept away, and until when: a validator is cut off for what it did, and gets another
/// chance.
///
/// A first offence costs 10 s, each further one four times as long as the one before, 640 s at
/// most; for each ten minutes without one after that, one is forgotten. An offence while a
/// validator is away costs nothing more: it is of what was under way when it was cut off.
///
/// Why nobody honest is kept away for long: a validator checks what it passes on, and the frames of
/// its link carry its seal, so only it can bring such an offence about. Garbage is the exception:
/// whoever can write into a connection can break it. It costs the shortest time, however often, and
/// is not remembered. A restart, a broken or a silent link is no offence.
public struct Exiles: Sendable, Equatable {
    private struct Record: Sendable, Equatable {
        /// The offences that are remembered, as far as they matter.
        var level = 0
        /// Until when it is kept away, if it is.
        var end: Instant?
        /// Since when it has behaved.
        var cleanSince = Instant(nanoseconds: 0)
    }

    private let limits: ExileLimits
    private var records: [Record]

    public init(validatorCount: Int, limits: ExileLimits = ExileLimits()) {
        self.limits = limits
        records = Array(repeating: Record(), count: validatorCount)
    }

    /// Notes an offence. Returns for how long `peer` is kept away from now on, or `nil` if it is
    /// already, or is no validator.
    public mutating func note(
        _ offence: Offence, of peer: ValidatorIndex, at now: Instant
    ) -> Interval? {
        let position = peer.rawValue
        guard records.indices.contains(position), records[position].end == nil else { return nil }
        let time: Interval
        if offence.isProved {
            forget(position, at: now)
            time = sentence(records[position].level)
            if time < limits.longest { records[position].level += 1 }
        } else {
            time = limits.shortest
        }
        records[position].end = now.advanced(by: time)
        return time
    }

    /// Whether `peer` is kept away.
    public func isAway(_ peer: ValidatorIndex) -> Bool { records[peer.rawValue].end != nil }

    /// When the next validator may come back.
    public var nextEnd: Instant? { records.compactMap(\.end).min() }

    /// The validators that may come back by now.
    public mutating func takeEnded(at now: Instant) -> [ValidatorIndex] {
        records.indices.compactMap { position in
            guard let end = records[position].end, end <= now else { return nil }
            records[position].end = nil
            // Time that it had no chance to misbehave in does not count, nor is any lost.
            if records[position].cleanSince < end { records[position].cleanSince = end }
            return ValidatorIndex(position)
        }
    }

    private func sentence(_ level: Int) -> Interval {
        var time = limits.shortest
        for _ in 0..<level { time = time.scaled(by: limits.growth) }
        return min(time, limits.longest)
    }

    private mutating func forget(_ position: Int, at now: Instant) {
        let clean = now.since(records[position].cleanSince).nanoseconds
        let forgotten = clean / limits.cleanInterval.nanoseconds
        records[position].level -= Int(min(forgotten, UInt64(records[position].level)))
    }
}

/// How many offences of each kind there were.
public struct OffenceCounts: Sendable {
    private var counts: InlineArray<5, UInt64> = .init(repeating: 0)

    public init() {}

    public subscript(offence: Offence) -> UInt64 {
        get { counts[Self.position(offence)] }
        set { counts[Self.position(offence)] = newValue }
    }

    private static func position(_ offence: Offence) -> Int {
        switch offence {
        case .forgery: 0
        case .malformed: 1
        case .format: 2
        case .flood: 3
        case .garbage: 4
        }
    }
}
