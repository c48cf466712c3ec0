import BFTBase
import BFTCore
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
    static let inquiry = Inquiry(
        view: View(3), lackingSince: View(2), committed: Height(1), wanted: [Digest(9, 0, 0, 0)])

    @Test("Every message and every record has one encoding")
    func encodings() throws {
        let messages: [SimplexMessage] = [
            .proposal(Proposal(block: Self.block, vote: Self.vote)), .vote(Self.vote),
            .certificate(Self.certificate), .block(Self.block), .inquiry(Self.inquiry),
        ]
        for message in messages {
            try WireCheck.check(message)
            WireCheck.checkEnd(message)
        }
        let records: [DurableRecord] = [
            .notarized(Self.block), .voted(Self.statement), .certificate(Self.certificate),
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
            SimplexMessage.proposal(Proposal(block: Self.block, vote: Self.vote)).encoded
                == [1] + Self.block.encoded + Self.vote.encoded)
        #expect(
            SimplexMessage.certificate(Self.certificate).encoded == [3] + Self.certificate.encoded)
        #expect(SimplexMessage.block(Self.block).encoded == [4] + Self.block.encoded)
        #expect(DurableRecord.notarized(Self.block).encoded == [1] + Self.block.encoded)
        #expect(DurableRecord.voted(Self.statement).encoded == [2] + Self.statement.encoded)
    }

    @Test("An inquiry wants at most eight blocks")
    func inquiryLimit() {
        let greedy = Inquiry(
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
            SimplexMessage.proposal(Proposal(block: Self.block, vote: Self.vote)).claims
                == Self.vote.claims)
        #expect(SimplexMessage.certificate(Self.certificate).claims.count == 1)
        #expect(SimplexMessage.block(Self.block).claims.isEmpty)
        #expect(SimplexMessage.inquiry(Self.inquiry).claims.isEmpty)
    }
}
