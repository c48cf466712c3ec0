import BFTBase
import Testing

@testable import BFTSimulator

@Suite struct MachineClockTests {
    @Test("A timer that was set on a machine's clock is due when that clock shows it, not earlier")
    func timers() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<2_000 {
            let clock = MachineClock(
                origin: UInt64.random(in: 0...1 << 50, using: &random),
                driftPerMillion: Int.random(in: -50_000...50_000, using: &random))
            let now = Instant(nanoseconds: UInt64.random(in: 0...1 << 44, using: &random))
            let wanted = clock.local(at: now).advanced(
                by: Interval(nanoseconds: UInt64.random(in: 0...1 << 40, using: &random)))
            let due = clock.world(at: wanted)
            #expect(clock.local(at: due) >= wanted)
            if due.nanoseconds > 0 {
                let earlier = Instant(nanoseconds: due.nanoseconds - 1)
                #expect(clock.local(at: earlier) < wanted)
            }
            #expect(clock.local(at: now.advanced(by: .seconds(1))) > clock.local(at: now))
        }
    }

    @Test("A clock that gains a hundredth shows a hundredth more, and skew moves the wall alone")
    func speed() {
        let clock = MachineClock(origin: 7, driftPerMillion: 10_000, skewMilliseconds: -300)
        let time = Instant(nanoseconds: 2_000_000_000)
        #expect(clock.local(at: time).nanoseconds == 2_020_000_007)
        #expect(clock.wall(at: time).milliseconds == MachineClock.epoch + 2_020 - 300)
        #expect(clock.wall(at: time, jump: 5).milliseconds == MachineClock.epoch + 2_020 - 295)
    }
}
