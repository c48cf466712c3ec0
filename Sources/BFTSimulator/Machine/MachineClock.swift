import BFTBase

/// The clocks of one machine: a monotonic one that counts from a point of its own and not quite at
/// the right speed, and a wall clock that is off.
///
/// Drift is in millionths: a machine clock that gains 200 shows 1,000,200 µs after a second.
struct MachineClock: Sendable, Equatable {
    /// What the monotonic clock showed when the world began, in nanoseconds.
    let origin: UInt64
    let driftPerMillion: Int
    /// How far the wall clock was ahead when the world began, in milliseconds. May be negative.
    let skewMilliseconds: Int

    /// When the world began, in milliseconds since 1970.
    static let epoch: UInt64 = 1_700_000_000_000

    init(origin: UInt64 = 0, driftPerMillion: Int = 0, skewMilliseconds: Int = 0) {
        self.origin = origin
        self.driftPerMillion = driftPerMillion
        self.skewMilliseconds = skewMilliseconds
    }

    /// The clocks of a machine as `plan` allows them.
    static func drawn(_ plan: FaultPlan, from random: inout SplitMix64) -> MachineClock {
        let (drift, skew) = (plan.driftPerMillion, plan.skewMilliseconds)
        return MachineClock(
            origin: UInt64.random(in: 0...1_000_000_000_000, using: &random),
            driftPerMillion: Int.random(in: -drift...drift, using: &random),
            skewMilliseconds: Int.random(in: -skew...skew, using: &random))
    }

    /// What the monotonic clock shows at `time` of the world.
    func local(at time: Instant) -> Instant {
        Instant(nanoseconds: origin + Self.stretched(time.nanoseconds, by: driftPerMillion))
    }

    /// The first instant of the world at which the monotonic clock shows `local` or more.
    func world(at local: Instant) -> Instant {
        guard local.nanoseconds > origin else { return Instant(nanoseconds: 0) }
        let elapsed = local.nanoseconds - origin
        let rate = UInt64(1_000_000 + driftPerMillion)
        var time = elapsed / rate * 1_000_000 + elapsed % rate * 1_000_000 / rate
        while Self.stretched(time, by: driftPerMillion) < elapsed { time += 1 }
        while time > 0, Self.stretched(time - 1, by: driftPerMillion) >= elapsed { time -= 1 }
        return Instant(nanoseconds: time)
    }

    /// What the wall clock shows at `time` of the world, set wrong by `jump` milliseconds.
    func wall(at time: Instant, jump: Int = 0) -> Timestamp {
        let elapsed = Self.stretched(time.nanoseconds, by: driftPerMillion) / 1_000_000
        return Timestamp(
            milliseconds: UInt64(Int(Self.epoch + elapsed) + skewMilliseconds + jump))
    }

    private static func stretched(_ nanoseconds: UInt64, by perMillion: Int) -> UInt64 {
        let whole = Int(nanoseconds / 1_000_000) * perMillion
        let rest = Int(nanoseconds % 1_000_000) * perMillion / 1_000_000
        return UInt64(Int(nanoseconds) + whole + rest)
    }
}
