@_spi(Verification) import BFTBase
import BFTCore
import BFTWire
import Testing

@testable import ProtocolHotStuff

/// Messages that have an encoding and no meaning here, and words of validators that are none.
@Suite struct HostileMessageTests {
    static let genesis = Block.genesis(
        chain: .zero, time: Timestamp(milliseconds: 10), stateRoot: .zero)

    static func validator(_ index: Int) -> ValidatorIndex { ValidatorIndex(index) }

    /// v3, whose views are 4, 8, ….
    static func replica() throws -> HotStuff {
        let configuration = ReplicaConfiguration(
            chain: .zero, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: validator(3),
            timing: .init(viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100)))
        return HotStuff(
            configuration: configuration, root: genesis, certificate: nil, recovered: [])
    }

    static func effects(
        _ input: Input<HotStuff>, of replica: inout HotStuff
    ) -> [Effect<HotStuff>] {
        var effects: [Effect<HotStuff>] = []
        replica.handle(input, at: Instant(nanoseconds: 1), into: &effects)
        return effects.filter { if case .setTimer = $0 { false } else { true } }
    }

    /// What a replica that has started does with `message`.
    static func answer(
        to message: HotStuffMessage, from sender: Int = 2
    ) throws -> [Effect<HotStuff>] {
        var replica = try replica()
        _ = effects(.started, of: &replica)
        return effects(.received(Verified(message), from: validator(sender)), of: &replica)
    }

    static func block(
        view: UInt64 = 1, proposer: Int = 0, time: UInt64 = 10, parents: [Digest]? = nil
    ) -> Block {
        Block(
            epoch: .zero, view: View(view), height: Height(1), parents: parents ?? [genesis.digest],
            proposer: validator(proposer), time: Timestamp(milliseconds: time),
            applied: genesis.applied, payload: [])
    }

    static func proposal(_ block: Block) -> HotStuffMessage {
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .vote, view: block.view, height: block.height,
            block: block.digest)
        return .proposal(
            HotStuffProposal(
                block: block, vote: Vote(statement: said, voter: block.proposer, signature: []),
                justify: nil, timeouts: nil))
    }

    static func timeouts(
        view: UInt64 = 1, chain: Digest = .zero, epoch: Epoch = .zero
    ) -> HotStuffTimeoutCertificate? {
        let timeouts = (0..<3).map {
            HotStuffTimeout(
                content: HotStuffTimeoutStatement(
                    chain: chain, epoch: epoch, view: View(view), highView: .zero),
                signer: validator($0), signature: [])
        }
        return HotStuffTimeoutCertificate(timeouts: timeouts, high: nil, validatorCount: 4)
    }

    @Test("A proposal of who does not lead, with two parents, or older than its parent is refused")
    func proposals() throws {
        #expect(
            try Self.answer(to: Self.proposal(Self.block(proposer: 1)))
                == [.reject(.notLeader(Self.validator(1), View(1)))])
        #expect(
            try Self.answer(to: Self.proposal(Self.block(parents: [.zero, .zero])))
                == [.reject(.malformedBlock)])
        let early = Self.block(time: 9)
        #expect(try Self.answer(to: Self.proposal(early)).contains(.reject(.malformedBlock)))
        let sound = try Self.answer(to: Self.proposal(Self.block()))
        #expect(sound.contains { if case .judge = $0 { true } else { false } })
    }

    @Test("A proposal or a vote of a view that is over changes nothing")
    func views() throws {
        let old = Self.block(view: 0)
        #expect(try Self.answer(to: Self.proposal(old)) == [.reject(.malformedBlock)])
        guard case .proposal(let proposal) = Self.proposal(old) else { return }
        #expect(try Self.answer(to: .vote(proposal.vote)).isEmpty)
    }

    @Test("Votes, timeouts and certificates of nobody, or of another chain or kind, are refused")
    func strangers() throws {
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .vote, view: View(1), height: Height(1), block: .zero)
        let stranger = Vote(statement: said, voter: Self.validator(4), signature: [])
        #expect(try Self.answer(to: .vote(stranger)) == [.reject(.unknownVoter(Self.validator(4)))])
        let foreign = VoteKind(ballot: 2, choice: 1, per: .instance)
        let strange = Statement(
            chain: .zero, epoch: .zero, kind: foreign, view: View(1), height: Height(1),
            block: .zero)
        let votes = (0..<3).map {
            Vote(statement: strange, voter: Self.validator($0), signature: [])
        }
        let certificate = try #require(
            Certificate(statement: strange, votes: votes, validatorCount: 4))
        #expect(try Self.answer(to: .vote(votes[0])) == [.reject(.otherKind(foreign))])
        #expect(try Self.answer(to: .certificate(certificate)) == [.reject(.otherKind(foreign))])
        #expect(try !Self.replica().isUseful(.certificate(certificate)))
        for signers in [[3], [1, 2], [0, 1, 2]] {
            let said = Statement(
                chain: .zero, epoch: .zero, kind: .vote, view: View(1), height: Height(1),
                block: Digest(1, 0, 0, 0))
            let votes = signers.map {
                Vote(statement: said, voter: Self.validator($0), signature: [])
            }
            let certificate = try #require(
                Certificate(statement: said, votes: votes, validatorCount: 4))
            #expect(
                try Self.replica().isUseful(.certificate(certificate)) == (signers.count == 3))
        }
        func timeout(_ sender: Int, high: UInt64) -> HotStuffMessage {
            let statement = HotStuffTimeoutStatement(
                chain: .zero, epoch: .zero, view: View(1), highView: View(high))
            return .timeout(
                HotStuffTimeout(content: statement, signer: Self.validator(sender), signature: [])
            )
        }
        #expect(
            try Self.answer(to: timeout(4, high: 0))
                == [.reject(.unknownVoter(Self.validator(4)))])
        #expect(try Self.answer(to: timeout(2, high: 1)) == [.reject(.weakCertificate)])
    }

    @Test("Timeouts of another chain or epoch, and of none at all, end no view")
    func timeoutCertificates() throws {
        let elsewhere = try #require(Self.timeouts(chain: Digest(1, 0, 0, 0)))
        #expect(try Self.answer(to: .timeoutCertificate(elsewhere)) == [.reject(.otherChain)])
        let later = try #require(Self.timeouts(epoch: Epoch(1)))
        #expect(try Self.answer(to: .timeoutCertificate(later)) == [.reject(.otherEpoch)])
        #expect(HotStuffTimeoutCertificate(timeouts: [], high: nil, validatorCount: 4) == nil)
        var writer = Writer()
        Digest.zero.encode(into: &writer)
        Epoch.zero.encode(into: &writer)
        View(1).encode(into: &writer)
        Bitmap(count: 4).encode(into: &writer)
        writer.optional(Certificate?.none) { $1.encode(into: &$0) }
        let empty = try HotStuffTimeoutCertificate(decoding: writer.bytes)
        #expect(empty.highestView == .zero)
        #expect(try Self.answer(to: .timeoutCertificate(empty)) == [.reject(.weakCertificate)])
        #expect(try Self.replica().isUseful(.timeoutCertificate(empty)))
    }

    @Test("Who is no validator is refused, and nobody greets or answers itself")
    func senders() throws {
        let inquiry = try #require(
            try Self.inquiry(), "a replica that starts asks what it missed")
        #expect(
            try Self.answer(to: .inquiry(inquiry), from: 4)
                == [.reject(.unknownSender(Self.validator(4)))])
        #expect(try Self.answer(to: .inquiry(inquiry), from: 3).isEmpty)
        var replica = try Self.replica()
        _ = Self.effects(.started, of: &replica)
        for peer in [3, 4] {
            #expect(Self.effects(.connected(Self.validator(peer)), of: &replica).isEmpty)
        }
        #expect(!Self.effects(.connected(Self.validator(0)), of: &replica).isEmpty)
    }

    private static func inquiry() throws -> HotStuffInquiry? {
        var replica = try replica()
        for case .broadcast(.inquiry(let inquiry)) in effects(.started, of: &replica) {
            return inquiry
        }
        return nil
    }

    @Test("Blocks that were caught up on and don't follow what is committed change nothing")
    func strayRun() throws {
        let block = Self.block(parents: [.zero])
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .vote, view: View(2), height: Height(2),
            block: .zero, ancestor: BlockName(height: block.height, digest: block.digest))
        let votes = (0..<3).map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        let certificate = try #require(
            Certificate(statement: said, votes: votes, validatorCount: 4))
        var replica = try Self.replica()
        let checked = try HotStuff.commitRules(replica.configuration).check(certificate)
        let run = try #require(CommittedRun(blocks: [block], certificate: checked))
        _ = Self.effects(.started, of: &replica)
        let before = replica
        #expect(Self.effects(.caughtUp(run), of: &replica).isEmpty)
        #expect(replica == before)
    }

    @Test("Of the blocks of a view that a leader makes, the last few are kept")
    func otherBlocks() throws {
        var rounds = HotStuffRoundList(try ValidatorSet([1, 1, 1, 1]))
        let blocks = (0..<9).map { Self.block(time: 10 + $0) }
        for block in blocks { rounds.keep(block) }
        let kept = blocks.filter { rounds.block(named: $0.digest) != nil }
        #expect(kept.count == 3)
        #expect(kept.last == blocks[8])
        // Nothing leads down through those that were given up.
        for block in blocks {
            #expect((rounds.foot(of: block.digest) != nil) == kept.contains(block))
        }
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
