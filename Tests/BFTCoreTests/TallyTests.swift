import BFTBase
import BFTCore
import Testing

@Suite struct TallyTests {
    static func statement(_ block: UInt64) -> Statement {
        Statement(
            chain: .zero, epoch: .zero, kind: .notarize, view: View(1), height: Height(1),
            block: Digest(block, 0, 0, 0))
    }

    static func vote(_ block: UInt64, by voter: Int, _ signature: UInt8 = 0) -> Vote {
        Vote(statement: statement(block), voter: ValidatorIndex(voter), signature: [signature])
    }

    static func insert(_ vote: Vote, into tally: inout VoteTally) -> VoteTally.Outcome {
        tally.insert(vote)
    }

    @Test("The first vote of a validator counts, whatever comes after it")
    func firstCounts() throws {
        let validators = try ValidatorSet([1, 1, 1, 1])
        var tally = VoteTally(kind: .notarize, validators: validators)
        #expect(Self.insert(Self.vote(1, by: 0), into: &tally) == .counted)
        #expect(Self.insert(Self.vote(1, by: 0, 9), into: &tally) == .duplicate)
        let evidence = try #require(Evidence(Self.vote(1, by: 0), Self.vote(2, by: 0)))
        #expect(Self.insert(Self.vote(2, by: 0), into: &tally) == .contradiction(evidence))
        #expect(tally.vote(of: ValidatorIndex(0)) == Self.vote(1, by: 0))
        #expect(tally.vote(of: ValidatorIndex(9)) == nil)
        #expect(tally.power(for: Self.statement(2)) == 0)
    }

    @Test("A second vote that does not contradict the first is no evidence, and does not count")
    func otherView() throws {
        let validators = try ValidatorSet([1, 1, 1, 1])
        var tally = VoteTally(kind: .notarize, validators: validators)
        let first = Self.vote(1, by: 0)
        let later = Statement(
            chain: .zero, epoch: .zero, kind: .notarize, view: View(2), height: Height(1),
            block: .zero)
        let second = Vote(statement: later, voter: ValidatorIndex(0), signature: [])
        #expect(Self.insert(first, into: &tally) == .counted)
        #expect(Self.insert(second, into: &tally) == .duplicate)
        #expect(tally.vote(of: ValidatorIndex(0)) == first)
    }

    @Test("A block that names no parent has none that anybody could know")
    func orphan() {
        let orphan = Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [],
            proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 1),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
        #expect(orphan.parent == .zero)
    }

    @Test("A certificate has the fewest signers that are a quorum, the heaviest ones")
    func fewest() throws {
        let validators = try ValidatorSet([1, 5, 1, 4, 2])
        var tally = VoteTally(kind: .notarize, validators: validators)
        func certificate() -> Certificate? {
            tally.certificate(for: Self.statement(1)) { validators.isQuorum($0) }
        }
        for voter in [0, 2, 3] { _ = tally.insert(Self.vote(1, by: voter)) }
        _ = tally.insert(Self.vote(2, by: 4))
        #expect(certificate() == nil)
        _ = tally.insert(Self.vote(1, by: 1))
        // 5 + 4 = 9 of 13 is more than two thirds.
        #expect(certificate()?.signers.positions == [1, 3])
    }

    @Test("The power of a choice is that of the validators whose first vote it was")
    func power() throws {
        let validators = try ValidatorSet([1, 5, 1, 4, 2])
        var tally = VoteTally(kind: .notarize, validators: validators)
        for (block, voter) in [(1, 0), (2, 1), (1, 3), (2, 0), (1, 3), (1, 4)] {
            _ = tally.insert(Self.vote(UInt64(block), by: voter))
        }
        #expect(tally.power(for: Self.statement(1)) == 7)
        #expect(tally.power(for: Self.statement(2)) == 5)
        #expect(tally.power(for: Self.statement(3)) == 0)
        #expect(tally.statement(of: ValidatorIndex(1)) == Self.statement(2))
        #expect(tally.statement(of: ValidatorIndex(2)) == nil)
    }

    @Test("Tallies of the same votes are equal, in whatever order those came")
    func equality() throws {
        let validators = try ValidatorSet([1, 1, 1])
        func tally(_ votes: [Vote]) -> VoteTally {
            var tally = VoteTally(kind: .notarize, validators: validators)
            for vote in votes { _ = tally.insert(vote) }
            return tally
        }
        let votes = [Self.vote(1, by: 0), Self.vote(2, by: 1)]
        #expect(tally(votes) == tally(votes.reversed()))
        #expect(tally(votes) != tally([votes[0]]))
        #expect(tally(votes) != tally([votes[0], Self.vote(2, by: 1, 9)]))
    }

    @Test("Everybody leads as often as its power says, and nobody twice where it can be helped")
    func schedule() throws {
        for powers: [VotingPower] in [[1, 1, 1, 1], [5, 1, 3, 3, 2], [10, 20, 30], [7]] {
            let schedule = LeaderSchedule(try ValidatorSet(powers))
            let divisor = powers == [10, 20, 30] ? UInt64(10) : 1
            let cycle = powers.reduce(0, +) / divisor
            var terms = Array(repeating: UInt64(0), count: powers.count)
            for view in 1...cycle * 3 {
                terms[schedule.leader(of: View(view)).rawValue] += 1
                #expect(
                    schedule.leader(of: View(view)) == schedule.leader(of: View(view + cycle)))
            }
            #expect(terms == powers.map { $0 / divisor * 3 })
        }
        let equal = LeaderSchedule(try ValidatorSet([1, 1, 1, 1]))
        #expect((1...4).map { equal.leader(of: View($0)).rawValue } == [0, 1, 2, 3])
        #expect(equal.leader(of: .zero) == equal.leader(of: View(1)))
        // With tenures of three views; not where the cycle says who leads which view.
        let long = equal.withTenures(of: 3)
        #expect(
            (1...13).map { long.leader(of: View($0)).rawValue } == [
                0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0,
            ])
        #expect((1...7).map { long.tenure(of: View($0)) } == [0, 0, 0, 1, 1, 1, 2])
        let given = LeaderSchedule(cycle: [ValidatorIndex(2), ValidatorIndex(1)])
        #expect(given.withTenures(of: 3) == given)
        _ = long.leader(of: View(.max))
        // No view is beyond the schedule, and huge powers are scaled down to one that fits.
        _ = equal.leader(of: View(.max))
        let lopsided = LeaderSchedule(try ValidatorSet([1_000_000_007, 1, 1]))
        #expect((1...8_192).contains { lopsided.leader(of: View($0)).rawValue == 2 })
    }
}
