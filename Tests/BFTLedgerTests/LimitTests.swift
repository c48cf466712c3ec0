import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// Each bound and pause of `LedgerLimits` at its edge, and one beyond. `Docs/limits.md` says which
/// test is about which.
@Suite struct LimitTests {
    private static func pool(_ change: (inout LedgerLimits) -> Void) -> BatchPool {
        BatchPoolTests.pool(change)
    }

    private static func refusal(
        _ pool: BatchPool, sequence: UInt64 = 1, byteCount: Int = 1, isRequested: Bool = false
    ) -> BatchRefusal? {
        do throws(BatchRefusal) {
            try pool.checkPlace(
                author: ValidatorIndex(1), sequence: BatchSequence(sequence),
                byteCount: byteCount, isRequested: isRequested)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Batches of one author

    @Test("An author's batches reach as far ahead as may wait, and no further")
    func batchesPerAuthor() {
        for limit in [1, 2, 8] as [UInt64] {
            let pool = Self.pool { $0.batchesPerAuthor = Int(limit) }
            #expect(Self.refusal(pool, sequence: limit) == nil)
            #expect(Self.refusal(pool, sequence: limit + 1) == .beyondWindow)
            #expect(Self.refusal(pool, sequence: limit + 1, isRequested: true) == nil)
        }
    }

    @Test("An author's batches have as many bytes as may wait, and no more")
    func bytesPerAuthor() throws {
        var pool = Self.pool { $0.bytesPerAuthor = 300 }
        let first = Fixture.batch(1, 1, size: 82)
        #expect(first.encoded.count == 100)
        try pool.insert(Fixture.signed(first), isChecked: true, isRequested: false)
        #expect(Self.refusal(pool, sequence: 2, byteCount: 200) == nil)
        #expect(Self.refusal(pool, sequence: 2, byteCount: 201) == .tooManyBytes)
        #expect(Self.refusal(pool, sequence: 2, byteCount: 201, isRequested: true) == nil)
    }

    /// A replica with these own batches, all of one size.
    private static func replica(
        _ count: Int, size: Int, _ change: (inout LedgerLimits) -> Void
    ) -> Replica<Simplex> {
        var limits = LedgerLimits()
        change(&limits)
        let configuration = ReplicaConfiguration(
            chain: Fixture.chain, epoch: .zero, validators: Fixture.validators,
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1)))
        return Replica(
            configuration: configuration, limits: limits,
            state: .genesis(Fixture.genesis, validatorCount: 4),
            recovered: (0..<count).map {
                .batch(BatchCopy(Fixture.batch(0, UInt64($0) + 1, size: size)))
            })
    }

    @Test("Clients fill half of what their validator's batches may take, and no more")
    func ownHalf() {
        for count in 0...5 {
            let replica = Self.replica(count, size: 82) { $0.batchesPerAuthor = 8 }
            #expect(replica.hasRoom(for: 1) == (count < 4))
        }
        let replica = Self.replica(2, size: 82) { $0.bytesPerAuthor = 600 }
        #expect(replica.hasRoom(for: 100) && !replica.hasRoom(for: 101))
    }

    // MARK: Blocks

    private static func branch(_ blocks: [Block], isCertified: Bool = false) -> Branch {
        Branch(
            root: Fixture.genesis, ancestors: Array(blocks.dropLast()),
            tip: blocks.last ?? Fixture.genesis, isCertified: isCertified)
    }

    private static func verdict(
        on blocks: [Block], limits: LedgerLimits = LedgerLimits(), holding batches: [Batch] = [],
        wallTime: UInt64 = 0
    ) -> Verdict? {
        var ledger = Fixture.ledger(limits: limits, recovered: batches.map { Fixture.signed($0) })
        ledger.tell(.judge(branch(blocks)), at: Fixture.at(1_000))
        let turn = ledger.settle(at: Fixture.at(1_000), wallTime: wallTime)
        return turn.verdict(on: blocks.last?.digest ?? .zero)
    }

    @Test("A block names as many bytes as fit, and one that names more is invalid")
    func blockBytes() throws {
        let batches = (1...3).map { Fixture.batch(1, UInt64($0), size: 82) }
        let block = Fixture.block(on: Fixture.genesis, payload: batches)
        for (limit, expected) in [(300, Verdict.valid), (299, .invalid)] {
            var limits = LedgerLimits()
            limits.blockBytes = limit
            #expect(Self.verdict(on: [block], limits: limits, holding: batches) == expected)
            var pool = Self.pool { $0.blockBytes = limit }
            for batch in batches {
                try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
                pool.hold(batch.reference)
            }
            let drafted = pool.draft(frontier: pool.frontier, start: 0)
            #expect(drafted.count == (limit == 300 ? 3 : 2))
        }
        let pool = Self.pool { $0.blockBytes = 100 }
        #expect(Self.refusal(pool, byteCount: 100) == nil)
        #expect(Self.refusal(pool, byteCount: 101) == .tooManyBytes)
    }

    @Test("Leaders stop at half of the batches that undecided blocks may name, voters at all")
    func undecidedBatches() {
        var limits = LedgerLimits()
        limits.undecidedBatches = 4
        let batches = (1...6).map { Fixture.batch(1, UInt64($0)) }
        func block(_ count: Int) -> Block {
            Fixture.block(on: Fixture.genesis, payload: Array(batches[..<count]))
        }
        for count in 1...6 {
            let verdict = Self.verdict(on: [block(count)], limits: limits, holding: batches)
            #expect((verdict == .valid) == (count <= 4))
            var ledger = Fixture.ledger(
                limits: limits, recovered: batches.map { Fixture.signed($0) })
            let draft = ledger.draft(on: Self.branch([block(count)]), at: Fixture.at(1_000))
            #expect(draft.payload.isEmpty == (count > 2), "\(count)")
        }
    }

    @Test("A proposer's clock may be ahead by as much as is tolerated, and no more")
    func clockDrift() {
        let limits = LedgerLimits()
        let latest = 500 + limits.clockDriftMilliseconds
        for (time, expected) in [(latest, Verdict.valid), (latest + 1, nil)] {
            let block = Fixture.block(on: Fixture.genesis, time: time)
            #expect(Self.verdict(on: [block], wallTime: 500) == expected)
        }
    }

    @Test("A leader that lags by so many blocks proposes nothing, and by one fewer it does")
    func executionLag() {
        for lag in [3, 4] {
            var limits = LedgerLimits()
            limits.executionLag = 4
            let batch = Fixture.batch(1, 1)
            var ledger = Fixture.ledger(limits: limits, recovered: [Fixture.signed(batch)])
            ledger.tell(.commit(Fixture.run(Fixture.chain(lag))))
            let tip = ledger.queue.tail
            let draft = ledger.draft(
                on: Branch(root: tip, ancestors: [], tip: tip), at: Fixture.at(1_000))
            #expect(draft.payload == (lag == 3 ? [batch.reference] : []))
        }
    }

    @Test("So many blocks are with the executor at once, and the next when one is done")
    func executionsInFlight() {
        var limits = LedgerLimits()
        limits.executionsInFlight = 3
        var ledger = Fixture.ledger(limits: limits)
        ledger.tell(.commit(Fixture.run(Fixture.chain(5))))
        func handedOver() -> [UInt64] {
            ledger.settleAgain(at: Fixture.at(1)).effects.compactMap {
                if case .execute(let block) = $0 { block.block.height.rawValue } else { nil }
            }
        }
        #expect(handedOver() == [1, 2, 3])
        #expect(handedOver() == [])
        ledger.tell(.executed(Height(1), stateRoot: .zero))
        #expect(handedOver() == [4])
    }

    // MARK: Asking

    @Test("A peer is asked for so many batches at once, and for half if nobody voted for them")
    func batchRequestsInFlight() {
        for isCertified in [true, false] {
            var fetcher = FetchTests.fetcher { $0.batchRequestsInFlight = 4 }
            let holders =
                isCertified
                ? FetchTests.voters([1], of: 4, proposer: 1) : FetchTests.proposer(1)
            for sequence in 1...20 as ClosedRange<UInt64> {
                fetcher.want(Fixture.batch(1, sequence).reference, of: holders, at: Fixture.at(0))
            }
            let requests = fetcher.dueRequests(at: Fixture.at(0))
            let first = requests.first { $0.peer == ValidatorIndex(1) }
            #expect(first?.1.count == (isCertified ? 4 : 2))
            #expect(requests.allSatisfy { $0.1.count <= 4 })
        }
        var queue = CommitQueue(root: Fixture.genesis, inFlightLimit: 1)
        let batches = (1...6).map { Fixture.batch(1, UInt64($0)) }
        let block = Fixture.block(on: Fixture.genesis, payload: batches)
        queue.append(
            block, certificate: Fixture.commit(block), frontier: [],
            batches: batches.map { _ in nil })
        #expect(queue.missing(limit: 6).count == 6 && queue.missing(limit: 5).count == 5)
    }

    /// When a ledger asks for the one batch that a proposal names and that is not here.
    private static func asked(_ limits: LedgerLimits, upTo end: UInt64) -> UInt64? {
        var ledger = Fixture.ledger(limits: limits)
        let batch = Fixture.batch(1, 1)
        let block = Fixture.block(on: Fixture.genesis, payload: [batch], time: 0)
        ledger.tell(.judge(branch([block])))
        for millisecond in 0...end {
            let turn = ledger.settle(at: Fixture.at(millisecond))
            for case .send(.ledger(.batchRequest), _) in turn.effects { return millisecond }
        }
        return nil
    }

    @Test("A batch that a proposal names may come by itself so long, and is asked for then")
    func fetchGrace() {
        var limits = LedgerLimits()
        #expect(Self.asked(limits, upTo: 100) == 20)
        limits.fetchGrace = .milliseconds(33)
        #expect(Self.asked(limits, upTo: 100) == 33)
        limits.fetchGrace = .zero
        #expect(Self.asked(limits, upTo: 100) == 0)
    }

    @Test("Who was asked for a batch is waited for while patience lasts, and no longer")
    func fetchPatience() {
        var fetcher = FetchTests.fetcher {
            $0.fetchPatience = .milliseconds(30)
            $0.answerTimeout = .milliseconds(100)
        }
        let batch = Fixture.batch(1, 1).reference
        fetcher.want(batch, of: FetchTests.voters([2, 3], of: 4, proposer: 2), at: Fixture.at(0))
        #expect(fetcher.dueRequests(at: Fixture.at(0)).map(\.peer.rawValue) == [2])
        #expect(fetcher.nextDeadline == Fixture.at(30))
        let almost = Instant(nanoseconds: Fixture.at(30).nanoseconds - 1)
        #expect(fetcher.dueRequests(at: almost).isEmpty)
        #expect(fetcher.dueRequests(at: Fixture.at(30)).first?.peer.rawValue == 3)
    }

    @Test("A peer has so long to answer, and then it is the next one's turn")
    func answerTimeout() {
        let last = Fixture.chain(3).last ?? Fixture.genesis
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(70)
        let almost = Instant(nanoseconds: Fixture.at(70).nanoseconds - 1)
        var ledger = Fixture.ledger(limits: limits)
        ledger.tell(.fetch(Fixture.certificate(last)))
        ledger.tell(.read(ticket: 1))
        func sent(at now: Instant) -> (requests: Int, probes: Int) {
            let turn = ledger.settleAgain(at: now)
            let probes = turn.effects.count {
                if case .broadcast(.ledger(.readProbe)) = $0 { true } else { false }
            }
            return (turn.syncRequests.count, probes)
        }
        #expect(sent(at: Fixture.at(0)) == (1, 1))
        #expect(sent(at: almost) == (0, 0))
        #expect(sent(at: Fixture.at(70)) == (1, 1))
    }

    @Test("Own batches that nobody orders are sent again after four times an answer's time")
    func reminders() {
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(70)
        let copy = Fixture.signed(Fixture.batch(0, 1))
        var ledger = Fixture.ledger(limits: limits, recovered: [copy])
        func isSent(at now: Instant) -> Bool {
            ledger.settleAgain(at: now).effects.contains(.broadcast(.ledger(.batch(copy))))
        }
        #expect(!isSent(at: Fixture.at(0)))
        #expect(!isSent(at: Instant(nanoseconds: Fixture.at(280).nanoseconds - 1)))
        #expect(isSent(at: Fixture.at(280)))
    }

    @Test("Catching up goes on while fewer blocks wait than its backlog holds")
    func catchUpBacklog() {
        for backlog in [2, 3] {
            var limits = LedgerLimits()
            limits.catchUpBacklog = 3
            var ledger = Fixture.ledger(limits: limits)
            let blocks = Fixture.chain(6)
            ledger.tell(.commit(Fixture.run(Array(blocks[..<backlog]))))
            ledger.tell(.fetch(Fixture.certificate(blocks[5])))
            let turn = ledger.settle(at: Fixture.at(1))
            #expect(turn.syncRequests.isEmpty == (backlog == 3))
        }
    }

    // MARK: Answers

    @Test("A peer is sent so many bytes of batches, and again as soon as a second has made up")
    func answerBytes() {
        let (asker, other) = (ValidatorIndex(1), ValidatorIndex(2))
        var budget = AnswerBudget(validatorCount: 4, bytesPerSecond: 1_000)
        func spend(_ count: Int, on peer: ValidatorIndex, at now: Instant) -> Bool {
            budget.spend(count, on: peer, at: now)
        }
        #expect(spend(999, on: asker, at: Fixture.at(0)))
        #expect(spend(1, on: asker, at: Fixture.at(0)), "not a second's worth yet")
        #expect(!spend(1, on: asker, at: Fixture.at(0)))
        #expect(spend(1_000, on: other, at: Fixture.at(0)), "each has its own")
        #expect(!spend(0, on: other, at: Fixture.at(0)))
        #expect(spend(1, on: asker, at: Instant(nanoseconds: 1)))
        #expect(!spend(1, on: asker, at: Fixture.at(1)))
        #expect(spend(1, on: asker, at: Instant(nanoseconds: 1_000_001)))
    }

    @Test("An answer is full with so many blocks, half full with half of them")
    func syncBlocks() {
        var limits = LedgerLimits()
        limits.syncBlocks = 6
        let blocks = Fixture.chain(7)
        for count in 0...7 {
            let window = SyncWindow(limits, Array(blocks[..<count]))
            #expect(window.isFull == (count >= 6))
            #expect(window.isHalfFull == (count >= 3))
        }
        #expect(LedgerLimits().syncBlocks == LedgerLimits.syncBlockLimit)
    }

    /// A block with one parent that names so many batches, however many may be named.
    private static func block(naming count: Int) -> Block {
        Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [.zero],
            proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero),
            payload: Array(repeating: Fixture.batch(1, 1).reference, count: count))
    }

    @Test("An answer is full with so many bytes of blocks, half full with half of them")
    func syncByteLimit() {
        // What a block takes besides the names of its batches, and what each of those takes.
        let (fixed, each) = (96 + 32, 46)
        // Of this many blocks without batches, and batches in one more, the bytes are the limit.
        for half in [1, 2] {
            let limit = LedgerLimits.syncByteLimit / half
            let blocks = (1...each).first { (limit - $0 * fixed).isMultiple(of: each) }
            guard let blocks else {
                Issue.record("the limit can't be met")
                continue
            }
            var window = SyncWindow(LedgerLimits())
            for _ in 0..<blocks - 1 { window.add(Fixture.block(on: Fixture.genesis)) }
            let names = (limit - blocks * fixed) / each
            func full(_ count: Int) -> Bool {
                var last = window
                last.add(Self.block(naming: count))
                return half == 1 ? last.isFull : last.isHalfFull
            }
            #expect(!full(names - 1) && full(names))
        }
    }

    @Test("Answers and records with as many blocks as may be are read, and with one more are not")
    func syncBlockLimit() throws {
        for excess in [0, 1] {
            let blocks = Fixture.chain(LedgerLimits.syncBlockLimit + excess)
            let messages = [
                LedgerMessage.syncResponse(Fixture.said(blocks)), .syncAncestors(blocks),
            ]
            for message in messages {
                let read = try? LedgerMessage(decoding: message.encoded)
                #expect(read == (excess == 0 ? message : nil))
            }
            let records = [
                ReplicaRecord<Simplex>.committed(Fixture.said(blocks)), .blocks(blocks),
            ]
            for record in records {
                let read = try? ReplicaRecord<Simplex>(decoding: record.encoded)
                #expect(read == (excess == 0 ? record : nil))
            }
        }
    }

    @Test("A request for as many batches as may be is read, and for one more it is not")
    func batchRequestLimit() {
        for excess in [0, 1] {
            let references = (0..<LedgerLimits.batchRequestLimit + excess).map {
                Fixture.batch(1, UInt64($0) + 1).reference
            }
            let message = LedgerMessage.batchRequest(references)
            let read = try? LedgerMessage(decoding: message.encoded)
            #expect(read == (excess == 0 ? message : nil))
        }
        #expect(LedgerLimits().batchRequestsInFlight <= LedgerLimits.batchRequestLimit)
    }
}
