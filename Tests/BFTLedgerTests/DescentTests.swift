import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// A chain as a host keeps it: certified at some heights only.
struct KeptChain: KeptBlocks {
    let blocks: [Block]
    /// The heights whose blocks have a certificate of their own, rising.
    let certified: [Int]

    func block(at height: Height) throws(Never) -> Block? {
        guard height > .zero, height.rawValue <= UInt64(blocks.count) else { return nil }
        return blocks[Int(height.rawValue) - 1]
    }

    func certificate(at height: Height) throws(Never) -> CommitCertificate? {
        guard height > .zero, let next = certified.first(where: { UInt64($0) >= height.rawValue })
        else { return nil }
        return Fixture.commit(blocks[next - 1])
    }
}

@Suite struct DescentTests {
    /// A ledger that has set out for the end of `kept`, with what one answer holds.
    static func ledger(
        toward kept: KeptChain, window: Int = LedgerLimits.syncBlockLimit
    ) -> Ledger {
        var limits = LedgerLimits()
        limits.syncBlocks = window
        var ledger = Fixture.ledger(limits: limits)
        let end = kept.blocks[kept.certified.last! - 1]
        ledger.tell(.fetch(Fixture.certificate(end)))
        return ledger
    }

    /// Whom the ledger asks for what, at a time.
    static func request(
        of ledger: inout Ledger, at milliseconds: UInt64
    ) -> (request: SyncRequest, peer: ValidatorIndex)? {
        let turn = ledger.settleAgain(at: Fixture.at(milliseconds))
        for case .execute(let block) in turn.effects {
            ledger.tell(.executed(block.block.height, stateRoot: .zero))
        }
        return turn.syncRequests.first
    }

    static func give(
        _ message: LedgerMessage, to ledger: inout Ledger, from peer: ValidatorIndex
    ) -> Turn<Simplex> {
        ledger.hear(message, from: peer.rawValue, at: Fixture.at(1))
    }

    /// Lets all peers answer from `kept`, as `change` has it, until the ledger asks no more.
    /// Returns how many questions that took, and what was caught up on.
    static func run(
        _ ledger: inout Ledger, on kept: KeptChain, limit: Int = 10_000,
        _ change: (LedgerMessage, ValidatorIndex) -> LedgerMessage? = { answer, _ in answer }
    ) throws -> (count: Int, runs: [CommittedRun]) {
        var (now, count): (UInt64, Int) = (1, 0)
        var runs: [CommittedRun] = []
        while ledger.catchUp.isActive, count < limit {
            guard let (request, peer) = request(of: &ledger, at: now) else {
                now += 500
                continue
            }
            count += 1
            guard let answer = kept.answer(request, within: ledger.limits),
                let message = change(answer, peer)
            else { continue }
            // It fits, and it has an encoding.
            #expect(message.encoded.count < 2 * LedgerLimits.syncByteLimit)
            let decoded = try LedgerMessage(decoding: message.encoded)
            runs += give(decoded, to: &ledger, from: peer).caughtUp
        }
        return (count, runs)
    }

    @Test("A chain that nobody certified for longer than an answer is taken down by its links")
    func longRun() throws {
        let kept = KeptChain(blocks: Fixture.chain(1_000), certified: [1_000])
        var ledger = Self.ledger(toward: kept)
        let (count, runs) = try Self.run(&ledger, on: kept)
        #expect(ledger.queue.tail == kept.blocks[999])
        #expect(runs.flatMap(\.blocks) == kept.blocks)
        // Down in four answers, up in three.
        #expect(count == 7)
        #expect(runs.map(\.isCertifiedItself) == [false, false, false, true])
    }

    @Test("Who has the blocks is asked in the end, though it did not sign what commits them")
    func othersThanSigners() throws {
        let kept = KeptChain(blocks: Fixture.chain(9), certified: [9])
        var ledger = Fixture.ledger()
        ledger.catchUp.reach(Fixture.certificate(kept.blocks[8], by: [0, 1, 3]), from: .zero)
        _ = try Self.run(&ledger, on: kept, limit: 100) { $1.rawValue == 2 ? $0 : nil }
        #expect(ledger.queue.tail == kept.blocks[8])
    }

    @Test("Certificates that stand anywhere, and windows of any size, lead to the same chain")
    func everyShape() throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let length = Int.random(in: 1...80, using: &random)
            var certified = (1...length).filter { _ in
                Int.random(in: 0..<20, using: &random) == 0
            }
            if certified.last != length { certified.append(length) }
            let kept = KeptChain(blocks: Fixture.chain(length), certified: certified)
            var ledger = Self.ledger(
                toward: kept, window: Int.random(in: 1...12, using: &random))
            let (_, runs) = try Self.run(&ledger, on: kept)
            #expect(ledger.queue.tail == kept.blocks[length - 1], "seed \(seed)")
            #expect(runs.flatMap(\.blocks) == kept.blocks, "seed \(seed)")
        }
    }

    @Test("However far down it goes, a descent keeps few marks, and comes back up by them")
    func marks() throws {
        let kept = KeptChain(
            blocks: Fixture.chain(3 * Descent.limit), certified: [3 * Descent.limit])
        var ledger = Self.ledger(toward: kept, window: 1)
        var most = 0
        var (now, isUp) = (UInt64(1), false)
        while !isUp, let (request, peer) = Self.request(of: &ledger, at: now) {
            now += 1
            let answer = try #require(kept.answer(request, within: ledger.limits))
            _ = Self.give(answer, to: &ledger, from: peer)
            most = max(most, ledger.catchUp.descent?.marks.count ?? 0)
            isUp = ledger.queue.tail.height > Height(20)
        }
        let heights = ledger.catchUp.descent?.marks.map(\.block.height) ?? []
        #expect(heights == heights.sorted(by: >))
        #expect(isUp && most == Descent.limit)
    }

    @Test("Whatever a liar answers on the way costs it its turn and moves nothing")
    func liars() throws {
        let kept = KeptChain(blocks: Fixture.chain(40), certified: [40])
        let others = KeptChain(blocks: Fixture.chain(39), certified: [39])
        let lies: [(LedgerMessage) -> LedgerMessage] = [
            { _ in .syncAncestors([]) },
            { _ in .syncAncestors(Array(kept.blocks[30..<40])) },
            { answer in
                guard case .syncAncestors(let blocks) = answer else { return answer }
                return .syncAncestors(blocks.reversed())
            },
            { answer in  // One block at a time.
                guard case .syncAncestors(let blocks) = answer else { return answer }
                return .syncAncestors(Array(blocks.suffix(1)))
            },
            { answer in
                guard case .syncAncestors(let blocks) = answer else { return answer }
                return .syncAncestors(Array(blocks.dropLast()))
            },
            { answer in  // A fork with the right end.
                guard case .syncAncestors(let blocks) = answer, let last = blocks.last else {
                    return answer
                }
                let fork = blocks.dropLast().map { Fixture.block(on: $0, proposer: 3) }
                return .syncAncestors(fork + [last])
            },
            { _ in Self.top(of: others, 10) },
        ]
        for (number, lie) in lies.enumerated() {
            var ledger = Self.ledger(toward: kept, window: 10)
            let (first, peer) = try #require(Self.request(of: &ledger, at: 1))
            #expect(first == .from(Height(1)))
            _ = Self.give(Self.top(of: kept, 10), to: &ledger, from: peer)
            let (request, second) = try #require(Self.request(of: &ledger, at: 2))
            #expect(second == peer)
            let before = ledger.catchUp.descent
            let answer = try #require(kept.answer(request, within: ledger.limits))
            let turn = Self.give(lie(answer), to: &ledger, from: peer)
            #expect(!turn.rejections.isEmpty, "lie \(number)")
            #expect(ledger.catchUp.descent == before && ledger.queue.tail == Fixture.genesis)
            let (again, next) = try #require(Self.request(of: &ledger, at: 3))
            #expect(again == request && next != peer, "lie \(number)")
            _ = try Self.run(&ledger, on: kept) { answer, sender in
                sender == peer ? lie(answer) : answer
            }
            #expect(ledger.queue.tail == kept.blocks[39], "lie \(number)")
        }
    }

    /// The last blocks of `kept`, under the certificate of the last.
    static func top(of kept: KeptChain, _ count: Int) -> LedgerMessage {
        .syncResponse(Fixture.said(Array(kept.blocks.suffix(count))))
    }

    @Test("A certificate further up with less below it than fits begins no descent")
    func meagreTop() throws {
        let kept = KeptChain(blocks: Fixture.chain(40), certified: [40])
        var ledger = Self.ledger(toward: kept, window: 10)
        let (_, peer) = try #require(Self.request(of: &ledger, at: 1))
        let turn = Self.give(Self.top(of: kept, 9), to: &ledger, from: peer)
        #expect(turn.rejections == [.shortAnswer])
        #expect(ledger.catchUp.descent == nil)
    }

    @Test("Who answers each question with one block loses its turn each time")
    func drip() throws {
        let kept = KeptChain(blocks: Fixture.chain(400), certified: Array(1...400))
        var ledger = Self.ledger(toward: kept)
        let (request, peer) = try #require(Self.request(of: &ledger, at: 1))
        #expect(request == .from(Height(1)))
        let drop = Fixture.said([kept.blocks[0]])
        #expect(Self.give(.syncResponse(drop), to: &ledger, from: peer).caughtUp.count == 1)
        #expect(ledger.queue.tail == kept.blocks[0])
        let (_, next) = try #require(Self.request(of: &ledger, at: 2))
        #expect(next != peer)
        var dripped = 0
        let (count, _) = try Self.run(&ledger, on: kept) { answer, sender in
            guard sender == peer, case .syncResponse(let run) = answer else { return answer }
            dripped += 1
            return .syncResponse(Fixture.said([run.blocks[0]]))
        }
        #expect(ledger.queue.tail == kept.blocks[399])
        #expect(dripped <= 2 && count <= 6)
    }

    @Test("Peers that hang hold a descent up, and it goes on where it was once one answers")
    func hanging() throws {
        let kept = KeptChain(blocks: Fixture.chain(100), certified: [100])
        var ledger = Self.ledger(toward: kept, window: 10)
        var questions = 0
        _ = try Self.run(&ledger, on: kept) { answer, _ in
            questions += 1
            // Nothing between the third and the tenth question.
            return (3..<10).contains(questions) ? nil : answer
        }
        #expect(ledger.queue.tail == kept.blocks[99])
        #expect(questions == 7 + 19)
    }

    @Test("A descent that nobody serves is begun anew")
    func abandoned() throws {
        let kept = KeptChain(blocks: Fixture.chain(40), certified: [40])
        var ledger = Self.ledger(toward: kept, window: 10)
        let (_, peer) = try #require(Self.request(of: &ledger, at: 0))
        _ = Self.give(Self.top(of: kept, 10), to: &ledger, from: peer)
        var asked: SyncRequest?
        for turn in 0...UInt64(8 * 4) {
            asked = Self.request(of: &ledger, at: 1 + turn * 500)?.request
        }
        #expect(asked == .from(Height(1)))
        _ = try Self.run(&ledger, on: kept)
        #expect(ledger.queue.tail == kept.blocks[39])
    }

    @Test("A host answers with what fits, from where it was asked, or not at all")
    func answers() throws {
        var limits = LedgerLimits()
        limits.syncBlocks = 10
        let kept = KeptChain(blocks: Fixture.chain(60), certified: [2, 4, 9, 30, 60])
        func heights(_ request: SyncRequest) -> ClosedRange<UInt64>? {
            switch kept.answer(request, within: limits) {
            case .syncResponse(let run):
                #expect(run.certificate == Fixture.certificate(run.blocks.last!))
                return run.blocks.first!.height.rawValue...run.blocks.last!.height.rawValue
            case .syncAncestors(let blocks):
                return blocks.first!.height.rawValue...blocks.last!.height.rawValue
            default: return nil
            }
        }
        #expect(heights(.from(Height(1))) == 1...9)
        // Of which too few would come up to the last certificate within reach.
        #expect(heights(.from(Height(8))) == 21...30)
        #expect(heights(.from(Height(22))) == 22...30)
        #expect(heights(.from(Height(25))) == 25...30)
        #expect(heights(.from(Height(31))) == 51...60)
        #expect(heights(.from(Height(55))) == 55...60)
        #expect(heights(.from(Height(61))) == nil)
        #expect(heights(.from(.zero)) == nil)
        let name = BlockName(height: Height(20), digest: kept.blocks[19].digest)
        #expect(heights(.ancestors(of: name, downTo: Height(5))) == 11...20)
        #expect(heights(.ancestors(of: name, downTo: Height(15))) == 15...20)
        #expect(heights(.ancestors(of: name, downTo: Height(21))) == nil)
        let stranger = BlockName(height: Height(20), digest: kept.blocks[20].digest)
        #expect(heights(.ancestors(of: stranger, downTo: Height(5))) == nil)
        let low = BlockName(height: Height(3), digest: kept.blocks[2].digest)
        #expect(heights(.ancestors(of: low, downTo: .zero)) == 1...3)
    }
}
