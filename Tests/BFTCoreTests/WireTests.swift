import BFTBase
import BFTCore
import BFTTestKit
import BFTWire
import Testing

@Suite struct WireTests {
    static let statement = Statement(
        chain: Digest(1, 2, 3, 4), epoch: Epoch(5), kind: .finalize, view: View(6),
        height: Height(7), block: Digest(8, 9, 10, 11))

    static let block = Block(
        epoch: Epoch(1), view: View(2), height: Height(3), parents: [Digest(4, 5, 6, 7)],
        proposer: ValidatorIndex(8), time: Timestamp(milliseconds: 9),
        applied: AppliedState(height: Height(1), root: Digest(2, 0, 0, 0)),
        payload: [
            BatchReference(
                author: ValidatorIndex(1), sequence: BatchSequence(2), digest: Digest(3, 0, 0, 0),
                byteCount: 400)
        ])

    static func vote(_ statement: Statement = statement, by voter: Int = 2) -> Vote {
        Vote(statement: statement, voter: ValidatorIndex(voter), signature: [0xAB, 0xCD])
    }

    static func certificate() throws -> Certificate {
        try #require(
            Certificate(
                statement: statement, votes: [0, 2, 3].map { vote(by: $0) }, validatorCount: 4))
    }

    @Test("Blocks, votes, certificates and evidence have one encoding each")
    func encodings() throws {
        try WireCheck.check(Self.block)
        try WireCheck.check(Self.statement)
        try WireCheck.check(Self.vote())
        try WireCheck.check(try Self.certificate())
        let other = Statement(
            chain: Digest(1, 2, 3, 4), epoch: Epoch(5), kind: .nullify, view: View(6),
            height: .zero, block: .zero)
        let evidence = try #require(Evidence(Self.vote(), Self.vote(other)))
        try WireCheck.check(evidence)
        #expect(evidence.claims == Self.vote().claims + Self.vote(other).claims)
        WireCheck.checkEnd(Self.block)
        WireCheck.checkEnd(try Self.certificate())
    }

    @Test("The encodings are pinned")
    func pinned() throws {
        #expect(
            Hex.encode(Self.statement.encoded)
                == "0100000000000000" + "0200000000000000" + "0300000000000000"
                + "0400000000000000" + "0500000000000000" + "45" + "0600000000000000"
                + "0700000000000000" + "0800000000000000" + "0900000000000000"
                + "0a00000000000000" + "0b00000000000000")
        #expect(
            Self.statement.signingBytes == Array("swift-bft v1 vote\0".utf8)
                + Self.statement.encoded)
        #expect(Hex.encode(Self.vote().encoded.suffix(8)) == "0200" + "02000000" + "abcd")
        #expect(
            Hex.encode(try Self.certificate().encoded.suffix(21))
                == "0400" + "0d" + "02000000abcd" + "02000000abcd" + "02000000abcd")
        #expect(
            Self.block.digest.hex
                == "e2d87c7d6edefcbc3193dc46723a283c94673f9c01eb1061a3cf4ded2d2c9cfc")
    }

    @Test("Every kind of vote is one byte, and every byte is one kind")
    func kinds() {
        for byte in UInt8.min...UInt8.max {
            #expect(VoteKind(rawValue: byte)?.rawValue == byte)
            var bytes = Self.statement.encoded
            bytes[40] = byte
            if byte >> 6 == 2 { bytes.append(0) }
            #expect((try? Statement(decoding: bytes))?.kind.rawValue == byte)
        }
    }

    @Test("A statement commits what its kind says: its block, an ancestor, or nothing")
    func outcomes() throws {
        func statement(_ kind: VoteKind, _ ancestor: BlockName? = nil) -> Statement {
            Statement(
                chain: .zero, epoch: .zero, kind: kind, view: View(3), height: Height(2),
                block: Digest(1, 0, 0, 0), ancestor: ancestor)
        }
        let ancestor = BlockName(height: Height(1), digest: Digest(2, 0, 0, 0))
        #expect(
            statement(.finalize).committed
                == BlockName(height: Height(2), digest: Digest(1, 0, 0, 0)))
        #expect(statement(.notarize).committed == nil)
        #expect(statement(.chained).committed == nil)
        #expect(statement(.chained, ancestor).committed == ancestor)
        try WireCheck.check(statement(.chained))
        try WireCheck.check(statement(.chained, ancestor))
        #expect(statement(.chained).contradicts(statement(.chained, ancestor)))
    }

    @Test("Only votes that contradict each other are evidence")
    func evidence() {
        func vote(
            _ kind: VoteKind, view: UInt64 = 6, height: UInt64 = 1, block: UInt64 = 1,
            by voter: Int = 2
        ) -> Vote {
            let isNullify = kind == .nullify
            return Self.vote(
                Statement(
                    chain: .zero, epoch: .zero, kind: kind, view: View(view),
                    height: isNullify ? .zero : Height(height),
                    block: isNullify ? .zero : Digest(block, 0, 0, 0)), by: voter)
        }
        #expect(Evidence(vote(.prepare), vote(.prepare, block: 2)) != nil)
        #expect(Evidence(vote(.checkpoint), vote(.checkpoint, view: 7, block: 2)) != nil)
        #expect(Evidence(vote(.prepare), vote(.prepare, height: 2, block: 2)) == nil)
        #expect(Evidence(vote(.prepare), vote(.prepare, view: 7, block: 2)) == nil)
        #expect(Evidence(vote(.checkpoint), vote(.checkpoint, height: 2, block: 2)) == nil)
        #expect(Evidence(vote(.prepare), vote(.notarize, block: 2)) == nil)
        #expect(Evidence(vote(.notarize), vote(.notarize, height: 2)) != nil)
        #expect(Evidence(vote(.notarize), vote(.notarize, block: 2)) != nil)
        #expect(Evidence(vote(.finalize), vote(.nullify)) != nil)
        // What honest validators do.
        #expect(Evidence(vote(.notarize), vote(.notarize)) == nil)
        #expect(Evidence(vote(.support), vote(.finalize, block: 2)) != nil)
        #expect(Evidence(vote(.finalize), vote(.support)) != nil)
        #expect(Evidence(vote(.support), vote(.support, height: 2)) != nil)
        #expect(Evidence(vote(.support), vote(.support, block: 2)) == nil)
        #expect(Evidence(vote(.support), vote(.nullify)) == nil)
        #expect(Evidence(vote(.support), vote(.finalize, view: 7)) == nil)
        #expect(Evidence(vote(.support), vote(.notarize, block: 2)) == nil)
        #expect(Evidence(vote(.notarize), vote(.nullify)) == nil)
        #expect(Evidence(vote(.notarize), vote(.finalize, block: 2)) == nil)
        #expect(Evidence(vote(.finalize), vote(.nullify, view: 7)) == nil)
        #expect(Evidence(vote(.notarize), vote(.notarize, block: 2, by: 3)) == nil)
    }

    @Test("A certificate commits one block, by a quorum, and nothing else")
    func checkCommit() throws {
        let validators = try ValidatorSet([1, 1, 1, 1])
        func flaw(
            _ kind: VoteKind = .finalize, chain: Digest = .zero, epoch: UInt64 = 1,
            block: Digest = Self.block.digest, by signers: [Int] = [0, 1, 2], of count: Int = 4,
            kinds: [VoteKind] = [.finalize, .unanimous, .chained, .notarize]
        ) throws -> Certificate.Flaw? {
            let statement = Statement(
                chain: chain, epoch: Epoch(epoch), kind: kind, view: Self.block.view,
                height: Self.block.height, block: block)
            let certificate = try #require(
                Certificate(
                    statement: statement, votes: signers.map { Self.vote(statement, by: $0) },
                    validatorCount: count))
            do {
                let rules = CommitRules(
                    chain: .zero, epoch: Self.block.epoch, validators: validators,
                    kinds: kinds)
                _ = try rules.check(certificate, commits: Self.block)
                return nil
            } catch { return error }
        }
        #expect(try flaw() == nil)
        #expect(try flaw(.notarize) == .wrongKind(.notarize))
        #expect(try flaw(chain: Digest(1, 0, 0, 0)) == .otherChain)
        #expect(try flaw(epoch: 2) == .otherEpoch)
        #expect(try flaw(block: .zero) == .otherBlock)
        #expect(try flaw(.chained) == .wrongKind(.chained))
        // A vote that commits, and not in this protocol.
        #expect(try flaw(kinds: [.unanimous]) == .wrongKind(.finalize))
        #expect(try flaw(by: [0, 1]) == .noQuorum(power: 2, total: 4))
        #expect(try flaw(.unanimous, by: [0, 1]) == .noQuorum(power: 2, total: 4))
        #expect(try flaw(.unanimous) == .notUnanimous(power: 3, total: 4))
        #expect(try flaw(.unanimous, by: [0, 1, 2, 3]) == nil)
        #expect(try flaw(by: [0, 1, 2], of: 5) == .otherValidatorCount(5))
        // Twice the same voter, or out of order, is no certificate at all.
        for voters in [[1, 1, 2], [2, 1, 0], [1, 2, 4]] {
            #expect(
                Certificate(
                    statement: Self.statement, votes: voters.map { Self.vote(by: $0) },
                    validatorCount: 4) == nil)
        }
    }
}
