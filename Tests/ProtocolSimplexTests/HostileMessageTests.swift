@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// Messages that have an encoding and no meaning here, and words of validators that are none.
@Suite struct HostileMessageTests {
    static func replica(
        on root: Block? = nil, certificate: CommitCertificate? = nil,
        recovered: [SimplexRecord] = []
    ) throws -> Simplex {
        let configuration = ReplicaConfiguration(
            chain: .zero, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100)))
        return Simplex(
            configuration: configuration,
            root: root
                ?? .genesis(chain: .zero, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            certificate: certificate, recovered: recovered)
    }

    static func rejections(of message: SimplexMessage) throws -> [Rejection] {
        var replica = try replica()
        var effects: [Effect<Simplex>] = []
        replica.handle(.started, at: Instant(nanoseconds: 0), into: &effects)
        effects = []
        replica.handle(
            .received(Verified(message), from: ValidatorIndex(3)), at: Instant(nanoseconds: 1),
            into: &effects)
        return effects.compactMap {
            guard case .reject(let rejection) = $0 else { return nil }
            return rejection
        }
    }

    static func vote(_ kind: VoteKind, height: Height) -> Vote {
        Vote(
            statement: Statement(
                chain: .zero, epoch: .zero, kind: kind, view: View(1), height: height,
                block: .zero), voter: ValidatorIndex(3), signature: [])
    }

    @Test("A vote or certificate of a kind that Simplex does not have is refused")
    func otherKinds() throws {
        let kinds = (UInt8.min...UInt8.max).compactMap { VoteKind(rawValue: $0) }
        for kind in kinds where SimplexPhase(kind) == nil {
            let vote = Self.vote(kind, height: .zero)
            #expect(try Self.rejections(of: .vote(vote)) == [.otherKind(kind)])
            #expect(try !Self.replica().isUseful(.vote(vote)))
            let votes = (0..<3).map {
                Vote(statement: vote.statement, voter: ValidatorIndex($0), signature: [])
            }
            let certificate = try #require(
                Certificate(statement: vote.statement, votes: votes, validatorCount: 4))
            #expect(try Self.rejections(of: .certificate(certificate)) == [.otherKind(kind)])
            #expect(try !Self.replica().isUseful(.certificate(certificate)))
        }
    }

    @Test("Of certificates of too few and of proposals out of turn nobody checks signatures")
    func worthless() throws {
        let replica = try Self.replica()
        func isUseful(_ signers: [Int], of count: Int = 4, chain: Digest = .zero) throws -> Bool {
            let statement = Statement(
                chain: chain, epoch: .zero, kind: .notarize, view: View(1), height: Height(1),
                block: Digest(1, 0, 0, 0))
            let votes = signers.map {
                Vote(statement: statement, voter: ValidatorIndex($0), signature: [])
            }
            let certificate = try #require(
                Certificate(statement: statement, votes: votes, validatorCount: count))
            return replica.isUseful(.certificate(certificate))
        }
        #expect(try isUseful([0, 1, 2]))
        #expect(try !isUseful([3]) && !isUseful([1, 2]) && !isUseful([0, 1, 2], of: 5))
        #expect(try !isUseful([0, 1, 2], chain: Digest(1, 0, 0, 0)))
        let leader = replica.leader(of: View(1)).rawValue
        func isUseful(by proposer: Int, voter: Int, naming other: Digest? = nil) -> Bool {
            let block = Block(
                epoch: .zero, view: View(1), height: Height(1),
                parents: [replica.committed.digest], proposer: ValidatorIndex(proposer),
                time: Timestamp(milliseconds: 1), applied: replica.committed.applied, payload: [])
            let statement = Statement(
                chain: .zero, epoch: .zero, kind: .notarize, view: View(1), height: Height(1),
                block: other ?? block.digest)
            let vote = Vote(statement: statement, voter: ValidatorIndex(voter), signature: [])
            return replica.isUseful(.proposal(SimplexProposal(block: block, vote: vote)))
        }
        let other = (leader + 1) % 4
        #expect(isUseful(by: leader, voter: leader))
        #expect(!isUseful(by: other, voter: other) && !isUseful(by: leader, voter: other))
        #expect(!isUseful(by: leader, voter: leader, naming: .zero))
    }

    @Test("A vote to nullify that names a block is refused")
    func nullifyWithBlock() throws {
        #expect(
            try Self.rejections(of: .vote(Self.vote(.nullify, height: Height(1))))
                == [.malformedBlock])
        #expect(try Self.rejections(of: .vote(Self.vote(.nullify, height: .zero))).isEmpty)
    }

    @Test("A vote of nobody, and a block with two parents, are refused")
    func malformed() throws {
        let statement = Self.vote(.finalize, height: Height(1)).statement
        let stranger = Vote(statement: statement, voter: ValidatorIndex(4), signature: [])
        #expect(
            try Self.rejections(of: .vote(stranger)) == [.unknownVoter(ValidatorIndex(4))])
        let block = Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [.zero, .zero],
            proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .notarize, view: View(1), height: Height(1),
            block: block.digest)
        let proposal = SimplexProposal(
            block: block, vote: Vote(statement: said, voter: ValidatorIndex(0), signature: []))
        #expect(try Self.rejections(of: .proposal(proposal)) == [.malformedBlock])
    }

    /// What the replica answers to `message`, without timers.
    static func answer(
        to message: SimplexMessage, from sender: Int = 3
    ) throws -> [Effect<Simplex>] {
        var replica = try replica()
        _ = effects(.started, of: &replica)
        return effects(
            .received(Verified(message), from: ValidatorIndex(sender)), of: &replica)
    }

    static func effects(_ input: Input<Simplex>, of replica: inout Simplex) -> [Effect<Simplex>] {
        var effects: [Effect<Simplex>] = []
        replica.handle(input, at: Instant(nanoseconds: 1), into: &effects)
        return effects.filter { if case .setTimer = $0 { false } else { true } }
    }

    static func proposal(view: UInt64, proposer: Int) -> SimplexProposal {
        let block = Block(
            epoch: .zero, view: View(view), height: Height(1), parents: [.zero],
            proposer: ValidatorIndex(proposer), time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .notarize, view: View(view), height: Height(1),
            block: block.digest)
        return SimplexProposal(
            block: block, vote: Vote(statement: said, voter: block.proposer, signature: []))
    }

    static func certificate(
        _ kind: VoteKind, view: UInt64, by count: Int = 3
    ) throws -> Certificate {
        let said = Statement(
            chain: .zero, epoch: .zero, kind: kind, view: View(view),
            height: kind == .nullify ? .zero : Height(1), block: .zero)
        let votes = (0..<count).map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        return try #require(Certificate(statement: said, votes: votes, validatorCount: 4))
    }

    @Test("A proposal of who does not lead, and a certificate of too few, are refused")
    func weak() throws {
        #expect(
            try Self.answer(to: .proposal(Self.proposal(view: 1, proposer: 1)))
                == [.reject(.notLeader(ValidatorIndex(1), View(1)))])
        let few = try Self.certificate(.nullify, view: 1, by: 2)
        #expect(try Self.answer(to: .certificate(few)) == [.reject(.weakCertificate)])
    }

    @Test("A proposal or a certificate of a view that is over changes nothing")
    func over() throws {
        let old = Self.proposal(view: 0, proposer: 0)
        #expect(try Self.answer(to: .proposal(old)).isEmpty)
        #expect(try Self.answer(to: .certificate(try Self.certificate(.nullify, view: 0))).isEmpty)
    }

    @Test("Who is no validator is refused, and nobody greets or answers itself")
    func senders() throws {
        let inquiry = SimplexMessage.inquiry(
            SimplexInquiry(view: View(1), lackingSince: View(1), committed: .zero, wanted: []))
        #expect(
            try Self.answer(to: inquiry, from: 4) == [.reject(.unknownSender(ValidatorIndex(4)))])
        #expect(try Self.answer(to: inquiry, from: 0).isEmpty)
        var replica = try Self.replica()
        _ = Self.effects(.started, of: &replica)
        for peer in [0, 4] {
            #expect(Self.effects(.connected(ValidatorIndex(peer)), of: &replica).isEmpty)
        }
        #expect(!Self.effects(.connected(ValidatorIndex(1)), of: &replica).isEmpty)
    }

    @Test("A draft for another view than the present one is left")
    func strayDraft() throws {
        var replica = try Self.replica()
        _ = Self.effects(.started, of: &replica)
        let draft = Draft(
            time: Timestamp(milliseconds: 1), applied: AppliedState(height: .zero, root: .zero),
            payload: [])
        #expect(
            Self.effects(.drafted(draft, view: View(9), parent: .zero), of: &replica).isEmpty)
    }

    @Test("A vote to finalize is said again after a restart, also if only the block is in the log")
    func finalizeAgain() throws {
        let block = Self.proposal(view: 2, proposer: 1).block
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .finalize, view: View(2), height: Height(1),
            block: block.digest)
        var replica = try Self.replica(recovered: [.notarized(block), .voted(said)])
        #expect(Self.effects(.started, of: &replica).contains(.sign(.vote(said))))
    }

    @Test("What committed a block below the root says nothing after a restart")
    func oldCertificate() throws {
        let root = Self.proposal(view: 3, proposer: 2).block
        let old = try Simplex.commitRules(Self.replica().configuration)
            .check(Self.certificate(.finalize, view: 2))
        let with = try Self.replica(on: root, certificate: old)
        #expect(try with == Self.replica(on: root))
    }

    @Test("A block is justified by no view that is not before its own")
    func justified() {
        let rules = SimplexSoundRules()
        #expect(!rules.isJustified(parent: View(3), of: View(3)) { _ in true })
        #expect(!rules.isJustified(parent: View(4), of: View(3)) { _ in true })
        #expect(rules.isJustified(parent: View(2), of: View(3)) { _ in false })
    }

    @Test("The last view is followed by no other")
    func saturation() {
        #expect(UInt64.max.addingSaturating(1) == .max)
        #expect(UInt64(1).addingSaturating(1) == 2)
    }

    @Test("A link with this validator itself, or with who is none, is no link")
    func links() throws {
        var replica = try Self.replica()
        var effects: [Effect<Simplex>] = []
        replica.handle(.started, at: Instant(nanoseconds: 0), into: &effects)
        effects = []
        for stranger in [0, 4, 65_535] {
            replica.handle(
                .connected(ValidatorIndex(stranger)), at: Instant(nanoseconds: 1), into: &effects)
            let done = effects.filter { if case .setTimer = $0 { false } else { true } }
            #expect(done.isEmpty, "validator \(stranger)")
        }
        replica.handle(
            .connected(ValidatorIndex(2)), at: Instant(nanoseconds: 1), into: &effects)
        #expect(effects.contains { if case .send = $0 { true } else { false } })
    }
}
