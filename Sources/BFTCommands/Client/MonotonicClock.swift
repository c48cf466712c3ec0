import BFTBase
import Glibc

/// The system's monotonic clock.
enum MonotonicClock {
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// A point in time after which waiting is pointless.
struct Deadline {
    private let end: Instant

    init(_ interval: Interval) {
        end = Instant(nanoseconds: MonotonicClock.nanoseconds).advanced(by: interval)
    }

    /// What is left, in milliseconds, rounded up: what `poll` takes.
    var millisecondsLeft: Int32 {
        let left = end.since(Instant(nanoseconds: MonotonicClock.nanoseconds)).nanoseconds
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    var isOver: Bool { millisecondsLeft == 0 }
}
