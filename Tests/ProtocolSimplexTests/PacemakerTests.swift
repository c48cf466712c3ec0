import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// How long a replica of four waits that is given 1,000 ms at first.
@Suite struct PacemakerTests {
    private let own = ValidatorIndex(0)
    private let leader = ValidatorIndex(1)

    private static func pacemaker() -> SimplexPacemaker {
        SimplexPacemaker(
            timing: .init(
                viewTimeout: .milliseconds(1_000), idleInterval: .milliseconds(400),
                backoffLimit: 3), validatorCount: 4)
    }

    @Test("Each view that it was too short for doubles the time, and each commit halves it again")
    func backOff() {
        var pacemaker = Self.pacemaker()
        var times: [Interval] = []
        for _ in 0..<5 {
            times.append(pacemaker.timeout(for: leader))
            pacemaker.backOff()
        }
        #expect(times == [1_000, 2_000, 4_000, 8_000, 8_000].map { .milliseconds($0) })
        times = []
        for _ in 0..<5 {
            pacemaker.committed()
            times.append(pacemaker.timeout(for: leader))
        }
        #expect(times == [4_000, 2_000, 1_000, 1_000, 1_000].map { .milliseconds($0) })
        pacemaker.backOff()
        #expect(pacemaker.timeout(for: leader) == .milliseconds(2_000))
        // What the time is for does not change it.
        #expect(pacemaker.idleInterval == .milliseconds(400))
        #expect(pacemaker.resendInterval == .milliseconds(1_000))
    }

    @Test("A leader that was given up has a sixteenth of the time until it is heard of")
    func silentLeader() {
        var pacemaker = Self.pacemaker()
        pacemaker.gaveUp(on: leader)
        #expect(pacemaker.timeout(for: leader) == .milliseconds(125))
        #expect(pacemaker.timeout(for: own) == .milliseconds(2_000))
        pacemaker.heard(from: own)
        #expect(pacemaker.timeout(for: leader) == .milliseconds(125))
        pacemaker.heard(from: leader)
        #expect(pacemaker.timeout(for: leader) == .milliseconds(2_000))
        // Nobody has less than ten milliseconds.
        var short = SimplexPacemaker(
            timing: .init(viewTimeout: .milliseconds(40), idleInterval: .milliseconds(40)),
            validatorCount: 4)
        short.gaveUp(on: leader)
        #expect(short.timeout(for: leader) == .milliseconds(10))
    }

    @Test(
        "Votes to finalize are held back until it was in vain, and again from a view that all know"
    )
    func grace() {
        var pacemaker = Self.pacemaker()
        let whole = Interval.milliseconds(10)
        #expect(pacemaker.grace(in: View(1)) == whole)
        for missed in [3, 63] as [UInt64] {
            pacemaker.missedVotes(in: View(missed))
            #expect(pacemaker.grace(in: View(63)).nanoseconds == 0)
            #expect(pacemaker.grace(in: View(64)) == whole)
        }
        pacemaker.missedVotes(in: View(64))
        #expect(pacemaker.grace(in: View(127)).nanoseconds == 0)
        pacemaker.missedVotes(in: View(5))
        #expect(pacemaker.grace(in: View(127)).nanoseconds == 0, "what came late changes nothing")
        #expect(pacemaker.grace(in: View(128)) == whole)
    }

    @Test("An empty block waits as long as the network may idle, and less while another is pending")
    func idle() {
        let pacemaker = Self.pacemaker()
        #expect(pacemaker.proposalDelay(isWorkUncommitted: false) == .milliseconds(400))
        #expect(pacemaker.proposalDelay(isWorkUncommitted: true) == .milliseconds(250))
        let idle = SimplexPacemaker(
            timing: .init(viewTimeout: .milliseconds(1_000), idleInterval: .milliseconds(100)),
            validatorCount: 4)
        #expect(idle.proposalDelay(isWorkUncommitted: true) == .milliseconds(100))
    }
}
