import BFTBase
import BFTCore
import BFTLedger
import ProtocolSimplex
import Testing

@testable import BFTSimulator
@testable import SimulatedProtocols

/// Oracles that no mutant sets off alone are told of the crime itself.
@Suite struct OracleUnitTests {
    private static let signatures = StandInSignature(seed: 1)
    private static let chain = Digest(1, 0, 0, 0)
    private let node = ValidatorIndex(0)

    private func scene(isHonest: [Bool] = [true, true, true, false]) throws -> Scene {
        Scene(
            validators: try ValidatorSet(isHonest.map { _ in 1 }), isHonest: isHonest,
            areClocksRight: true, chain: Self.chain, limits: LedgerLimits(),
            signatures: Self.signatures)
    }

    private func vote(
        _ kind: VoteKind, view: UInt64, at height: Height = .zero, _ block: Digest, by voter: Int
    ) -> Vote {
        let statement = Statement(
            chain: Self.chain, epoch: .zero, kind: kind, view: View(view), height: height,
            block: block)
        let signer = ValidatorIndex(voter)
        return Vote(
            statement: statement, voter: signer,
            signature: Self.signatures.sign(statement.signingBytes, as: signer))
    }

    private func vote(_ kind: VoteKind, of block: Block, by voter: Int) -> Vote {
        vote(kind, view: block.view.rawValue, at: block.height, block.digest, by: voter)
    }

    /// What a check lets pass that takes the voters for almost all of the power, and whatever
    /// kind they use for one that commits.
    private static func believed(_ votes: [Vote]) throws -> CommitCertificate {
        let statement = try #require(votes.first).statement
        let powers = (0..<4).map { position in
            VotingPower(votes.contains { $0.voter.rawValue == position } ? 100 : 1)
        }
        let rules = CommitRules(
            chain: chain, epoch: .zero, validators: try ValidatorSet(powers),
            kinds: [statement.kind])
        return try rules.check(
            #require(Certificate(statement: statement, votes: votes, validatorCount: 4)))
    }

    private func batch(_ sequence: UInt64) -> Batch {
        var builder = BatchBuilder()
        builder.append(upTo: 1) { $0.append(1) }
        return builder.seal(author: node, sequence: BatchSequence(sequence))
    }

    private func committed(
        _ height: UInt64, on parent: Digest = .zero, _ batches: [Batch] = [],
        signers: [Int] = [0, 1, 2]
    ) throws -> CommittedBlock {
        let height = Height(height)
        let block = Block(
            epoch: .zero, view: View(height.rawValue), height: height, parents: [parent],
            proposer: node, time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero), payload: batches.map(\.reference))
        let votes = signers.map { vote(.finalize, of: block, by: $0) }
        return CommittedBlock(
            block: block, batches: batches, certificate: try Self.believed(votes), frontier: [])
    }

    private func executed(_ block: CommittedBlock) -> Observation<Simplex> {
        .executed(block, root: .zero, at: node)
    }

    private static let committed = Floor(view: View(2), height: Height(1))

    @Test("A height that is left out, repeated, or stands on another block is out of order")
    func totalOrder() throws {
        var oracle = TotalOrder<Simplex>(try scene())
        let first = try committed(1)
        #expect(oracle.judge(executed(first)) == nil)
        var (skipping, repeating, straying) = (oracle, oracle, oracle)
        #expect(oracle.judge(executed(try committed(2, on: first.block.digest))) == nil)
        #expect(skipping.judge(executed(try committed(3, on: first.block.digest))) != nil)
        #expect(repeating.judge(executed(first)) != nil)
        #expect(straying.judge(executed(try committed(2))) != nil)
        #expect(oracle.judge(.powerCut(at: node, keeping: 0)) == nil)
        #expect(oracle.judge(executed(first)) == nil)
    }

    @Test("A batch that is ordered at two heights, or twice at one, is a duplicate")
    func duplication() throws {
        var oracle = NoDuplication<Simplex>()
        #expect(oracle.judge(executed(try committed(1, [batch(1), batch(2)]))) == nil)
        #expect(oracle.judge(executed(try committed(1, [batch(1), batch(2)]))) == nil)
        #expect(oracle.judge(executed(try committed(2, [batch(2)]))) != nil)
        #expect(oracle.judge(executed(try committed(3, [batch(3), batch(3)]))) != nil)
    }

    @Test("What was acknowledged may neither be left out later nor be missing in the end")
    func durability() throws {
        var oracle = AcknowledgedIsDurable<Simplex>(try scene())
        #expect(oracle.judge(executed(try committed(1, [batch(1)]))) == nil)
        var atRest = oracle
        #expect(oracle.judge(.powerCut(at: node, keeping: 0)) == nil)
        #expect(oracle.judge(executed(try committed(1))) != nil)
        #expect(atRest.judge(.rested(unfinished: nil)) != nil)
    }

    @Test("A block with two signers of four, or with a signature of another, is not certified")
    func certificates() throws {
        var oracle = CertifiedCommits<Simplex>(try scene())
        #expect(oracle.judge(executed(try committed(1))) == nil)
        #expect(oracle.judge(executed(try committed(1, signers: [0, 1]))) != nil)
        let good = try committed(1)
        let votes = [0, 1, 2].map {
            Vote(
                statement: good.certificate.statement, voter: ValidatorIndex($0),
                signature: good.certificate.certificate.signatures[0])
        }
        let block = CommittedBlock(
            block: good.block, batches: [], certificate: try Self.believed(votes), frontier: [])
        #expect(oracle.judge(executed(block)) != nil)
    }

    @Test("Two states at one height are seen")
    func stateRoots() throws {
        var oracle = StateRoots<Simplex>(try scene())
        let block = try committed(1)
        #expect(oracle.judge(executed(block)) == nil)
        #expect(oracle.judge(.executed(block, root: Self.chain, at: node)) != nil)
        #expect(oracle.judge(.diverged(from: ValidatorIndex(3), at: node)) == nil)
        #expect(oracle.judge(.diverged(from: ValidatorIndex(1), at: node)) != nil)
    }

    @Test("More views or bytes than a replica may keep are too many")
    func memory() throws {
        var oracle = BoundedMemory<Simplex>(try scene())
        func measured(_ views: Int, _ bytes: Int) -> Observation<Simplex> {
            .measured(keptViews: views, viewLimit: 65, pendingBytes: bytes, at: node)
        }
        #expect(oracle.judge(measured(65, 1_000)) == nil)
        #expect(oracle.judge(measured(66, 1_000)) != nil)
        #expect(oracle.judge(measured(1, 1 << 40)) != nil)
    }

    @Test("Nobody is accused without two statements under its own signature")
    func blame() throws {
        var oracle = HonestIsNotAccused<Simplex>(try scene())
        func evidence(by voter: Int) throws -> Evidence {
            try #require(
                Evidence(
                    vote(.notarize, view: 1, .zero, by: voter),
                    vote(.notarize, view: 1, Self.chain, by: voter)))
        }
        #expect(oracle.judge(.accused(try evidence(by: 3), by: node)) == nil)
        #expect(oracle.judge(.accused(try evidence(by: 1), by: node)) != nil)
        let good = vote(.notarize, view: 1, .zero, by: 3)
        let other = vote(.notarize, view: 1, Self.chain, by: 3)
        let unsigned = Vote(statement: other.statement, voter: other.voter, signature: [1])
        let forged = try #require(Evidence(good, unsigned))
        #expect(oracle.judge(.accused(forged, by: node)) != nil)
    }

    @Test("A contradiction in the hands of one replica leads to an accusation by that one")
    func evidence() throws {
        var oracle = EvidenceIsProduced<Simplex>(try scene())
        let votes = [
            vote(.finalize, view: 5, Self.chain, by: 3), vote(.nullify, view: 5, .zero, by: 3),
        ]
        func hear(_ vote: Vote, at node: Int, isUseful: Bool = true) {
            _ = oracle.judge(
                .received(
                    .vote(vote), at: ValidatorIndex(node), isUseful: isUseful,
                    committed: Self.committed, current: View(5)))
        }
        hear(votes[0], at: 0)
        hear(votes[1], at: 1)
        #expect(oracle.judge(.rested(unfinished: nil)) == nil)
        hear(votes[1], at: 0, isUseful: false)
        #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        let proof = try #require(Evidence(votes[0], votes[1]))
        #expect(oracle.judge(.accused(proof, by: ValidatorIndex(1))) == nil)
        #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        #expect(oracle.judge(.accused(proof, by: node)) == nil)
        #expect(oracle.judge(.rested(unfinished: nil)) == nil)
    }

    @Test("An accusation that waits for a record at the end of a run is not missed")
    func heldBackEvidence() throws {
        var oracle = EvidenceIsProduced<Simplex>(try scene())
        let votes = [
            vote(.finalize, view: 5, Self.chain, by: 3), vote(.nullify, view: 5, .zero, by: 3),
            vote(.finalize, view: 4, Self.chain, by: 3), vote(.nullify, view: 4, .zero, by: 3),
        ]
        for vote in votes {
            _ = oracle.judge(
                .received(
                    .vote(vote), at: node, isUseful: true, committed: Self.committed,
                    current: View(5)))
        }
        let proofs = try [votes[0...1], votes[2...3]].map { pair in
            try #require(Evidence(pair[pair.startIndex], pair[pair.startIndex + 1]))
        }
        #expect(oracle.judge(.heldBack(try Self.otherEvidence(numbered: 5), by: node)) == nil)
        var unpaid = oracle
        #expect(unpaid.judge(.heldBack(proofs[1], by: node)) == nil)
        #expect(unpaid.judge(.rested(unfinished: nil)) != nil)
        #expect(oracle.judge(.heldBack(proofs[0], by: node)) == nil)
        // The other one is outstanding all the same, and so is this one at another replica.
        #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        #expect(oracle.judge(.heldBack(proofs[1], by: ValidatorIndex(1))) == nil)
        #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        #expect(oracle.judge(.heldBack(proofs[1], by: node)) == nil)
        #expect(oracle.judge(.rested(unfinished: nil)) == nil)
    }

    /// Two batches of a sequence by v3. Where votes have a view, their length stands.
    static func otherEvidence(numbered number: Int) throws -> Evidence {
        let authorship = Authorship(chain: chain, epoch: .zero, signature: [])
        let votes = (UInt64(0)..<2).map { content in
            authorship.vote(
                for: BatchReference(
                    author: ValidatorIndex(3), sequence: BatchSequence(1),
                    digest: Digest(content, 0, 0, 0), byteCount: number))
        }
        return try #require(Evidence(votes[0], votes[1]))
    }

    @Test("No accusation is due for votes of other chains or in a form of nobody's")
    func strayEvidence() throws {
        var oracle = EvidenceIsProduced<Simplex>(try scene())
        func hear(_ statement: Statement) {
            let vote = Vote(statement: statement, voter: ValidatorIndex(3), signature: [])
            _ = oracle.judge(
                .received(
                    .vote(vote), at: node, isUseful: true, committed: Self.committed,
                    current: View(5)))
        }
        for kind in [VoteKind.finalize, .nullify] {
            for (chain, epoch) in [(Digest(4, 4, 4, 4), Epoch.zero), (Self.chain, Epoch(1))] {
                hear(
                    Statement(
                        chain: chain, epoch: epoch, kind: kind, view: View(5), height: .zero,
                        block: .zero))
            }
        }
        for digest in [Digest(1, 0, 0, 0), .zero] {
            hear(
                Statement(
                    chain: Self.chain, epoch: .zero, kind: .nullify, view: View(5), height: .zero,
                    block: digest))
        }
        #expect(oracle.judge(.rested(unfinished: nil)) == nil)
    }

    @Test("A block beside the last committed one breaks S5, and so does another certificate")
    func growingChain() throws {
        func run(_ block: CommittedBlock) throws -> Observation<Simplex> {
            let run = CommittedRun(blocks: [block.block], certificate: block.certificate)
            return .committed(try #require(run), at: node)
        }
        var oracle = GrowingChain<SimplexSoundRules>(try scene())
        let first = try committed(1)
        #expect(oracle.judge(try run(first)) == nil)
        #expect(oracle.judge(try run(try committed(2, on: first.block.digest))) == nil)
        #expect(oracle.judge(try run(try committed(3))) != nil)
        let foreign = VoteKind(ballot: 2, per: .view, outcome: .commitsBlock)
        let votes = (0..<3).map { vote(foreign, of: first.block, by: $0) }
        let strange = CommittedBlock(
            block: first.block, batches: [], certificate: try Self.believed(votes), frontier: [])
        var other = GrowingChain<SimplexSoundRules>(try scene())
        #expect(other.judge(try run(strange)) != nil)
    }

    @Test("A certificate to notarize breaks S5 unless it is everybody's")
    func unanimity() throws {
        let block = try committed(1).block
        let votes = (0..<4).map { vote(.notarize, of: block, by: $0) }
        // Of a network of four, the scenes are; of one of three, it is everybody's.
        for (isEverybody, count) in [(true, 4), (false, 3)] {
            let rules = CommitRules(
                chain: Self.chain, epoch: .zero,
                validators: try ValidatorSet(Array(repeating: 1, count: count)),
                kinds: Simplex.commitKinds)
            let certificate = try #require(
                Certificate(
                    statement: votes[0].statement, votes: Array(votes.prefix(count)),
                    validatorCount: count))
            let run = try #require(
                CommittedRun(blocks: [block], certificate: try rules.check(certificate)))
            var growing = GrowingChain<SimplexSoundRules>(try scene())
            #expect((growing.judge(.committed(run, at: node)) == nil) == isEverybody)
            var certified = CertifiedCommits<Simplex>(try scene())
            #expect((certified.judge(.committed(run, at: node)) == nil) == isEverybody)
        }
    }

    private func signed(_ kind: VoteKind, _ block: UInt64, by voter: Int) -> Observation<Simplex> {
        let digest: Digest = kind.isBlockless ? .zero : Digest(block, 0, 0, 0)
        return .signed(.vote(vote(kind, view: 1, digest, by: voter).statement), by: .init(voter))
    }

    @Test("To nullify after notarizing breaks S8 before others abstained, as does rash support")
    func fallback() throws {
        var oracle = FallbackIsShown<SimplexSoundRules>(try scene())
        #expect(oracle.judge(signed(.notarize, 1, by: 0)) == nil)
        #expect(oracle.judge(signed(.nullify, 0, by: 1)) == nil)
        var rash = oracle
        #expect(rash.judge(signed(.nullify, 0, by: 0)) != nil)
        #expect(oracle.judge(signed(.abstain, 0, by: 1)) == nil)
        #expect(oracle.judge(signed(.nullify, 0, by: 0)) == nil)
        #expect(oracle.judge(signed(.support, 1, by: 2)) == nil)
        #expect(oracle.judge(signed(.support, 2, by: 2)) != nil)
    }

    @Test("A block that everybody notarized is the end of its view")
    func finalView() throws {
        var oracle = FinalViewIsKept<SimplexSoundRules>(try scene())
        for voter in 0..<3 { #expect(oracle.judge(signed(.notarize, 1, by: voter)) == nil) }
        #expect(oracle.judge(signed(.nullify, 0, by: 0)) == nil)
        var supported = oracle
        #expect(oracle.judge(signed(.nullify, 0, by: 1)) != nil)
        #expect(supported.judge(signed(.support, 2, by: 0)) == nil)
        #expect(supported.judge(signed(.support, 2, by: 1)) != nil)
    }

    @Test("What was refused may be in no block")
    func refusedOperation() throws {
        var oracle = LinearizableHistory<Simplex>()
        let asked = batch(1)
        #expect(
            oracle.judge(
                .invoked(0, .set(key: 0, value: 5), batch: asked.reference, at: node)) == nil)
        var other = oracle
        #expect(other.judge(executed(try committed(1, [asked]))) == nil)
        #expect(other.judge(.rested(unfinished: nil)) == nil)
        #expect(oracle.judge(.displaced(asked, at: node)) == nil)
        var atRest = oracle
        #expect(atRest.judge(.rested(unfinished: nil)) == nil)
        #expect(oracle.judge(executed(try committed(1, [asked]))) != nil)
    }

    @Test("A key with too much under way is counted as undecided, and the others are judged")
    func undecided() throws {
        var oracle = LinearizableHistory<Simplex>()
        let asked = batch(1)
        func invoke(_ number: Int, _ action: ClientOperation.Action, _ batch: BatchReference?) {
            #expect(oracle.judge(.invoked(number, action, batch: batch, at: node)) == nil)
        }
        for number in 0..<65 {
            invoke(number, .add(key: 0, value: Int64(1 + number)), asked.reference)
        }
        #expect(oracle.judge(executed(try committed(1, [asked]))) == nil)
        invoke(65, .get(key: 1), nil)
        #expect(oracle.judge(.answered(65, .value(7), at: node)) == nil)
        #expect(oracle.judge(.rested(unfinished: nil))?.contains("key 1") == true)
        #expect(oracle.undecidedCount == 1)
    }

    @Test("Refusing a proposal is suspect only where nobody is malicious")
    func refusal() throws {
        var lone = HonestIsNotRefused<Simplex>(try scene(isHonest: [true, true, true, true]))
        var mixed = HonestIsNotRefused<Simplex>(try scene())
        #expect(lone.judge(.refusedProposal(at: node)) != nil)
        #expect(mixed.judge(.refusedProposal(at: node)) == nil)
    }
}
