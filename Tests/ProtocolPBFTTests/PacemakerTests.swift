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
        var times: [Interval] = []
        for _ in 0..<5 {
            times.append(pacemaker.timeout(for: other))
            pacemaker.gaveUp(on: failing)
        }
        #expect(times == [100, 200, 400, 800, 800].map { .milliseconds($0) })
        times = []
        for _ in 0..<5 {
            pacemaker.committed()
            times.append(pacemaker.timeout(for: other))
        }
        #expect(times == [400, 200, 100, 100, 100].map { .milliseconds($0) })
        pacemaker.gaveUp(on: failing)
        #expect(pacemaker.timeout(for: other) == .milliseconds(200))
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
        pacemaker.lost(first)
        pacemaker.lost(ValidatorIndex(4))
        #expect(pacemaker.timeout(for: first) == .milliseconds(10))
        #expect(pacemaker.timeout(for: second) == .milliseconds(160))
        pacemaker.heard(from: first)
        #expect(pacemaker.timeout(for: first) == .milliseconds(160))
        pacemaker.gaveUp(on: second)
        #expect(pacemaker.timeout(for: first) == .milliseconds(320))
        #expect(pacemaker.timeout(for: second) == .milliseconds(20))
        pacemaker.heard(from: second)
        #expect(pacemaker.timeout(for: second) == .milliseconds(320))
    }
}
