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
            watch.measured(ValidatorIndex(leader), .milliseconds(milliseconds))
            watch.pardon(ValidatorIndex(leader))
        }
    }

    /// The cycles, of the first `count`, in which v`leader` is waited for while the chain grows.
    private static func tries(
        _ watch: LeaderWatch, _ leader: Int, of count: UInt64 = 1_024, among validators: UInt64 = 4
    ) -> [UInt64] {
        (0..<count).filter { cycle in
            let turn = cycle * validators + UInt64(leader)
            return !watch.isPassed(ValidatorIndex(leader), in: turn, committed: turn)
        }
    }

    private static func time(_ watch: LeaderWatch, _ leader: Int) -> Interval {
        watch.timeout(for: ValidatorIndex(leader), in: 3, committed: 3)
    }

    // MARK: Silence

    @Test("Whose link broke, or whose turn was in vain, is passed until it says something later")
    func silence() throws {
        var watch = try Self.watch()
        #expect(Self.tries(watch, 1, of: 4) == [0, 1, 2, 3])
        #expect(!watch.isSomebodySilent)
        watch.lost(ValidatorIndex(1), in: 5)
        watch.lost(ValidatorIndex(9), in: 5)
        #expect(Self.tries(watch, 1).isEmpty)
        #expect(Self.tries(watch, 2, of: 4) == [0, 1, 2, 3])
        #expect(watch.isSilent(ValidatorIndex(1)) && watch.isSomebodySilent)
        #expect(!watch.isSilent(ValidatorIndex(9)))
        // What it said before comes late, or from somebody else.
        watch.heard(from: ValidatorIndex(1), in: 5)
        #expect(watch.isSilent(ValidatorIndex(1)))
        #expect(!watch.isLifeSign(of: ValidatorIndex(1), in: 5))
        #expect(watch.isLifeSign(of: ValidatorIndex(1), in: 6))
        #expect(!watch.isLifeSign(of: ValidatorIndex(2), in: 6))
        watch.heard(from: ValidatorIndex(1), in: 6)
        #expect(Self.tries(watch, 1, of: 4) == [0, 1, 2, 3])
        #expect(!watch.isSomebodySilent)
    }

    @Test("A replica always waits for itself, as long as for others, whatever it saw of its turns")
    func own() throws {
        var watch = try Self.watch()
        watch.lost(ValidatorIndex(0), in: 0)
        watch.failed(ValidatorIndex(0), in: 0)
        Self.deliver(4, to: &watch, without: [0])
        for _ in 0..<8 { watch.measured(ValidatorIndex(0), .seconds(1)) }
        #expect(Self.tries(watch, 0, of: 4) == [0, 1, 2, 3])
        #expect(Self.time(watch, 0) == .milliseconds(250))
    }

    @Test(
        "What was said ahead of this replica is a sign of life, and is not one again once repeated")
    func wordsAhead() throws {
        var watch = try Self.watch()
        watch.lost(ValidatorIndex(1), in: 5)
        watch.heard(from: ValidatorIndex(1), in: 9)
        #expect(!watch.isSilent(ValidatorIndex(1)))
        watch.lost(ValidatorIndex(1), in: 6)
        watch.heard(from: ValidatorIndex(1), in: 9)
        #expect(watch.isSilent(ValidatorIndex(1)))
        watch.heard(from: ValidatorIndex(1), in: 10)
        #expect(!watch.isSilent(ValidatorIndex(1)))
        watch.heard(from: ValidatorIndex(9), in: 10)
    }

    // MARK: Patience

    @Test("A leader that failed has its turn in one cycle of 512, and doubles that by delivering")
    func patience() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(1), in: 1)
        var rounds: [Int] = []
        for _ in 0..<10 {
            rounds.append(Self.tries(watch, 1).count)
            watch.delivered(ValidatorIndex(1))
        }
        #expect(rounds == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])
        // However often it fails, it is never out for longer.
        for _ in 0..<20 { watch.failed(ValidatorIndex(1), in: 510 * 4 + 1) }
        #expect(Self.tries(watch, 1) == [510, 1_022])
    }

    @Test("That a leader is passed in a cycle that is not its own says nothing of it")
    func passedTurns() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(1), in: 1)
        watch.delivered(ValidatorIndex(1))
        let before = watch
        for cycle in [1, 2, 253, 255] as [UInt64] {
            watch.failed(ValidatorIndex(1), in: cycle * 4 + 1)
        }
        #expect(watch == before)
        watch.failed(ValidatorIndex(1), in: 254 * 4 + 1)
        #expect(watch != before)
    }

    @Test("Replicas with different patience wait for a leader in common cycles")
    func commonRounds() throws {
        var watch = try Self.watch()
        watch.failed(ValidatorIndex(3), in: 3)
        for _ in 0..<9 {
            let seldom = Set(Self.tries(watch, 3))
            watch.delivered(ValidatorIndex(3))
            #expect(!seldom.isEmpty && seldom.isSubset(of: Self.tries(watch, 3)))
        }
    }

    @Test("If those who failed come to a third of the power, those who did best since are forgiven")
    func manyFailed() throws {
        var watch = try Self.watch([1, 1, 1, 1, 1, 1, 1])
        func rounds(_ leader: Int) -> Int { Self.tries(watch, leader, of: 512, among: 7).count }
        for leader in 4...5 {
            watch.failed(ValidatorIndex(leader), in: UInt64(leader))
        }
        #expect(rounds(4) == 2 && rounds(5) == 1)
        for _ in 0..<2 { watch.delivered(ValidatorIndex(5)) }
        watch.failed(ValidatorIndex(6), in: 6)
        #expect(rounds(4) == 2 && rounds(5) == 512 && rounds(6) == 1)
        // One that holds a third by itself is honest.
        var heavy = try Self.watch([1, 1, 2])
        heavy.failed(ValidatorIndex(1), in: 1)
        heavy.failed(ValidatorIndex(2), in: 2)
        #expect(Self.tries(heavy, 1, of: 8).count == 8)
        #expect(Self.tries(heavy, 2, of: 8).count == 8)
    }

    @Test("Every leader that failed is tried again, and seldom, however much power it has")
    func schedules() throws {
        let sets: [[VotingPower]] = [
            [1, 1, 1, 1], [6, 5, 4, 1], [4, 1, 1, 1], [3, 2, 2, 1, 1], [97, 89, 83, 79, 2],
            Array(repeating: 1, count: 100), Array(repeating: 7, count: 31) + [1],
        ]
        for powers in sets {
            let schedule = LeaderSchedule(try ValidatorSet(powers))
            for leader in 1..<powers.count {
                var watch = try Self.watch(powers)
                let first = try #require(
                    (0..<schedule.cycleLength).first {
                        schedule.leader(of: View($0 + 1)) == ValidatorIndex(leader)
                    })
                watch.failed(ValidatorIndex(leader), in: first)
                let tries = (first + 1...first + 8_192).count {
                    schedule.leader(of: View($0 + 1)) == ValidatorIndex(leader)
                        && !watch.isPassed(ValidatorIndex(leader), in: $0, committed: $0)
                }
                let isHonest = 3 * powers[leader] > powers.reduce(0, +)
                #expect(isHonest || (1...9).contains(tries), "v\(leader) of \(powers): \(tries)")
            }
        }
    }

    @Test("Those who failed are tried in different cycles, more seldom the more they are")
    func neighbours() throws {
        let count = 31
        var watch = try Self.watch(Array(repeating: 1, count: count))
        for leader in 1...10 { watch.failed(ValidatorIndex(leader), in: UInt64(leader)) }
        var tries: [UInt64: Int] = [:]
        for leader in 1...10 {
            for cycle in Self.tries(watch, leader, of: 512, among: UInt64(count)) {
                tries[cycle, default: 0] += 1
            }
        }
        #expect(tries.values.allSatisfy { $0 == 1 })
        // 512 cycles are 15,872 turns: one try for each 2,048, and twice as many at most while the
        // first to fail have not failed again.
        #expect((8...32).contains(tries.count), "\(tries.count)")
    }

    @Test("A leader that is forgiven is not charged with turns in which it was passed")
    func forgivenLeader() throws {
        var watch = try Self.watch()
        // v2 was restarted; then v1 votes and does not propose, and v2 was passed after it.
        watch.failed(ValidatorIndex(2), in: 2)
        watch.failed(ValidatorIndex(1), in: 41)
        watch.failed(ValidatorIndex(2), in: 42)
        #expect(!watch.isPassed(ValidatorIndex(2), in: 46, committed: 44))
        #expect(watch.isPassed(ValidatorIndex(1), in: 45, committed: 44))
        watch.failed(ValidatorIndex(2), in: 46)
        #expect(watch.isPassed(ValidatorIndex(2), in: 50, committed: 48))
    }

    @Test("Of those that delivered nothing since, the one that failed last is forgiven")
    func forgivenOnce() throws {
        var watch = try Self.watch(Array(repeating: 1, count: 7))
        for (leader, turn) in [(1, 1), (2, 2), (5, 12), (2, 23)] as [(Int, UInt64)] {
            watch.failed(ValidatorIndex(leader), in: turn)
        }
        // v2 was forgiven when v5 failed, and v5 when v2 failed again.
        #expect(!watch.isPassed(ValidatorIndex(5), in: 26, committed: 25))
        #expect(watch.isPassed(ValidatorIndex(1), in: 29, committed: 28))
        #expect(watch.isPassed(ValidatorIndex(2), in: 30, committed: 29))
    }

    @Test("A leader that failed before makes nobody's time longer")
    func noDoublingByFailed() throws {
        var watch = try Self.watch()
        Self.deliver(3, to: &watch)
        watch.failed(ValidatorIndex(1), in: 1)
        watch.backOff(for: ValidatorIndex(1))
        #expect(Self.time(watch, 3) == .milliseconds(250))
        watch.backOff(for: ValidatorIndex(2))
        #expect(Self.time(watch, 3) == .milliseconds(500))
    }

    @Test("An honest leader that is made slow does not keep a slower one from being noticed")
    func slowWithCompany() throws {
        var watch = try Self.watch()
        Self.deliver(4, to: &watch)
        for turn in 0..<1_000 {
            Self.deliver(4, to: &watch, without: [1, 2])
            watch.measured(ValidatorIndex(1), .milliseconds(turn % 80 == 0 ? 200 : 4))
            watch.measured(ValidatorIndex(2), .milliseconds(240))
            for leader in 1...2 { watch.pardon(ValidatorIndex(leader)) }
        }
        #expect(Self.time(watch, 1) == .milliseconds(250))
        #expect(Self.time(watch, 2) == .milliseconds(9))
    }

    @Test("What is pardoned goes by the time between two turns of the same leader")
    func pardonByPower() throws {
        var watch = try Self.watch([97, 89, 83, 79, 2])
        for leader in 0..<5 { watch.measured(ValidatorIndex(leader), .milliseconds(4)) }
        for _ in 0..<40 {
            watch.measured(ValidatorIndex(1), .milliseconds(15))
            watch.pardon(ValidatorIndex(1))
        }
        #expect(Self.time(watch, 1) == .milliseconds(9))
    }

    @Test("Once as many turns as validators brought no commit, everybody is waited for in full")
    func stillChain() throws {
        var watch = try Self.watch()
        Self.deliver(4, to: &watch)
        watch.lost(ValidatorIndex(1), in: 1)
        watch.failed(ValidatorIndex(2), in: 2)
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
            watch.measured(ValidatorIndex(3), .milliseconds(time))
            #expect(Self.time(watch, 2) == .milliseconds(320))
        }
    }

    @Test("What a leader that failed needed before is no measure for others")
    func paceOfTheFailed() throws {
        var watch = try Self.watch([1, 1, 1, 1, 1, 1, 1])
        Self.deliver(400, to: &watch, count: 7, without: [4, 5, 6])
        Self.deliver(4, to: &watch, count: 7, without: [0, 1, 2, 3])
        #expect(watch.usualTime == .milliseconds(400))
        for leader in 1...2 { watch.failed(ValidatorIndex(leader), in: UInt64(leader)) }
        Self.deliver(4, to: &watch, count: 7, without: [0, 1, 2, 3])
        #expect(watch.usualTime == .milliseconds(4))
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
                watch.measured(ValidatorIndex(2), .milliseconds(isSlow ? 240 : 4))
                watch.pardon(ValidatorIndex(2))
                if isSlow { wasted += 236 }
                turns += 1
            }
            #expect(Self.time(watch, 2) == .milliseconds(9))
            #expect(Self.time(watch, 1) == .milliseconds(250))
            #expect(wasted < 500, "\(slow) slow, \(fast) fast")
        }
    }

    @Test("A slow turn now and then is pardoned, and so is all in the end")
    func pardon() throws {
        var watch = try Self.watch()
        // 31 ms too slow in each of 40 turns: less than the pardon of 1 ms for each.
        for turn in 0..<400 {
            Self.deliver(4, to: &watch, without: [2])
            watch.measured(ValidatorIndex(2), .milliseconds(turn % 40 == 0 ? 40 : 4))
            watch.pardon(ValidatorIndex(2))
            #expect(Self.time(watch, 2) == .milliseconds(250))
        }
        for _ in 0..<2 { watch.measured(ValidatorIndex(2), .milliseconds(240)) }
        #expect(Self.time(watch, 2) == .milliseconds(9))
        for _ in 0..<1_000 { watch.pardon(ValidatorIndex(2)) }
        #expect(Self.time(watch, 2) == .milliseconds(250))
    }

    @Test(
        "If those who are slow come to a third of the power, those who owe least are not held to be"
    )
    func manySlow() throws {
        var watch = try Self.watch([1, 1, 1, 1, 1, 1, 1])
        func slow(_ leaders: Set<Int>) {
            Self.deliver(4, to: &watch, count: 7, without: leaders)
            for leader in leaders.sorted() {
                watch.measured(ValidatorIndex(leader), .milliseconds(240))
            }
        }
        slow([5, 6])
        #expect(Self.time(watch, 5) == .milliseconds(9))
        #expect(Self.time(watch, 6) == .milliseconds(9))
        slow([4])
        for leader in 5..<7 { #expect(Self.time(watch, leader) == .milliseconds(250)) }
        slow([5, 6])
        #expect(Self.time(watch, 4) == .milliseconds(250))
        #expect(Self.time(watch, 5) == .milliseconds(9))
        #expect(Self.time(watch, 6) == .milliseconds(9))
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
        for _ in 0..<2 { watch.backOff(for: ValidatorIndex(1)) }
        func stillTime() -> Interval {
            watch.timeout(for: ValidatorIndex(3), in: 9, committed: 3)
        }
        #expect(Self.time(watch, 3) == .milliseconds(1_000))
        #expect(stillTime() == .milliseconds(4_000))
        for _ in 0..<100 { watch.backOff(for: ValidatorIndex(1)) }
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
        lone.measured(ValidatorIndex(0), Interval(nanoseconds: .max))
        lone.pardon(ValidatorIndex(0))
        #expect(!lone.isPassed(ValidatorIndex(0), in: .max, committed: .max))
        #expect(lone.timeout(for: ValidatorIndex(0), in: .max, committed: .max) == Self.timeout)
        var watch = try Self.watch()
        for _ in 0..<20 {
            for leader in [0, 2, 3] {
                watch.measured(ValidatorIndex(leader), .zero)
            }
            watch.measured(ValidatorIndex(1), Interval(nanoseconds: .max))
            watch.failed(ValidatorIndex(1), in: .max)
            watch.lost(ValidatorIndex(1), in: .max)
            watch.pardon(ValidatorIndex(1))
        }
        #expect(Self.time(watch, 1) == .milliseconds(1))
        #expect(!watch.isPassed(ValidatorIndex(1), in: .max, committed: 0))
    }
}
