import BFTBase
import BFTCore
import Testing

/// Whom a replica waits for, and for how long.
@Suite struct LeaderWatchTests {
    private static let timeout = Interval.milliseconds(1_000)

    /// v0's opinions among validators of these powers.
    private static func watch(_ powers: [VotingPower] = [1, 1, 1, 1]) throws -> LeaderWatch {
        let configuration = ReplicaConfiguration(
            chain: Digest(1, 2, 3, 4), epoch: .zero, validators: try ValidatorSet(powers),
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: timeout, idleInterval: .seconds(1)))
        return LeaderWatch(configuration)
    }

    /// Every leader but those named needs `milliseconds` for its turn.
    private static func deliver(
        _ milliseconds: UInt64, to watch: inout LeaderWatch, count: Int = 4,
        without absent: Set<Int> = []
    ) {
        for leader in 0..<count where !absent.contains(leader) {
            watch.delivered(ValidatorIndex(leader), after: .milliseconds(milliseconds))
            watch.pardon(ValidatorIndex(leader))
        }
    }

    /// The rounds, of the first `count`, in which v`leader` is waited for while the chain grows.
    private static func tries(
        _ watch: LeaderWatch, _ leader: Int, of count: UInt64 = 1_024, among validators: UInt64 = 4
    ) -> [UInt64] {
        (0..<count).filter { round in
            let turn = round * validators + UInt64(leader)
            return !watch.isPassed(ValidatorIndex(leader), in: turn, committed: turn)
        }
    }

    private static func time(_ watch: LeaderWatch, _ leader: Int) -> Interval {
        watch.timeout(for: ValidatorIndex(leader), in: 3, committed: 3)
    }

    // MARK: Silence

    @Test("A leader that was waited for in vain is passed until it is heard of")
    func silence() throws {
        var watch = try Self.watch()
        #expect(Self.tries(watch, 1, of: 4) == [0, 1, 2, 3])
        watch.failed(ValidatorIndex(1), in: 1, isLate: true)
        #expect(Self.tries(watch, 1).isEmpty)
        #expect(watch.isSilent(ValidatorIndex(1)))
        #expect(Self.tries(watch, 2, of: 4) == [0, 1, 2, 3])
        watch.heard(from: ValidatorIndex(1))
        #expect(Self.tries(watch, 1) == [511, 1_023])
    }

    @Test("A broken link costs a leader no patience: it has all its turns once it is heard of")
    func brokenLink() throws {
        var watch = try Self.watch()
        watch.lost(ValidatorIndex(1))
        watch.lost(ValidatorIndex(9))
        #expect(Self.tries(watch, 1).isEmpty)
        #expect(!watch.isSilent(ValidatorIndex(9)))
        watch.heard(from: ValidatorIndex(1))
        #expect(Self.tries(watch, 1, of: 4) == [0, 1, 2, 3])
    }

    @Test("A replica always waits for itself, as long as for others, whatever it saw of its turns")
    func own() throws {
        var watch = try Self.watch()
        watch.lost(ValidatorIndex(0))
        watch.failed(ValidatorIndex(0), in: 0, isLate: true)
        Self.deliver(4, to: &watch, without: [0])
        for _ in 0..<8 { watch.delivered(ValidatorIndex(0), after: .seconds(1)) }
        #expect(Self.tries(watch, 0, of: 4) == [0, 1, 2, 3])
        #expect(Self.time(watch, 0) == .milliseconds(250))
    }

    // MARK: Patience

    @Test("A leader that failed has its turn in one round of 512, and doubles that by delivering")
    func patience() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(1), in: 1, isLate: false)
        var rounds: [Int] = []
        for _ in 0..<10 {
            rounds.append(Self.tries(watch, 1).count)
            watch.delivered(ValidatorIndex(1), after: nil)
        }
        #expect(rounds == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])
        // However often it fails, it is never out for longer.
        for _ in 0..<20 { watch.failed(ValidatorIndex(1), in: 511 * 4, isLate: false) }
        #expect(Self.tries(watch, 1) == [511, 1_023])
    }

    @Test("That a leader is passed in a round that is not its own says nothing of it")
    func passedTurns() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(1), in: 1, isLate: false)
        watch.delivered(ValidatorIndex(1), after: nil)
        let before = watch
        for turn in [4, 8, 254 * 4, 256 * 4] as [UInt64] {
            watch.failed(ValidatorIndex(1), in: turn, isLate: false)
        }
        #expect(watch == before)
        watch.failed(ValidatorIndex(1), in: 255 * 4, isLate: false)
        #expect(watch != before)
    }

    @Test("Replicas with different patience wait for a leader in common rounds")
    func commonRounds() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(3), in: 3, isLate: false)
        for _ in 0..<9 {
            let seldom = Set(Self.tries(watch, 3))
            watch.delivered(ValidatorIndex(3), after: nil)
            #expect(!seldom.isEmpty && seldom.isSubset(of: Self.tries(watch, 3)))
        }
    }

    @Test("If those who failed come to a third of the power, those who did best since are forgiven")
    func manyFailed() throws {
        var watch = try Self.watch([1, 1, 1, 1, 1, 1, 1])
        func rounds(_ leader: Int) -> Int { Self.tries(watch, leader, of: 512, among: 7).count }
        for leader in 4...5 {
            watch.failed(ValidatorIndex(leader), in: UInt64(leader), isLate: false)
        }
        #expect(rounds(4) == 1 && rounds(5) == 1)
        watch.delivered(ValidatorIndex(5), after: nil)
        watch.failed(ValidatorIndex(6), in: 6, isLate: false)
        #expect(rounds(4) == 1 && rounds(5) == 512 && rounds(6) == 1)
        // One that holds a third alone may be all that is malicious, and is never forgiven for
        // itself.
        var heavy = try Self.watch([1, 1, 2])
        heavy.failed(ValidatorIndex(1), in: 1, isLate: false)
        heavy.failed(ValidatorIndex(2), in: 2, isLate: false)
        #expect(Self.tries(heavy, 1, of: 8, among: 3).count == 8)
        #expect(Self.tries(heavy, 2, of: 8, among: 3).isEmpty)
    }

    @Test("Once a whole round brought no commit, everybody is waited for in full")
    func stillChain() throws {
        var watch = try Self.watch()
        Self.deliver(4, to: &watch)
        watch.lost(ValidatorIndex(1))
        watch.failed(ValidatorIndex(2), in: 2, isLate: false)
        #expect(watch.isPassed(ValidatorIndex(1), in: 9, committed: 5))
        #expect(!watch.isPassed(ValidatorIndex(1), in: 9, committed: 4))
        #expect(watch.isPassed(ValidatorIndex(2), in: 10, committed: 6))
        #expect(!watch.isPassed(ValidatorIndex(2), in: 10, committed: 5))
        #expect(
            watch.timeout(for: ValidatorIndex(1), in: 9, committed: 5) == .milliseconds(250))
        #expect(watch.timeout(for: ValidatorIndex(1), in: 9, committed: 4) == Self.timeout)
    }

    // MARK: Time

    @Test("The time for a turn is eight times the usual, within a quarter and the whole timeout")
    func timeouts() throws {
        var watch = try Self.watch()
        #expect(Self.time(watch, 3) == Self.timeout)
        for (time, expected) in [(3, 250), (31, 250), (40, 320), (125, 1_000), (400, 1_000)] {
            Self.deliver(UInt64(time), to: &watch)
            #expect(Self.time(watch, 3) == .milliseconds(UInt64(expected)))
        }
        // A third of the power moves nothing, in either direction.
        Self.deliver(40, to: &watch)
        for time in [0, 1_000_000] as [UInt64] {
            watch.delivered(ValidatorIndex(3), after: .milliseconds(time))
            #expect(Self.time(watch, 2) == .milliseconds(320))
        }
    }

    @Test(
        "A leader that is slow again and again has to be as fast as most, whatever pattern it has")
    func slowness() throws {
        // 2 of 3, 1 of 2, 1 of 9 turns at just below the time that all have.
        for (slow, fast) in [(2, 1), (1, 1), (1, 8)] {
            var watch = try Self.watch()
            Self.deliver(4, to: &watch)
            var (turns, wasted) = (0, 0)
            while Self.time(watch, 2) == .milliseconds(250), turns < 1_000 {
                let isSlow = turns % (slow + fast) < slow
                Self.deliver(4, to: &watch, without: [2])
                watch.delivered(
                    ValidatorIndex(2), after: .milliseconds(isSlow ? 240 : 4))
                watch.pardon(ValidatorIndex(2))
                if isSlow { wasted += 236 }
                turns += 1
            }
            #expect(Self.time(watch, 2) == .milliseconds(3 * 4 + 2))
            #expect(Self.time(watch, 1) == .milliseconds(250))
            #expect(wasted < 500, "\(slow) slow, \(fast) fast")
        }
    }

    @Test("A slow turn now and then is pardoned, and so is all in the end")
    func pardon() throws {
        var watch = try Self.watch()
        // 26 ms too slow in each of 40 turns: half of what 40 rounds of 16 ms are good for.
        for turn in 0..<400 {
            Self.deliver(4, to: &watch, without: [2])
            watch.delivered(ValidatorIndex(2), after: .milliseconds(turn % 40 == 0 ? 40 : 4))
            watch.pardon(ValidatorIndex(2))
            #expect(Self.time(watch, 2) == .milliseconds(250))
        }
        for _ in 0..<2 { watch.delivered(ValidatorIndex(2), after: .milliseconds(240)) }
        #expect(Self.time(watch, 2) == .milliseconds(14))
        for _ in 0..<1_000 { watch.pardon(ValidatorIndex(2)) }
        #expect(Self.time(watch, 2) == .milliseconds(250))
    }

    @Test("When everything takes longer all of a sudden, no leader owes anything for it")
    func moreToDo() throws {
        var watch = try Self.watch()
        for time in [3, 60, 3, 25, 70] as [UInt64] {
            for _ in 0..<40 { Self.deliver(time, to: &watch) }
            for leader in 1..<4 { #expect(Self.time(watch, leader) >= .milliseconds(250)) }
        }
    }

    @Test(
        "The time doubles with each turn that was too short, up to a limit, and shrinks by commits")
    func doubling() throws {
        var watch = try Self.watch()
        Self.deliver(3, to: &watch)
        for _ in 0..<2 { watch.backOff() }
        func stillTime() -> Interval {
            watch.timeout(for: ValidatorIndex(3), in: 9, committed: 3)
        }
        #expect(Self.time(watch, 3) == .milliseconds(1_000))
        #expect(stillTime() == .milliseconds(4_000))
        for _ in 0..<100 { watch.backOff() }
        // As long as with the whole timeout and six doublings.
        #expect(Self.time(watch, 3) == .milliseconds(64_000))
        #expect(stillTime() == .milliseconds(64_000))
        for _ in 0..<8 { watch.committed() }
        #expect(Self.time(watch, 3) == .milliseconds(250))
        watch.committed()
        #expect(Self.time(watch, 3) == .milliseconds(250))
    }

    @Test("Nothing that can be seen traps: a lone validator, the last turn, the longest times")
    func extremes() throws {
        var lone = try Self.watch([1])
        lone.delivered(ValidatorIndex(0), after: Interval(nanoseconds: .max))
        lone.pardon(ValidatorIndex(0))
        #expect(!lone.isPassed(ValidatorIndex(0), in: .max, committed: .max))
        #expect(lone.timeout(for: ValidatorIndex(0), in: .max, committed: .max) == Self.timeout)
        var watch = try Self.watch()
        for _ in 0..<20 {
            for leader in [0, 2, 3] {
                watch.delivered(ValidatorIndex(leader), after: .zero)
            }
            watch.delivered(ValidatorIndex(1), after: Interval(nanoseconds: .max))
            watch.failed(ValidatorIndex(1), in: .max, isLate: true)
            watch.pardon(ValidatorIndex(1))
        }
        #expect(Self.time(watch, 1) == .milliseconds(2))
        #expect(!watch.isPassed(ValidatorIndex(1), in: .max, committed: 0))
    }
}
