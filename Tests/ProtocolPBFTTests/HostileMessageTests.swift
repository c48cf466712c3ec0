@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolPBFT

/// Messages that have an encoding and no meaning here, and words of validators that are none.
@Suite struct HostileMessageTests {
    static let genesis = Block.genesis(
        chain: .zero, time: Timestamp(milliseconds: 10), stateRoot: .zero)
    static let foreign = VoteKind(ballot: 2, choice: 1, per: .view)

    static func validator(_ index: Int) -> ValidatorIndex { ValidatorIndex(index) }

    /// The leaders of views 1, 2, 3 are v0, v1, v2.
    static func replica(own: Int = 3) throws -> PBFT {
        let configuration = ReplicaConfiguration(
            chain: .zero, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: validator(own),
            timing: .init(viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100)))
        return PBFT(configuration: configuration, root: genesis, certificate: nil, recovered: [])
    }

    static func effects(_ input: Input<PBFT>, of replica: inout PBFT) -> [Effect<PBFT>] {
        var effects: [Effect<PBFT>] = []
        replica.handle(input, at: Instant(nanoseconds: 1), into: &effects)
        return effects.filter { if case .setTimer = $0 { false } else { true } }
    }

    static func hear(
        _ message: PBFTMessage, from sender: Int = 2, _ replica: inout PBFT
    ) -> [Effect<PBFT>] {
        effects(.received(Verified(message), from: validator(sender)), of: &replica)
    }

    static func started() throws -> PBFT {
        var replica = try replica()
        _ = effects(.started, of: &replica)
        return replica
    }

    /// What a replica that has started does with `message`.
    static func answer(to message: PBFTMessage, from sender: Int = 2) throws -> [Effect<PBFT>] {
        var replica = try started()
        return hear(message, from: sender, &replica)
    }

    /// The same without a change of the replica.
    private static func answer(of replica: PBFT, to message: PBFTMessage) -> [Effect<PBFT>] {
        var replica = replica
        return hear(message, &replica)
    }

    static func block(
        view: UInt64 = 1, proposer: Int = 0, time: UInt64 = 10, parents: [Digest]? = nil
    ) -> Block {
        Block(
            epoch: .zero, view: View(view), height: Height(1), parents: parents ?? [genesis.digest],
            proposer: validator(proposer), time: Timestamp(milliseconds: time),
            applied: genesis.applied, payload: [])
    }

    static func said(_ kind: VoteKind, _ block: Block) -> Statement {
        Statement(
            chain: .zero, epoch: .zero, kind: kind, view: block.view, height: block.height,
            block: block.digest)
    }

    static func vote(_ statement: Statement, by voter: Int = 2) -> Vote {
        Vote(statement: statement, voter: validator(voter), signature: [])
    }

    static func certificate(_ statement: Statement, by count: Int = 3) throws -> Certificate {
        try #require(
            Certificate(
                statement: statement, votes: (0..<count).map { vote(statement, by: $0) },
                validatorCount: 4))
    }

    static func proposal(_ block: Block) -> PBFTMessage {
        .prePrepare(
            PBFTPrePrepare(
                block: block, vote: vote(said(.prepare, block), by: block.proposer.rawValue)))
    }

    @Test("A proposal of who does not lead, with two parents, or older than its parent is refused")
    func proposals() throws {
        #expect(
            try Self.answer(to: Self.proposal(Self.block(proposer: 1)))
                == [.reject(.notLeader(Self.validator(1), View(1)))])
        #expect(
            try Self.answer(to: Self.proposal(Self.block(parents: [.zero, .zero])))
                == [.reject(.malformedBlock)])
        let early = try Self.answer(to: Self.proposal(Self.block(time: 9)))
        #expect(early.contains(.reject(.malformedBlock)))
        let sound = try Self.answer(to: Self.proposal(Self.block()))
        #expect(sound.contains { if case .judge = $0 { true } else { false } })
    }

    @Test("A block that is committed is neither proposed again nor taken again")
    func committed() throws {
        var replica = try Self.started()
        let block = Self.block()
        _ = Self.hear(Self.proposal(block), from: 0, &replica)
        let commit = try Self.certificate(Self.said(.commit, block))
        #expect(
            Self.hear(.certificate(commit), &replica).contains {
                if case .commit = $0 { true } else { false }
            })
        #expect(Self.hear(Self.proposal(block), from: 0, &replica).isEmpty)
        #expect(
            Self.hear(.block(block), from: 0, &replica)
                == [.reject(.unexpectedBlock(block.digest))])
    }

    @Test("Votes at the committed height are neither checked nor kept, and right above it they are")
    func committedHeight() throws {
        var replica = try Self.started()
        let block = Self.block()
        func vote(_ kind: VoteKind, height: UInt64, in view: UInt64 = 1) -> PBFTMessage {
            .vote(
                Self.vote(
                    Statement(
                        chain: .zero, epoch: .zero, kind: kind, view: View(view),
                        height: Height(height), block: Digest(1, 2, 3, height))))
        }
        for kind in [VoteKind.prepare, .commit] {
            #expect(replica.isUseful(vote(kind, height: 1)))
        }
        _ = Self.hear(Self.proposal(block), from: 0, &replica)
        _ = Self.hear(
            .certificate(try Self.certificate(Self.said(.commit, block))), &replica)
        try #require(replica.committed == block)
        for kind in [VoteKind.prepare, .commit] {
            #expect(!replica.isUseful(vote(kind, height: 1)))
            let before = replica
            for view in [1, 9] as [UInt64] {
                #expect(Self.hear(vote(kind, height: 1, in: view), &replica).isEmpty)
                #expect(replica == before)
            }
            #expect(
                Self.answer(of: replica, to: vote(kind, height: 2, in: 9))
                    == [.reject(.beyondWindow(View(9)))])
            #expect(replica.isUseful(vote(kind, height: 2)))
            _ = Self.hear(vote(kind, height: 2), &replica)
            #expect(replica != before)
        }
    }

    @Test("A draft on another parent than the one that was asked for is left")
    func strayDraft() throws {
        var replica = try Self.replica(own: 0)
        _ = Self.effects(.started, of: &replica)
        _ = Self.effects(.work(pending: true), of: &replica)
        let draft = Draft(
            time: Timestamp(milliseconds: 20), applied: Self.genesis.applied, payload: [])
        let answer = Self.effects(
            .drafted(draft, view: View(1), parent: Digest(1, 0, 0, 0)), of: &replica)
        #expect(!answer.contains { if case .sign = $0 { true } else { false } })
    }

    @Test("Votes and certificates of nobody, or of a kind that PBFT does not have, are refused")
    func strangers() throws {
        let stranger = Self.vote(Self.said(.prepare, Self.block()), by: 4)
        #expect(try Self.answer(to: .vote(stranger)) == [.reject(.unknownVoter(Self.validator(4)))])
        let strange = Self.said(Self.foreign, Self.block())
        let certificate = try Self.certificate(strange)
        #expect(
            try Self.answer(to: .vote(Self.vote(strange))) == [.reject(.otherKind(Self.foreign))])
        #expect(
            try Self.answer(to: .certificate(certificate)) == [.reject(.otherKind(Self.foreign))])
        let replica = try Self.started()
        #expect(!replica.isUseful(.vote(Self.vote(strange))))
        #expect(!replica.isUseful(.certificate(certificate)))
    }

    @Test("Of a certificate of too few, or of a network of another size, nobody checks signatures")
    func worthless() throws {
        let replica = try Self.started()
        for kind in [VoteKind.prepare, .commit] {
            let statement = Self.said(kind, Self.block())
            func isUseful(_ signers: [Int], of count: Int = 4) throws -> Bool {
                let certificate = try #require(
                    Certificate(
                        statement: statement, votes: signers.map { Self.vote(statement, by: $0) },
                        validatorCount: count))
                return replica.isUseful(.certificate(certificate))
            }
            #expect(try isUseful([0, 1, 2]))
            #expect(try !isUseful([3]) && !isUseful([1, 2]) && !isUseful([0, 1, 2], of: 5))
        }
    }

    static func viewChange(
        _ view: UInt64, by voter: Int, naming certificate: Certificate? = nil
    ) -> PBFTMessage {
        let content = PBFTViewChangeContent(
            chain: .zero, epoch: .zero, view: View(view),
            highest: certificate.map { PBFTCertificateName($0.statement) })
        return .viewChange(
            PBFTViewChange(content: content, signer: validator(voter), signature: []), certificate)
    }

    @Test("A view change of nobody, or with a certificate of another kind, is refused")
    func viewChanges() throws {
        let stranger = Self.viewChange(2, by: 4)
        #expect(try Self.answer(to: stranger) == [.reject(.unknownVoter(Self.validator(4)))])
        // It is worth its verification, so that its sender is told.
        #expect(try Self.started().isUseful(stranger))
        let strange = try Self.certificate(Self.said(Self.foreign, Self.block()))
        #expect(
            try Self.answer(to: Self.viewChange(2, by: 2, naming: strange))
                == [.reject(.otherKind(Self.foreign))])
    }

    @Test("A view change that is earlier than another of the same validator changes nothing")
    func earlierViewChange() throws {
        var replica = try Self.started()
        #expect(replica.isUseful(Self.viewChange(3, by: 2)))
        _ = Self.hear(Self.viewChange(3, by: 2), &replica)
        let before = replica
        #expect(
            (2...4).map { replica.isUseful(Self.viewChange($0, by: 2)) } == [false, false, true])
        #expect(Self.hear(Self.viewChange(2, by: 2), &replica).isEmpty)
        #expect(replica == before)
    }

    @Test("A new view of who does not lead it is refused, and one of the present view is left")
    func newViews() throws {
        func newView(_ view: UInt64, by leader: Int) -> PBFTMessage {
            let outcome = PBFTViewChangeContent(
                chain: .zero, epoch: .zero, view: View(view), highest: nil)
            return .newView(
                PBFTNewView(
                    content: PBFTNewViewContent(
                        outcome: outcome, viewChanges: [], certificate: nil),
                    signer: Self.validator(leader), signature: []))
        }
        #expect(
            try Self.answer(to: newView(2, by: 0))
                == [.reject(.notLeader(Self.validator(0), View(2)))])
        #expect(try Self.answer(to: newView(1, by: 0)).isEmpty)
    }

    @Test("A new view is worth its check from the present view on, unless it is under way already")
    func usefulNewViews() throws {
        var replica = try Self.started()
        func isUseful(_ view: UInt64) -> Bool {
            let outcome = PBFTViewChangeContent(
                chain: .zero, epoch: .zero, view: View(view), highest: nil)
            return replica.isUseful(
                .newView(
                    PBFTNewView(
                        content: PBFTNewViewContent(
                            outcome: outcome, viewChanges: [], certificate: nil),
                        signer: replica.leader(of: View(view)), signature: [])))
        }
        #expect((0...4).map(isUseful) == [false, false, true, true, true])
        for voter in [1, 2] { _ = Self.hear(Self.viewChange(3, by: voter), &replica) }
        try #require(replica.view == View(3))
        #expect((0...4).map(isUseful) == [false, false, false, true, true])
    }

    @Test("Checkpoints from far ahead are not kept, and those of too few are refused")
    func checkpoints() throws {
        func checkpoint(_ number: UInt64) -> Statement {
            let height = Height(number * PBFTBounds.checkpointInterval)
            return Statement(
                chain: .zero, epoch: .zero, kind: .checkpoint, view: .zero, height: height,
                block: .zero, ancestor: BlockName(height: height, digest: .zero))
        }
        var replica = try Self.started()
        let before = replica
        #expect(Self.hear(.vote(Self.vote(checkpoint(1 << 40))), &replica).isEmpty)
        #expect(replica == before)
        let weak = try Self.certificate(checkpoint(1), by: 2)
        #expect(try Self.answer(to: .certificate(weak)) == [.reject(.weakCertificate)])
    }

    @Test("Who is no validator is refused, and nobody greets or answers itself")
    func senders() throws {
        var replica = try Self.replica()
        var inquiry: PBFTInquiry?
        for case .broadcast(.inquiry(let said)) in Self.effects(.started, of: &replica) {
            inquiry = said
        }
        let asked = PBFTMessage.inquiry(try #require(inquiry))
        #expect(
            Self.hear(asked, from: 4, &replica) == [.reject(.unknownSender(Self.validator(4)))])
        #expect(Self.hear(asked, from: 3, &replica).isEmpty)
        for peer in [3, 4] {
            #expect(Self.effects(.connected(Self.validator(peer)), of: &replica).isEmpty)
        }
        #expect(!Self.effects(.connected(Self.validator(0)), of: &replica).isEmpty)
    }

    @Test("The last view is followed by no other")
    func saturation() {
        #expect(UInt64.max.addingSaturating(1) == .max)
        #expect(UInt64(1).addingSaturating(1) == 2)
    }

    @Test("A link with this validator itself, or with who is none, is no link")
    func links() throws {
        var replica = try Self.replica()
        _ = Self.effects(.started, of: &replica)
        for stranger in [3, 4, 65_535] {
            let done = Self.effects(.connected(Self.validator(stranger)), of: &replica)
            #expect(done.isEmpty, "validator \(stranger)")
        }
        #expect(!Self.effects(.connected(Self.validator(2)), of: &replica).isEmpty)
    }
}
