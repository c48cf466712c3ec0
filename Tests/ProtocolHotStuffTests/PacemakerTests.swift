import BFTBase
import BFTCore
import Testing

@testable import ProtocolHotStuff

/// How long is waited for whom, among seven validators that are given 160 ms at first.
@Suite struct PacemakerTests {
    static let validators = try! ValidatorSet([1, 1, 1, 1, 1, 1, 1])

    static func pacemaker() -> HotStuffPacemaker {
        HotStuffPacemaker(
            ReplicaConfiguration(
                chain: .zero, epoch: .zero, validators: validators, own: ValidatorIndex(6),
                timing: .init(
                    viewTimeout: .milliseconds(160), idleInterval: .milliseconds(500),
                    backoffLimit: 3)))
    }

    static func fail(
        _ pacemaker: inout HotStuffPacemaker, _ leader: Int, in tenure: UInt64
    ) {
        pacemaker.failed(ValidatorIndex(leader), in: tenure) {
            HotStuffThreeChainRules().isTooShort(failedBy: $0, of: validators)
        }
    }

    static func succeed(
        _ pacemaker: inout HotStuffPacemaker, _ leader: Int, in tenure: UInt64,
        _ milliseconds: UInt64
    ) {
        pacemaker.succeeded(
            ValidatorIndex(leader), in: tenure, within: .milliseconds(milliseconds),
            doublings: pacemaker.failures)
    }

    @Test("A third of the power fails again and again and doubles nothing; one more doubles once")
    func doubling() {
        var pacemaker = Self.pacemaker()
        pacemaker.gaveUp(1_000, of: ValidatorIndex(3))
        for tenure in UInt64(0)..<100 {
            Self.fail(&pacemaker, Int(tenure % 2), in: tenure)
            // In a sixteenth of the time, and in the rest of a tenure that was given up.
            Self.fail(&pacemaker, 3, in: tenure)
            Self.fail(&pacemaker, 4, in: 1_000)
        }
        #expect(pacemaker.failures == 0)
        Self.fail(&pacemaker, 2, in: 100)
        #expect(pacemaker.failures == 1)
        // In the new time nobody has failed yet.
        Self.fail(&pacemaker, 0, in: 101)
        Self.fail(&pacemaker, 1, in: 102)
        #expect(pacemaker.failures == 1)
        for tenure in UInt64(103)..<200 { Self.fail(&pacemaker, Int(tenure % 7), in: tenure) }
        #expect(pacemaker.failures == 3, "the limit")
    }

    @Test("A leader that gets by in its next tenure does not count any more, in the same it does")
    func amends() {
        var pacemaker = Self.pacemaker()
        Self.fail(&pacemaker, 0, in: 0)
        Self.succeed(&pacemaker, 0, in: 0, 10)
        #expect(pacemaker.hasFailed(ValidatorIndex(0)))
        Self.succeed(&pacemaker, 0, in: 7, 10)
        #expect(!pacemaker.hasFailed(ValidatorIndex(0)))
        Self.fail(&pacemaker, 1, in: 8)
        Self.fail(&pacemaker, 2, in: 9)
        #expect(pacemaker.failures == 0)
        Self.fail(&pacemaker, 3, in: 10)
        #expect(pacemaker.failures == 1)
    }

    @Test("The time is halved again when more than two thirds got by in half of it, not before")
    func halving() {
        var pacemaker = Self.pacemaker()
        for leader in 0..<3 { Self.fail(&pacemaker, leader, in: UInt64(leader)) }
        // 320 ms now.
        for tenure in UInt64(10)..<100 {
            Self.succeed(&pacemaker, Int(tenure % 4), in: tenure, 160)
            Self.succeed(&pacemaker, 4, in: tenure, 161)
        }
        #expect(pacemaker.failures == 1)
        Self.succeed(&pacemaker, 4, in: 100, 160)
        #expect(pacemaker.failures == 0)
    }

    @Test("A leader that failed since it got by in half of the time does not count for halving it")
    func halvingAfterFailure() {
        var pacemaker = Self.pacemaker()
        for leader in 0..<3 { Self.fail(&pacemaker, leader, in: UInt64(leader)) }
        for leader in 0..<4 { Self.succeed(&pacemaker, leader, in: UInt64(10 + leader), 160) }
        // It would be the fifth of seven, and so would one that never got by.
        Self.fail(&pacemaker, 4, in: 14)
        Self.succeed(&pacemaker, 0, in: 17, 160)
        #expect(pacemaker.failures == 1)
        Self.fail(&pacemaker, 3, in: 20)
        Self.succeed(&pacemaker, 5, in: 22, 160)
        #expect(pacemaker.failures == 1)
        Self.succeed(&pacemaker, 6, in: 23, 160)
        #expect(pacemaker.failures == 0)
    }

    @Test("After a quorum gave a view up, the rest of the tenure is short, until one is certified")
    func givenUp() {
        var pacemaker = Self.pacemaker()
        let leader = ValidatorIndex(0)
        func time(_ tenure: UInt64) -> Interval {
            pacemaker.timeout(for: leader, in: tenure, doublings: 0, isStill: false)
        }
        #expect(time(5) == .milliseconds(160))
        pacemaker.heard(from: leader, in: 5)
        pacemaker.gaveUp(5, of: leader)
        #expect(time(5) == .milliseconds(10))
        #expect(time(6) == .milliseconds(160))
        pacemaker.certified(5)
        #expect(time(5) == .milliseconds(160))
        // It says nothing: no time at all, and a short one when it leads next.
        pacemaker.gaveUp(12, of: leader)
        #expect(time(12) == .zero)
        #expect(time(19) == .milliseconds(10))
        pacemaker.heard(from: leader, in: 12)
        #expect(time(12) == .milliseconds(10))
        #expect(time(19) == .milliseconds(160))
    }

    @Test("A leader gives itself the whole time, whatever the others say")
    func own() {
        var pacemaker = Self.pacemaker()
        pacemaker.gaveUp(6, of: ValidatorIndex(6))
        #expect(
            pacemaker.timeout(for: ValidatorIndex(6), in: 6, doublings: 1, isStill: false)
                == .milliseconds(320))
        pacemaker.lost(ValidatorIndex(6))
        #expect(!pacemaker.isUnlinked(ValidatorIndex(6)))
    }

    @Test(
        "A leader without a link has no time until it is linked or heard of, if the chain goes on")
    func brokenLink() {
        var pacemaker = Self.pacemaker()
        func time(isStill: Bool = false) -> Interval {
            pacemaker.timeout(for: ValidatorIndex(2), in: 2, doublings: 0, isStill: isStill)
        }
        for isHeard in [true, false] {
            pacemaker.lost(ValidatorIndex(7))
            pacemaker.lost(ValidatorIndex(2))
            #expect(time() == .zero)
            #expect(time(isStill: true) == .milliseconds(10))
            #expect(pacemaker.hasFailed(ValidatorIndex(2)))
            if isHeard {
                pacemaker.heard(from: ValidatorIndex(2), in: 1)
            } else {
                pacemaker.linked(ValidatorIndex(7))
                pacemaker.linked(ValidatorIndex(2))
            }
            #expect(time() == .milliseconds(160))
        }
    }
}
