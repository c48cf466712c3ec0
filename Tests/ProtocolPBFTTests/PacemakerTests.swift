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
                viewTimeout: .milliseconds(100), idleInterval: .milliseconds(500), backoffLimit: 3))
        var times: [Interval] = []
        for _ in 0..<5 {
            times.append(pacemaker.timeout)
            pacemaker.gaveUp()
        }
        #expect(times == [100, 200, 400, 800, 800].map { .milliseconds($0) })
        times = []
        for _ in 0..<5 {
            pacemaker.committed()
            times.append(pacemaker.timeout)
        }
        #expect(times == [400, 200, 100, 100, 100].map { .milliseconds($0) })
        pacemaker.gaveUp()
        #expect(pacemaker.timeout == .milliseconds(200))
        // What the time is for does not change it.
        #expect(pacemaker.idleInterval == .milliseconds(500))
        #expect(pacemaker.resendInterval == .milliseconds(100))
    }
}
