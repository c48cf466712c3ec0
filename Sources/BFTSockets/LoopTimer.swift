public import BFTBase
import CLibUV

/// A timer of an event loop. One that nobody holds any more does not fire.
///
/// It never fires before its deadline: libuv counts whole milliseconds, so deadlines are rounded
/// up to the next. Timers fire in the order of those milliseconds. Moving a deadline later, as an
/// idle timeout does with every message, changes one field: the timer wakes unseen at the old
/// time and gets in line again.
public final class LoopTimer: HandleOwner {
    private var timer: UnsafeMutablePointer<uv_timer_t>?
    private let action: () -> Void
    /// When to fire, in milliseconds of the loop's clock, or `nil` while nothing is scheduled.
    private var due: UInt64?
    /// When libuv wakes the timer, at or before `due`, or `nil` if it does not.
    private var armed: UInt64?
    /// The milliseconds between repetitions, or 0 to fire once.
    private var period: UInt64 = 0

    /// A timer that calls `action` when it fires, with nothing scheduled yet.
    ///
    /// - Precondition: called on the loop.
    public init(loop: EventLoop, _ action: @escaping () -> Void) {
        loop.preconditionOnLoop()
        self.action = action
        super.init(loop: loop)
        guard !loop.isEnding else { return }
        let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
        uv_timer_init(loop.uv, timer)
        timer.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        self.timer = timer
    }

    deinit { loopEnds() }

    /// Whether the timer is going to fire.
    public var isScheduled: Bool { due != nil }

    /// Fires once at `deadline`, instead of when it was scheduled before.
    public func schedule(at deadline: Instant) {
        period = 0
        set(due: Self.roundedUp(deadline.nanoseconds))
    }

    /// Fires once, `interval` from now, instead of when it was scheduled before.
    public func schedule(after interval: Interval) { schedule(at: loop.now.advanced(by: interval)) }

    /// Fires every `interval`, rounded up to whole milliseconds, beginning one from now.
    /// Repetitions that a busy loop missed are left out.
    public func schedule(every interval: Interval) {
        schedule(after: interval)
        period = max(1, Self.roundedUp(interval.nanoseconds))
    }

    /// Does not fire any more until it is scheduled again.
    public func cancel() {
        due = nil
        armed = nil
        period = 0
        if let timer { uv_timer_stop(timer) }
    }

    override func loopEnds() {
        guard let timer else { return }
        loop.preconditionOnLoop()
        cancel()
        self.timer = nil
        Self.dispose(timer)
    }

    private static func roundedUp(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds / 1_000_000 + (nanoseconds.isMultiple(of: 1_000_000) ? 0 : 1)
    }

    private func set(due: UInt64) {
        loop.preconditionOnLoop()
        guard timer != nil else { return }
        self.due = due
        if let armed, armed <= due { return }
        arm(at: due)
    }

    /// libuv adds the delay to its own reading of the clock, which this subtracts again: the
    /// wake-up is at `due` however old that reading is.
    private func arm(at due: UInt64) {
        guard let timer else { return }
        armed = due
        let now = uv_now(loop.uv)
        uv_timer_start(
            timer, { HandleOwner.from($0?.pointee.data, as: LoopTimer.self)?.wakeUp() },
            due > now ? due - now : 0, 0)
    }

    private func wakeUp() {
        let woken = armed
        armed = nil
        guard let due else { return }
        let now = uv_now(loop.uv)
        // A deadline moved later gets in line again, even if it has passed by now.
        guard due <= now, due == woken else { return arm(at: due) }
        self.due = nil
        if period > 0 { set(due: due + period * ((now - due) / period + 1)) }
        action()
    }
}
