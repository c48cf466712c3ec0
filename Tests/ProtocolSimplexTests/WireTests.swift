import BFTBase
import BFTCore
import BFTTestKit
import BFTWire
import ProtocolSimplex
import Testing

@Suite struct WireTests {
    static let block = Block(
        epoch: .zero, view: View(2), height: Height(1), parents: [Digest(4, 5, 6, 7)],
        proposer: ValidatorIndex(1), time: Timestamp(milliseconds: 9),
        applied: AppliedState(height: .zero, root: .zero), payload: [])
    static let statement = Statement(
        chain: Digest(1, 0, 0, 0), epoch: .zero, kind: .notarize, view: View(2),
        height: Height(1), block: block.digest)
    static let vote = Vote(statement: statement, voter: ValidatorIndex(1), signature: [7])
    static let certificate = Certificate(
        statement: statement, votes: [vote], validatorCount: 4)!
    static let inquiry = SimplexInquiry(
        view: View(3), lackingSince: View(2), committed: Height(1), wanted: [Digest(9, 0, 0, 0)])

    @Test("Every message and every record has one encoding")
    func encodings() throws {
        let messages: [SimplexMessage] = [
            .proposal(SimplexProposal(block: Self.block, vote: Self.vote)), .vote(Self.vote),
            .certificate(Self.certificate), .block(Self.block), .inquiry(Self.inquiry),
        ]
        for message in messages {
            try WireCheck.check(message)
            WireCheck.checkEnd(message)
        }
        let records: [SimplexRecord] = [
            .notarized(Self.block), .voted(Self.statement), .certificate(Self.certificate),
            .ancestor(Self.block),
        ]
        for record in records {
            try WireCheck.check(record)
            WireCheck.checkEnd(record)
        }
    }

    @Test("The encodings are pinned")
    func pinned() {
        #expect(
            Hex.encode(SimplexMessage.inquiry(Self.inquiry).encoded)
                == "05" + "0300000000000000" + "0200000000000000" + "0100000000000000"
                + "01000000" + "0900000000000000" + String(repeating: "0", count: 48))
        #expect(SimplexMessage.vote(Self.vote).encoded == [2] + Self.vote.encoded)
        #expect(
            SimplexMessage.proposal(SimplexProposal(block: Self.block, vote: Self.vote)).encoded
                == [1] + Self.block.encoded + Self.vote.encoded)
        #expect(
            SimplexMessage.certificate(Self.certificate).encoded == [3] + Self.certificate.encoded)
        #expect(SimplexMessage.block(Self.block).encoded == [4] + Self.block.encoded)
        #expect(SimplexRecord.notarized(Self.block).encoded == [1] + Self.block.encoded)
        #expect(SimplexRecord.voted(Self.statement).encoded == [2] + Self.statement.encoded)
        #expect(SimplexRecord.ancestor(Self.block).encoded == [4] + Self.block.encoded)
    }

    @Test("The bytes of the kinds of votes are pinned, and tell what a vote excludes")
    func kinds() {
        let kinds: [VoteKind] = [.notarize, .abstain, .nullify, .support, .finalize]
        #expect(kinds.map(\.rawValue) == [0xC0, 0x01, 0x04, 0x34, 0x45])
        func excluded(_ kind: VoteKind, by other: VoteKind, of block: Digest) -> Bool {
            func statement(_ kind: VoteKind, _ block: Digest) -> Statement {
                Statement(
                    chain: .zero, epoch: .zero, kind: kind, view: View(2),
                    height: kind.isBlockless ? .zero : Height(1),
                    block: kind.isBlockless ? .zero : block)
            }
            return statement(kind, Self.block.digest).contradicts(statement(other, block))
        }
        // Beside another vote for the same block, and for another one.
        let same = kinds.map { kind in
            kinds.filter { excluded(kind, by: $0, of: Self.block.digest) }
        }
        let another = kinds.map { kind in
            kinds.filter { excluded(kind, by: $0, of: Digest(9, 9, 9, 9)) }
        }
        #expect(same == [[.abstain], [.notarize], [.finalize], [.finalize], [.nullify, .support]])
        #expect(
            another == [
                [.notarize, .abstain], [.notarize], [.finalize], [.finalize],
                [.nullify, .support, .finalize],
            ])
    }

    @Test("An inquiry wants at most eight blocks")
    func inquiryLimit() {
        let greedy = SimplexInquiry(
            view: View(1), lackingSince: View(1), committed: .zero,
            wanted: Array(repeating: .zero, count: 9))
        #expect(throws: WireError.tooLarge(limit: 8, found: 9)) {
            try SimplexMessage(decoding: SimplexMessage.inquiry(greedy).encoded)
        }
    }

    @Test("A message stands on the signatures that it carries, and no others")
    func claims() {
        #expect(SimplexMessage.vote(Self.vote).claims == Self.vote.claims)
        #expect(
            SimplexMessage.proposal(SimplexProposal(block: Self.block, vote: Self.vote)).claims
                == Self.vote.claims)
        #expect(SimplexMessage.certificate(Self.certificate).claims.count == 1)
        #expect(SimplexMessage.block(Self.block).claims.isEmpty)
        #expect(SimplexMessage.inquiry(Self.inquiry).claims.isEmpty)
    }
}
