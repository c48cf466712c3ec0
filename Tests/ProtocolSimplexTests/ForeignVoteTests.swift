@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// Votes that have an encoding and no meaning here: a malicious validator signs what it likes.
@Suite struct ForeignVoteTests {
    static func replica() throws -> Simplex {
        let configuration = ReplicaConfiguration(
            chain: .zero, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100)))
        return Simplex(
            configuration: configuration,
            root: .genesis(chain: .zero, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            certificate: nil, recovered: [])
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
        for kind in kinds where Phase(kind) == nil {
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
        let proposal = Proposal(
            block: block, vote: Vote(statement: said, voter: ValidatorIndex(0), signature: []))
        #expect(try Self.rejections(of: .proposal(proposal)) == [.malformedBlock])
    }
}
