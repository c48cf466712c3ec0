import BFTBase
import BFTCore
import ProtocolPBFT
import Testing

/// Schedules that chance rarely finds, one for each rule: with the rule nothing happens, and
/// without it two blocks are committed at one height.
@Suite struct PBFTSceneTests {
    /// v0 alone hears that the last of `length` blocks is committed, and is cut off. The others
    /// are left with what they have `prepared` of it.
    static func hiddenCommit<Rules: PBFTRules>(
        _ rules: Rules.Type, length: UInt64 = 1, isPrepared: Bool = true,
        lie: @escaping (PBFTUnsigned, Int) -> PBFTUnsigned = { unsigned, _ in unsigned }
    ) throws -> Bool {
        var stage = try PBFTStage<Rules>()
        stage.length = length
        stage.lie = lie
        let isHidden: (PBFTStage<Rules>.Sent) -> Bool = { sent in
            sent.to != 0
                && (sent.message.isVote(.commit, in: 1, above: length - 1)
                    || (!isPrepared && sent.message.isVote(.prepare, in: 1, above: length - 1)))
        }
        stage.fate = { isHidden($0) ? .isLost : .arrives }
        stage.submit()
        stage.fate = { isHidden($0) || $0.from == 0 || $0.to == 0 ? .isLost : .arrives }
        stage.length = length + 2
        for index in 1..<4 { stage.work(at: index) }
        stage.wait(2_000, for: [1, 2, 3])
        #expect(stage.committed[0].count == Int(length) || !isPrepared)
        #expect(stage.committed[1].count >= Int(length) || Rules.self != PBFTSoundRules.self)
        return stage.isForked
    }

    /// v3 alone prepares `length` blocks in view 1. The others commit another one in view 2, as
    /// v0 alone hears. v3 asks for view 3 before it hears of that; then it is back, and v0 is
    /// cut off.
    static func twoViews<Rules: PBFTRules>(_ rules: Rules.Type, length: UInt64) throws -> Bool {
        var stage = try PBFTStage<Rules>()
        stage.length = length
        let isHidden: (PBFTStage<Rules>.Sent) -> Bool = { sent in
            (sent.message.isVote(.prepare, in: 1) && sent.to != 3)
                || sent.message.isVote(.commit, in: 1)
                || (sent.message.isVote(.commit, in: 2) && sent.to != 0)
        }
        stage.fate = { isHidden($0) ? .isLost : .arrives }
        stage.submit()
        // v0 hears no votes, so it gathers for as long as it may before each block.
        stage.wait(10 * length, for: [0])
        stage.length = 1
        // v3 hears that the others want view 2, and nothing more.
        stage.fate = { sent in
            if case .viewChange = sent.message, sent.to == 3 { return .arrives }
            return isHidden(sent) || sent.from == 3 || sent.to == 3 ? .isLost : .arrives
        }
        stage.wait(250, for: [0, 1, 2])
        #expect(stage.committed[0].count == 1)
        stage.wait(1_500, for: [3])
        stage.length = 4
        stage.fate = { isHidden($0) || $0.from == 0 || $0.to == 0 ? .isLost : .arrives }
        stage.wait(4_000, for: [1, 2, 3])
        #expect(stage.committed[1].count >= 1)
        return stage.isForked
    }

    /// What was prepared in view 1 becomes known after everybody asked for view 2.
    static func latePrepares<Rules: PBFTRules>(_ rules: Rules.Type) throws -> Bool {
        var stage = try PBFTStage<Rules>()
        stage.length = 1
        stage.fate = { sent in
            switch sent.message {
            case .viewChange, .newView, .inquiry: .isHeld
            default: sent.message.isVote(.prepare, in: 1) && sent.to != 0 ? .isHeld : .arrives
            }
        }
        stage.submit()
        stage.wait(250, for: [1, 2, 3])
        // All three have asked for view 2 with nothing to report. v0 hears of that no more.
        stage.fate = { sent in
            if sent.from == 0 || sent.to == 0 {
                return sent.message.isVote(.prepare, in: 1) || sent.message.isVote(.commit, in: 1)
                    ? .arrives : .isLost
            }
            return sent.message.isVote(.commit, in: 1) ? .isLost : .arrives
        }
        stage.release()
        stage.wait(1_000, for: [1, 2, 3])
        return stage.isForked
    }

    /// v3 was away and caught up by what a checkpoint certifies; then v0, which leads, falls
    /// silent for good. How far do the others get?
    static func lengthAfterJump<Rules: PBFTRules>(_ rules: Rules.Type) throws -> Int {
        var stage = try PBFTStage<Rules>()
        stage.length = 8
        stage.fate = { $0.from == 3 || $0.to == 3 ? .isLost : .arrives }
        stage.submit()
        try stage.catchUp(3, to: stage.committed[1], by: .checkpoint, in: .zero)
        #expect(stage.committed.allSatisfy { $0.count == 8 })
        stage.fate = { $0.from == 0 || $0.to == 0 ? .isLost : .arrives }
        stage.length = 12
        for index in 1..<4 { stage.work(at: index) }
        stage.wait(4_000, for: [1, 2, 3])
        return stage.committed[3].count
    }

    /// v0, v1 and v2 commit eight blocks. Power cuts take the last of them from v0 and v2. v0
    /// catches up again by what a checkpoint certifies, and its power is cut once more. v1 is
    /// malicious: it begins view 2 by the wishes of v0, itself and v3, which was away, and
    /// proposes another eighth block to v2 and v3.
    static func forgottenAtJump<Rules: PBFTRules>(_ rules: Rules.Type) throws -> Bool {
        var stage = try PBFTStage<Rules>()
        stage.length = 8
        stage.lie = { unsigned, index in
            guard case .viewChange(let content, _) = unsigned, index == 1 else { return unsigned }
            return .viewChange(content.naming(nil), nil)
        }
        // v2 does not hear that the checkpoint is stable.
        stage.fate = { sent in
            let isUnheard = sent.to == 2 && sent.message.isVote(.checkpoint, in: 0)
            return sent.from == 3 || sent.to == 3 || isUnheard ? .isLost : .arrives
        }
        stage.submit()
        let chain = stage.committed[1]
        #expect(chain.count == 8)
        stage.fate = { _ in .isLost }
        try stage.restart(0, losing: 1)
        try stage.restart(2, losing: 1, isLogCut: true)
        try stage.catchUp(0, to: chain, by: .checkpoint, in: .zero)
        try stage.restart(0, isLogCut: true)
        try stage.catchUp(3, to: Array(chain.prefix(7)), by: .commit, in: View(1))
        stage.fate = { sent in
            switch sent.message {
            case .viewChange: sent.from == 2 ? .isLost : .arrives
            case .newView: .arrives
            case .prePrepare: sent.message.proposedHeight == Height(8) ? .arrives : .isLost
            case .vote(let vote): vote.statement.view == View(2) ? .arrives : .isLost
            default: .isLost
            }
        }
        for index in 0..<4 { stage.work(at: index) }
        stage.wait(300)
        let other = Block(
            epoch: .zero, view: View(2), height: Height(8), parents: [chain[6].digest],
            proposer: ValidatorIndex(1), time: Timestamp(milliseconds: 2),
            applied: chain[6].applied, payload: [])
        for kind in [VoteKind.prepare, .commit] {
            let said = Statement(
                chain: PBFTStage<Rules>.chain, epoch: .zero, kind: kind, view: View(2),
                height: Height(8), block: other.digest)
            let vote = Vote(statement: said, voter: ValidatorIndex(1), signature: [])
            for index in [2, 3] {
                let isProposal = kind == .prepare
                stage.whisper(
                    isProposal
                        ? .prePrepare(PBFTPrePrepare(block: other, vote: vote)) : .vote(vote),
                    from: 1, to: index)
            }
        }
        #expect(stage.replicas[2].view >= View(2) && stage.replicas[3].view >= View(2))
        return stage.isForked
    }

    /// The leader of view 2 begins it with nothing, whatever was reported.
    static func forgetting(_ unsigned: PBFTUnsigned, by index: Int) -> PBFTUnsigned {
        guard case .newView(let content) = unsigned, index == 1 else { return unsigned }
        return .newView(
            PBFTNewViewContent(
                outcome: content.outcome.naming(nil), viewChanges: content.viewChanges,
                certificate: nil))
    }

    @Test("With the rules of the paper, no scene splits the replicas")
    func sound() throws {
        let rules = PBFTSoundRules.self
        #expect(try !Self.hiddenCommit(rules))
        #expect(try !Self.hiddenCommit(rules, length: 8))
        #expect(try !Self.hiddenCommit(rules, isPrepared: false))
        #expect(try !Self.hiddenCommit(rules, lie: Self.forgetting))
        #expect(try !Self.twoViews(rules, length: 1))
        #expect(try !Self.twoViews(rules, length: 2))
        #expect(try !Self.latePrepares(rules))
        #expect(try !Self.forgottenAtJump(rules))
    }

    @Test("The view change of a replica that a checkpoint took to a block is taken by everybody")
    func jump() throws { #expect(try Self.lengthAfterJump(PBFTSoundRules.self) >= 12) }

    @Test("A view change without what was voted upon at or below the committed block splits them")
    func forgetsCommitted() throws { #expect(try Self.forgottenAtJump(ForgetsCommitted.self)) }

    @Test("A view change that reports nothing splits them")
    func reportsNothing() throws { #expect(try Self.hiddenCommit(ReportsNothing.self)) }

    @Test("A view change without what is prepared splits them")
    func reportsCommittedOnly() throws {
        #expect(try Self.hiddenCommit(ReportsCommittedOnly.self, length: 3))
    }

    @Test("A view change that mixes what is prepared with watermarks splits them")
    func reportsWithinInterval() throws {
        #expect(try !Self.hiddenCommit(ReportsWithinInterval.self, length: 3))
        #expect(try Self.hiddenCommit(ReportsWithinInterval.self, length: 8))
    }

    @Test("A commit vote without a prepared certificate splits them")
    func commitsUnprepared() throws {
        #expect(try Self.hiddenCommit(CommitsUnprepared.self, isPrepared: false))
    }

    @Test("A new view that nobody computes again splits them")
    func recomputesNothing() throws {
        #expect(try Self.hiddenCommit(RecomputesNothing.self, lie: Self.forgetting))
    }

    @Test("A new view with the lowest report splits them")
    func choosesLowest() throws { #expect(try Self.twoViews(ChoosesLowest.self, length: 1)) }

    @Test("A new view with the longest chain of any view splits them")
    func choosesTallest() throws {
        #expect(try !Self.twoViews(ChoosesTallest.self, length: 1))
        #expect(try Self.twoViews(ChoosesTallest.self, length: 2))
    }

    @Test("A vote after asking for a later view splits them")
    func votesAfterViewChange() throws {
        #expect(try Self.latePrepares(VotesAfterViewChange.self))
    }

    // MARK: Not about splits

    static func chainStatement(_ kind: VoteKind, height: UInt64, root: UInt64) -> Statement {
        Statement(
            chain: Digest(3, 3, 3, 3), epoch: .zero, kind: kind, view: .zero,
            height: Height(height), block: Digest(root, 0, 0, 0),
            ancestor: BlockName(height: Height(height), digest: Digest(root, 0, 0, 0)))
    }

    /// One validator asks for view 5.
    static func viewAfterOneWish<Rules: PBFTRules>(_ rules: Rules.Type) throws -> View {
        var stage = try PBFTStage<Rules>()
        let content = PBFTViewChangeContent(
            chain: PBFTStage<Rules>.chain, epoch: .zero, view: View(5), highest: nil)
        let wish = PBFTViewChange(content: content, signer: ValidatorIndex(3), signature: [])
        stage.whisper(.viewChange(wish, nil), from: 3, to: 1)
        return stage.replicas[1].view
    }

    @Test("One validator can't take others to another view, two of four can")
    func weakQuorum() throws {
        #expect(try Self.viewAfterOneWish(PBFTSoundRules.self) == View(1))
        #expect(try Self.viewAfterOneWish(PBFTOneIsWeakQuorum.self) == View(5))
    }

    /// One validator signs a checkpoint of its own making; how far is the chain after that?
    static func lengthAfterOneCheckpoint<Rules: PBFTRules>(
        _ rules: Rules.Type, areCheckpointsLost: Bool
    ) throws -> Int {
        var stage = try PBFTStage<Rules>()
        stage.length = 40
        let isLost = areCheckpointsLost
        stage.fate = { isLost && $0.message.isVote(.checkpoint, in: 0) ? .isLost : .arrives }
        for index in 0..<3 {
            let vote = Vote(
                statement: Self.chainStatement(.checkpoint, height: 32, root: 9),
                voter: ValidatorIndex(3), signature: [])
            stage.whisper(.vote(vote), from: 3, to: index)
        }
        stage.submit()
        return stage.committed[1].count
    }

    @Test("Instances go a window above the stable checkpoint, which takes a quorum")
    func window() throws {
        let rules = PBFTSoundRules.self
        let window = Int(PBFTBounds.window)
        #expect(try Self.lengthAfterOneCheckpoint(rules, areCheckpointsLost: true) == window)
        #expect(try Self.lengthAfterOneCheckpoint(rules, areCheckpointsLost: false) >= 40)
        #expect(
            try Self.lengthAfterOneCheckpoint(OneMakesStable.self, areCheckpointsLost: true)
                != window)
        #expect(
            try Self.lengthAfterOneCheckpoint(KnowsNoWindow.self, areCheckpointsLost: true) >= 40)
    }
}
