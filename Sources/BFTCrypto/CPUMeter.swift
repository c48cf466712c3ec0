public import BFTBase
import Glibc
import Synchronization

/// Estimates the processor time that some work takes, on whatever threads it is done.
///
/// Reading a thread's clock enters the kernel, and twice for each signature checked it took a
/// fiftieth of a validator's time. So one piece of work in seventeen is measured, and counts
/// seventeen times: a prime, so that work that comes in rounds is met at every place of its round.
public final class CPUMeter: Sendable {
    /// Each piece of work that is measured stands for so many.
    package static let stride: UInt64 = 17

    private let pieces = Atomic<UInt64>(0)
    private let nanoseconds = Atomic<UInt64>(0)

    /// The processor time of all work so far, by what was measured of it.
    public var total: Interval { Interval(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    /// Carries out `work`, and if it is this one's turn adds what it took of this thread's time.
    func measure<Result>(_ work: () -> Result) -> Result {
        let piece = pieces.wrappingAdd(1, ordering: .relaxed).oldValue
        guard piece % Self.stride == 0 else { return work() }
        let start = Self.now
        defer {
            nanoseconds.wrappingAdd((Self.now &- start) &* Self.stride, ordering: .relaxed)
        }
        return work()
    }

    private static var now: UInt64 {
        var time = timespec()
        // Can't fail: every thread has this clock.
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
