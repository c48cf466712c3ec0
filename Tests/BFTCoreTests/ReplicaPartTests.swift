import BFTBase
import BFTCore
import Testing

/// What the replicas of all protocols are put together from.
@Suite struct ReplicaPartTests {
    // MARK: Lists

    private struct Entry: Placed {
        let place: UInt64
        var sum = 0
    }

    @Test("A list keeps its elements in rising order, each made once and changed where it stands")
    func orderedList() {
        var list = OrderedList<Entry>()
        for (place, amount) in [(7, 1), (3, 2), (9, 4), (7, 8), (3, 16)] as [(UInt64, Int)] {
            list.update(place, orInsert: { Entry(place: place) }) { $0.sum += amount }
        }
        #expect(list.map(\.place) == [3, 7, 9])
        #expect(list.map(\.sum) == [18, 9, 4])
        #expect(list.index(of: 7) == 1)
        #expect(list.index(of: 8) == nil)
        #expect(list.index(of: 10) == nil)
        #expect([0, 3, 4, 9, 10].map { list.position(of: $0) } == [0, 0, 1, 2, 3])
        #expect(list.element(at: 9) == Entry(place: 9, sum: 4))
        #expect(list.last(from: 7) { $0.sum > 4 } == Entry(place: 7, sum: 9))
        #expect(list.last(from: 8) { $0.sum > 4 } == nil)
        list.removeAll(before: 7)
        #expect(list.map(\.place) == [7, 9])
        list.removeAll { $0.sum == 9 }
        #expect(list.map(\.place) == [9])
        list.removeAll(before: 10)
        #expect(list.isEmpty)
    }

    // MARK: The committed head

    private struct Shelf: LinkedBlocks {
        var blocks: [Block] = []
        var lineage = Lineage()

        static func rank(of block: Block) -> UInt64 { block.height.rawValue }

        func block(named digest: Digest) -> Block? { blocks.first { $0.digest == digest } }

        mutating func insert(_ block: Block) {
            blocks.append(block)
            lineage.insert(block, rank: Self.rank(of: block))
        }
    }

    private static let genesis = Block.genesis(
        chain: .zero, time: Timestamp(milliseconds: 0), stateRoot: .zero)

    private static func child(of parent: Block, _ number: UInt64 = 0) -> Block {
        Block(
            epoch: .zero, view: parent.view.next, height: parent.height.next,
            parents: [parent.digest], proposer: ValidatorIndex(0),
            time: Timestamp(milliseconds: number),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
    }

    /// The genesis and `count` blocks, each on the one before.
    private static func chain(_ count: Int) -> [Block] {
        (0..<count).reduce(into: [genesis]) { $0.append(child(of: $0[$1])) }
    }

    private static let kind = VoteKind(ballot: 0, per: .view, outcome: .commitsBlock)

    private static let rules: CommitRules = {
        guard let validators = try? ValidatorSet([1, 1, 1, 1]) else { preconditionFailure() }
        return CommitRules(chain: .zero, epoch: .zero, validators: validators, kinds: [kind])
    }()

    private static func certificate(of block: Block, votes: Int = 3) throws -> Certificate {
        let said = Statement(
            chain: .zero, epoch: .zero, kind: kind, view: block.view, height: block.height,
            block: block.digest)
        return try #require(
            Certificate(
                statement: said,
                votes: (0..<votes).map {
                    Vote(statement: said, voter: ValidatorIndex($0), signature: [])
                }, validatorCount: 4))
    }

    @Test("The way from the committed block up is found, and the first block that it lacks")
    func paths() {
        let chain = Self.chain(5)
        let fork = Self.child(of: chain[2], 7)
        let head = CommittedHead(chain[1], floor: .ground)
        var shelf = Shelf()
        #expect(head.path(to: chain[1], in: shelf) == [])
        #expect(head.path(to: chain[2], in: shelf) == [])
        #expect(head.path(to: chain[4], in: shelf) == nil)
        #expect(head.firstMissing(downFrom: chain[4].name, in: shelf) == chain[4].digest)
        shelf.insert(chain[4])
        #expect(head.firstMissing(downFrom: chain[4].name, in: shelf) == chain[3].digest)
        shelf.insert(chain[3])
        shelf.insert(chain[2])
        shelf.insert(fork)
        #expect(head.path(to: chain[4], in: shelf) == [chain[2], chain[3]])
        #expect(head.firstMissing(downFrom: chain[4].name, in: shelf) == nil)
        #expect(head.firstMissing(downFrom: chain[1].name, in: shelf) == nil)
        // From another root, the chain passes the committed block by.
        let other = CommittedHead(Self.child(of: chain[0], 9), floor: .ground)
        #expect(other.path(to: chain[4], in: shelf) == nil)
        #expect(other.firstMissing(downFrom: chain[4].name, in: shelf) == nil)
        #expect(head.block(named: chain[1].digest, or: shelf) == chain[1])
        #expect(head.block(named: fork.digest, or: shelf) == fork)
        #expect(head.block(named: chain[0].digest, or: shelf) == nil)
    }

    @Test("A run is made of what is here and what a quorum commits, and moves the head")
    func runs() throws {
        let chain = Self.chain(3)
        var head = CommittedHead(chain[0], floor: Floor(view: .zero, height: Height(1)))
        #expect(head.voteHeight == Height(1))
        var shelf = Shelf()
        for block in chain[1...] { shelf.insert(block) }
        let certificate = try Self.certificate(of: chain[3])
        let weak = try Self.certificate(of: chain[3], votes: 2)
        #expect(head.run(to: chain[3], by: weak, in: shelf, under: Self.rules) == nil)
        #expect(head.run(to: nil, by: certificate, in: shelf, under: Self.rules) == nil)
        #expect(head.run(to: chain[2], by: certificate, in: shelf, under: Self.rules) == nil)
        let run = try #require(
            head.run(to: chain[3], by: certificate, in: shelf, under: Self.rules))
        #expect(run.blocks == Array(chain[1...]))
        let first = try #require(
            head.run(
                to: chain[1], by: try Self.certificate(of: chain[1]), in: shelf,
                under: Self.rules))
        head.advance(to: first)
        #expect(head.block == chain[1] && head.certificate == first.certificate)
        let rest = try #require(head.rest(of: run))
        #expect(rest.blocks == Array(chain[2...]))
        head.noteVote(at: Height(2))
        #expect(head.voteHeight == Height(2))
        head.advance(to: rest)
        #expect(head.block == chain[3] && head.voteHeight == Height(3))
        #expect(head.rest(of: run) == nil)
        // A restart: only what commits the block itself is kept.
        var restarted = CommittedHead(chain[1], floor: .ground)
        #expect(!restarted.keep(run.certificate) && restarted.certificate == nil)
        #expect(restarted.keep(first.certificate) && restarted.certificate != nil)
    }

    // MARK: Time

    private static func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test("The clock of work runs from when there is some, and a new view begins anew")
    func workClock() {
        var (work, leadership) = (WorkClock(), Leadership.waiting(until: Self.at(50)))
        work.note(pending: false, to: &leadership)
        #expect(leadership == .waiting(until: Self.at(50)) && !work.isPending)
        work.note(pending: true, to: &leadership)
        #expect(leadership == .due && work.isPending)
        work.note(isWork: true, at: Self.at(5))
        work.note(isWork: true, at: Self.at(6))
        #expect(work.since == Self.at(5))
        work.note(isWork: false, at: Self.at(7))
        #expect(work.since == nil)
        work.note(isWork: true, at: Self.at(8))
        let untimely = work.isResendDue(at: Self.at(9), every: .milliseconds(10))
        #expect(!untimely && work.resendAt == nil)
        work.resendAt = Self.at(20)
        let early = work.isResendDue(at: Self.at(19), every: .milliseconds(10))
        let due = work.isResendDue(at: Self.at(20), every: .milliseconds(10))
        #expect(!early && due && work.resendAt == Self.at(30))
        work.restart(at: Self.at(40))
        #expect(work.since == nil && work.resendAt == nil && work.idleSince == Self.at(40))
        #expect(work.isPending)
    }

    @Test("A leader waits until its time or until there is work, whichever comes first")
    func leadership() {
        let until = Self.at(50)
        for leadership in [Leadership.none, .due, .drafting, .proposed] {
            var other = leadership
            other.noteWork()
            #expect(other == leadership && other.deadline == nil)
            #expect(!other.isEmptyBlockDue(at: until))
        }
        let waiting = Leadership.waiting(until: until)
        #expect(waiting.deadline == until)
        #expect(!waiting.isEmptyBlockDue(at: Self.at(49)) && waiting.isEmptyBlockDue(at: until))
        var gathering = Leadership.gathering(until: until)
        gathering.noteWork()
        #expect(gathering == .gathering(until: until) && gathering.deadline == until)
        #expect(!gathering.isEmptyBlockDue(at: until))
    }

    @Test("Nobody is asked or answered again before the pause is over, nor fetched from twice")
    func inquiries() {
        var pace = InquiryPace(resend: .milliseconds(160), validatorCount: 2)
        func asks(_ time: UInt64) -> Bool { pace.mayAsk(at: Self.at(time)) }
        func answers(_ peer: Int, _ time: UInt64) -> Bool {
            pace.mayAnswer(ValidatorIndex(peer), at: Self.at(time))
        }
        #expect([0, 19, 20, 39, 40].map(asks) == [true, false, true, false, true])
        pace.forgetAsked()
        #expect(asks(41))
        pace.noteAsked(at: Self.at(50))
        #expect(!asks(69) && asks(70))
        #expect([0, 9, 10].map { answers(1, $0) } == [true, false, true])
        #expect(answers(0, 11) && !answers(1, 11))
        pace.forgetAnswered(ValidatorIndex(1))
        #expect(answers(1, 12) && !answers(0, 12))
        let marks = [2, 2, 1, 3].map { pace.mayFetch(upTo: Height($0)) }
        #expect(marks == [true, false, false, true])
        pace.forgetFetched(above: Height(1))
        let again = [1, 2].map { pace.mayFetch(upTo: Height($0)) }
        #expect(again == [false, true])
    }
}
