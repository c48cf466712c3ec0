import BFTBase
import BFTCore
import Testing

@testable import ProtocolPBFT

/// How long a replica waits that is given 100 ms at first.
@Suite struct PacemakerTests {
    @Test("Each view given up doubles the time, up to the limit, and each commit halves it again")
    func backOff() {
        var pacemaker = PBFTPacemaker(
            timing: .init(
                viewTimeout: .milliseconds(100), idleInterval: .milliseconds(500), backoffLimit: 3),
            validatorCount: 4)
        let (failing, other) = (ValidatorIndex(1), ValidatorIndex(2))
        let start = Instant(nanoseconds: 7_000_000_000)
        func time(_ leader: ValidatorIndex) -> Interval {
            pacemaker.deadline(for: leader, from: start).since(start)
        }
        var times: [Interval] = []
        for _ in 0..<5 {
            times.append(time(other))
            pacemaker.gaveUp(on: failing, at: start)
        }
        #expect(times == [100, 200, 400, 800, 800].map { .milliseconds($0) })
        times = []
        for _ in 0..<5 {
            pacemaker.committed()
            times.append(time(other))
        }
        #expect(times == [400, 200, 100, 100, 100].map { .milliseconds($0) })
        pacemaker.gaveUp(on: failing, at: start)
        #expect(time(other) == .milliseconds(200))
        // What the time is for does not change it.
        #expect(pacemaker.idleInterval == .milliseconds(500))
        #expect(pacemaker.resendInterval == .milliseconds(100))
    }

    @Test("A leader that was given up, or whose link broke, gets a sixteenth until it is heard of")
    func silence() {
        var pacemaker = PBFTPacemaker(
            timing: .init(viewTimeout: .milliseconds(160), idleInterval: .milliseconds(500)),
            validatorCount: 4)
        let (first, second) = (ValidatorIndex(1), ValidatorIndex(3))
        let start = Instant(nanoseconds: 7_000_000_000)
        func time(_ leader: ValidatorIndex) -> Interval {
            pacemaker.deadline(for: leader, from: start).since(start)
        }
        pacemaker.lost(first, at: start)
        pacemaker.lost(ValidatorIndex(4), at: start)
        #expect(time(first) == .milliseconds(10))
        #expect(time(second) == .milliseconds(160))
        pacemaker.heard(from: first)
        #expect(time(first) == .milliseconds(160))
        pacemaker.gaveUp(on: second, at: start)
        #expect(time(first) == .milliseconds(320))
        #expect(time(second) == .milliseconds(20))
        pacemaker.heard(from: second)
        #expect(time(second) == .milliseconds(320))
    }

    @Test("A link that breaks in the middle leaves a sixteenth from then on, and never more")
    func brokenLink() {
        var pacemaker = PBFTPacemaker(
            timing: .init(viewTimeout: .milliseconds(160), idleInterval: .milliseconds(500)),
            validatorCount: 4)
        let (leader, start) = (ValidatorIndex(2), Instant(nanoseconds: 1_000_000_000))
        for (broke, left) in [(100, 110), (155, 160), (0, 10)] as [(UInt64, UInt64)] {
            pacemaker.lost(leader, at: start.advanced(by: .milliseconds(broke)))
            let deadline = pacemaker.deadline(for: leader, from: start)
            #expect(deadline.since(start) == .milliseconds(left))
        }
    }
}
