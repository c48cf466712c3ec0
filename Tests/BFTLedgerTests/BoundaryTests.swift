import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

/// What the parts of a ledger do at their edges, where worlds seldom come by.
@Suite struct BoundaryTests {
    @Test("Nothing is kept of batches of nobody, and nothing is noted of batches that are not here")
    func strangers() {
        var pool = BatchPoolTests.pool()
        let before = pool
        pool.recover(BatchCopy(Fixture.batch(9, 1)))
        pool.hold(Fixture.batch(1, 1).reference)
        pool.noteDurable(Fixture.batch(1, 1).reference)
        pool.vouch(for: [Fixture.batch(1, 1).reference], in: View(1))
        #expect(pool == before)
    }

    @Test("A replica asks everybody else in turn for a batch, and itself never", arguments: 2...7)
    func turns(count: Int) {
        for own in 0..<count {
            var fetcher = BatchFetcher(
                validatorCount: count, own: ValidatorIndex(own), limits: LedgerLimits())
            let wanted = Fixture.batch((own + 1) % count, 1).reference
            let holders = BatchFetcher.Holders(proposer: ValidatorIndex((own + 1) % count))
            fetcher.want(wanted, of: holders, at: Fixture.at(0))
            var asked: Set<Int> = []
            for minute in UInt64(1)...20 {
                for (peer, references) in fetcher.dueRequests(at: Fixture.at(minute * 60_000)) {
                    #expect(references == [wanted])
                    asked.insert(peer.rawValue)
                }
            }
            #expect(asked == Set(0..<count).subtracting([own]))
        }
    }

    @Test("Of one view a few proposals wait, each once, and a verdict on another finds nothing")
    func judge() {
        var judge = ProposalJudge()
        func branch(_ time: UInt64) -> Branch {
            let tip = Fixture.block(on: Fixture.genesis, time: time)
            return Branch(root: Fixture.genesis, ancestors: [], tip: tip)
        }
        for time in UInt64(1)...70 {
            judge.add(branch(time))
            judge.add(branch(time))
        }
        #expect(judge.pending.count == 64)
        #expect(judge.block(branch(6).tip.digest) == nil)
        #expect(judge.block(branch(7).tip.digest) != nil)
        #expect(judge.block(branch(70).tip.digest) != nil)
        #expect(judge.missing(of: branch(6).tip.digest) { _ in false }.isEmpty)
        // One that waits is asked for again once somebody honest is behind it, and stays so.
        let backed = Branch(
            root: Fixture.genesis, ancestors: [], tip: branch(70).tip, isCertified: true)
        for _ in 0..<2 {
            judge.add(backed)
            judge.add(branch(70))
            #expect(judge.pending.count == 64)
            #expect(judge.pending.last?.branch == backed)
        }
    }

    @Test(
        "A proposal that is asked about again in a later view is not dropped with the earlier one")
    func askedAgain() {
        var judge = ProposalJudge()
        let batch = Fixture.batch(1, 1)
        let old = Fixture.block(on: Fixture.genesis, view: 1, payload: [batch])
        let new = Fixture.block(on: old, view: 3)
        func branch(_ view: UInt64, isCertified: Bool) -> Branch {
            Branch(
                root: Fixture.genesis, ancestors: [], tip: old, in: View(view),
                isCertified: isCertified)
        }
        judge.add(branch(2, isCertified: true))
        judge.add(branch(3, isCertified: false))
        #expect(judge.pending[0].branch == branch(3, isCertified: true))
        judge.add(branch(2, isCertified: true))
        #expect(judge.pending[0].branch.view == View(3))
        judge.add(Branch(root: Fixture.genesis, ancestors: [old], tip: new))
        #expect(judge.pending.count == 2 && judge.needsForCertified(batch.reference))
        judge.add(Branch(root: Fixture.genesis, ancestors: [old], tip: new, in: View(4)))
        judge.add(
            Branch(root: Fixture.genesis, ancestors: [], tip: Fixture.block(on: old, view: 4)))
        #expect(judge.block(old.digest) == nil && !judge.needs(batch.reference))
        #expect(judge.block(new.digest) == new)
    }

    private static func verdict(
        on block: Block, after ancestors: [Block], isCertified: Bool = false,
        limits: LedgerLimits = LedgerLimits(), holding batches: [Batch] = []
    ) -> Verdict? {
        var ledger = Fixture.ledger(limits: limits, recovered: batches.map { Fixture.signed($0) })
        let branch = Branch(
            root: Fixture.genesis, ancestors: ancestors, tip: block, isCertified: isCertified)
        ledger.tell(.judge(branch), at: Fixture.at(1_000))
        return ledger.settle(at: Fixture.at(1_000)).verdict(on: block.digest)
    }

    /// The one who knew that the first block is committed, and executed it, has lost power.
    @Test("A state that nobody here computed is taken from the parent, and from nobody else")
    func unknownState() {
        let first = Fixture.block(on: Fixture.genesis)
        let state = AppliedState(height: Height(1), root: Digest(1, 2, 3, 4))
        let second = Fixture.block(on: first, applied: state)
        let other = AppliedState(height: Height(1), root: Digest(4, 3, 2, 1))
        let third = Fixture.block(on: second, applied: state)
        #expect(Self.verdict(on: second, after: [first]) == nil)
        #expect(Self.verdict(on: second, after: [first], isCertified: true) == .valid)
        #expect(Self.verdict(on: third, after: [first, second]) == .valid)
        let strange = Fixture.block(on: second, applied: other)
        #expect(Self.verdict(on: strange, after: [first, second]) == nil)
    }

    @Test("Undecided blocks name no more bytes than their limit, and leaders propose half of it")
    func undecided() throws {
        var limits = LedgerLimits()
        limits.blockBytes = 100
        limits.undecidedBlocks = 4
        let batches = (1...5).map { Fixture.batch(1, UInt64($0), size: 82) }
        #expect(batches[0].encoded.count == 100)
        var blocks: [Block] = []
        for batch in batches {
            blocks.append(Fixture.block(on: blocks.last ?? Fixture.genesis, payload: [batch]))
        }
        func verdict(_ block: Block, after count: Int, isCertified: Bool = false) -> Verdict? {
            Self.verdict(
                on: block, after: Array(blocks[..<count]), isCertified: isCertified,
                limits: limits, holding: batches)
        }
        #expect(verdict(blocks[3], after: 3) == .valid)
        #expect(verdict(blocks[4], after: 4) == nil)
        #expect(verdict(blocks[4], after: 4, isCertified: true) == .valid)
        #expect(verdict(Fixture.block(on: blocks[4]), after: 5) == .valid)
        var ledger = Fixture.ledger(limits: limits, recovered: batches.map { Fixture.signed($0) })
        for count in 1...4 {
            let branch = Branch(
                root: Fixture.genesis, ancestors: Array(blocks[..<(count - 1)]),
                tip: blocks[count - 1])
            let draft = ledger.draft(on: branch, at: Fixture.at(UInt64(count) * 1_000))
            #expect(draft.payload == (count <= 2 ? [batches[count].reference] : []))
        }
    }

    @Test("The states of the last heights are known, and those before them are not")
    func roots() {
        var roots = ExecutedRoots(height: .zero, root: .zero)
        for height in UInt64(1)...5_000 {
            roots.append(Digest(height, 0, 0, 0), height: Height(height))
        }
        #expect(roots[Height(5_001)] == nil)
        #expect(roots[Height(5_000)] == Digest(5_000, 0, 0, 0))
        #expect(roots[Height(905)] == Digest(905, 0, 0, 0))
        #expect(roots[Height(904)] == nil)
    }

    @Test("A draft on a branch that does not begin where this replica is says nothing")
    func strayDraft() {
        var ledger = Fixture.ledger()
        let elsewhere = Fixture.block(on: Fixture.block(on: Fixture.genesis))
        let draft = ledger.draft(
            on: Branch(root: elsewhere, ancestors: [], tip: elsewhere, in: View(9)),
            at: Fixture.at(7))
        #expect(draft.payload.isEmpty && draft.applied == elsewhere.applied)
    }

    @Test("The clock is asked only where nobody honest has looked at the time of a block")
    func clocks() {
        let ahead = Fixture.block(on: Fixture.genesis, time: 1_000_000)
        func isJudged(_ block: Block, on ancestors: [Block], isCertified: Bool) -> Bool {
            Self.verdict(on: block, after: ancestors, isCertified: isCertified) == .valid
        }
        #expect(!isJudged(ahead, on: [], isCertified: false))
        #expect(isJudged(ahead, on: [], isCertified: true))
        let child = Fixture.block(on: ahead, time: 1_000_000)
        #expect(isJudged(child, on: [ahead], isCertified: false))
        let later = Fixture.block(on: ahead, time: 1_000_001)
        #expect(!isJudged(later, on: [ahead], isCertified: false))
    }

    @Test("The application judges no block that somebody honest voted for")
    func certifiedTips() {
        for isCertified in [false, true] {
            var ledger = Fixture.ledger(doesApplicationJudge: true)
            let block = Fixture.block(on: Fixture.genesis, time: 0)
            let branch = Branch(
                root: Fixture.genesis, ancestors: [], tip: block, isCertified: isCertified)
            ledger.tell(.judge(branch), at: Fixture.at(1))
            let turn = ledger.settle(at: Fixture.at(1))
            #expect(turn.isValid(block) == isCertified)
            #expect(turn.effects.contains(.askApplication(block, [])) == !isCertified)
        }
    }

    @Test("What the application refused is not what this replica proposes next")
    func refused() {
        for isValid in [true, false] {
            let batch = Fixture.batch(3, 1)
            var ledger = Fixture.ledger(
                doesApplicationJudge: true, recovered: [Fixture.signed(batch)])
            let block = Fixture.block(on: Fixture.genesis, payload: [batch])
            let verdict = isValid ? Verdict.valid : .invalid
            let answer = LedgerInput.applicationJudged(block.digest, isValid: isValid)
            let early = ledger.tell(answer)
            ledger.tell(
                .judge(Branch(root: Fixture.genesis, ancestors: [], tip: block)),
                at: Fixture.at(1))
            let (first, second) = (ledger.tell(answer), ledger.tell(answer))
            let verdicts = [early, first, second].map { $0.verdict(on: block.digest) }
            #expect(verdicts == [nil, verdict, nil])
            let draft = ledger.draft(
                on: Branch(root: Fixture.genesis, ancestors: [], tip: Fixture.genesis),
                at: Fixture.at(10_000))
            #expect(draft.payload == (isValid ? [batch.reference] : []))
        }
    }

    @Test("What nothing came of is not what a leader proposes next, where applications judge")
    func lostDraft() {
        for isJudging in [true, false] {
            let batch = Fixture.batch(3, 1)
            var ledger = Fixture.ledger(
                doesApplicationJudge: isJudging, recovered: [Fixture.signed(batch)])
            func draft(on blocks: [Block], at time: UInt64) -> [BatchReference] {
                let branch = Branch(
                    root: Fixture.genesis, ancestors: blocks.dropLast(),
                    tip: blocks.last ?? Fixture.genesis)
                return ledger.draft(on: branch, at: Fixture.at(time)).payload
            }
            let block = Fixture.block(on: Fixture.genesis, payload: [batch])
            #expect(draft(on: [], at: 10_000) == [batch.reference])
            // It is on its way.
            #expect(draft(on: [block], at: 20_000).isEmpty)
            #expect(draft(on: [], at: 30_000) == (isJudging ? [] : [batch.reference]))
        }
    }

    @Test("A draft is lost though others have ordered some of it, and whichever of several it was")
    func lostAmongOthers() {
        let (theirs, refused, own) = (
            Fixture.batch(1, 1), Fixture.batch(3, 1), Fixture.batch(0, 1)
        )
        var ledger = Fixture.ledger(
            doesApplicationJudge: true,
            recovered: [theirs, refused, own].map { Fixture.signed($0) })
        func draft(on blocks: [Block], at time: UInt64) -> [BatchReference] {
            let branch = Branch(
                root: ledger.queue.tail, ancestors: blocks.dropLast(),
                tip: blocks.last ?? ledger.queue.tail)
            return ledger.draft(on: branch, at: Fixture.at(time)).payload
        }
        let all = Set([theirs, refused, own].map(\.reference))
        #expect(Set(draft(on: [], at: 10_000)) == all)
        let block = Fixture.block(on: Fixture.genesis, payload: [theirs])
        ledger.tell(.commit(Fixture.run([block])))
        #expect(draft(on: [], at: 20_000) == [own.reference])
    }

    @Test("A block that turns out certified does not wait for the application any more")
    func certifiedMeanwhile() {
        let batch = Fixture.batch(3, 1)
        let block = Fixture.block(on: Fixture.genesis, payload: [batch])
        var ledger = Fixture.ledger(
            doesApplicationJudge: true, recovered: [Fixture.signed(batch)])
        for isCertified in [false, true] {
            let branch = Branch(
                root: Fixture.genesis, ancestors: [], tip: block, isCertified: isCertified)
            ledger.tell(.judge(branch), at: Fixture.at(1))
            let turn = ledger.settle(at: Fixture.at(1), wallTime: 1_000)
            #expect(turn.isValid(block) == isCertified)
        }
        // The answer comes late.
        let late = ledger.tell(.applicationJudged(block.digest, isValid: false))
        #expect(late.inputs.isEmpty)
    }

    @Test("Undecided blocks name no more batches than their limit, however small")
    func undecidedNames() {
        var limits = LedgerLimits()
        limits.undecidedBatches = 2
        let batches = (1...3).map { Fixture.batch(1, UInt64($0)) }
        let first = Fixture.block(on: Fixture.genesis, payload: Array(batches[..<2]))
        let second = Fixture.block(on: first, payload: [batches[2]])
        #expect(Self.verdict(on: first, after: [], limits: limits, holding: batches) == .valid)
        #expect(Self.verdict(on: second, after: [first], limits: limits, holding: batches) == nil)
        let empty = Fixture.block(on: first)
        #expect(Self.verdict(on: empty, after: [first], limits: limits) == .valid)
    }

    @Test("Ledgers are equal exactly if they wait for the same answer of the same peer")
    func equality() {
        func ledger(_ count: Int, at time: UInt64) -> Ledger {
            var ledger = Fixture.ledger()
            let last = Fixture.chain(count).last ?? Fixture.genesis
            ledger.tell(.fetch(Fixture.certificate(last)))
            ledger.settle(at: Fixture.at(time))
            return ledger
        }
        #expect(ledger(3, at: 1) == ledger(3, at: 1))
        #expect(ledger(3, at: 1) != ledger(4, at: 1))
        #expect(ledger(3, at: 1) != ledger(3, at: 2))
        #expect(ledger(3, at: 1) != Fixture.ledger())
    }
}
