public import BFTBase
import Glibc
import Synchronization

/// Adds up the processor time that some work takes, on whatever threads it is done.
public final class CPUMeter: Sendable {
    private let nanoseconds = Atomic<UInt64>(0)

    /// The processor time of all measured work so far.
    public var total: Interval { Interval(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    /// Carries out `work` and adds what it took of this thread's processor time.
    func measure<Result>(_ work: () -> Result) -> Result {
        let start = Self.now
        defer { nanoseconds.wrappingAdd(Self.now &- start, ordering: .relaxed) }
        return work()
    }

    private static var now: UInt64 {
        var time = timespec()
        // Can't fail: every thread has this clock.
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
