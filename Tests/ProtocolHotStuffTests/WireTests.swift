import BFTBase
import BFTCore
import BFTTestKit
import BFTWire
import ProtocolHotStuff
import Testing

@Suite struct WireTests {
    static let block = Block(
        epoch: .zero, view: View(2), height: Height(1), parents: [Digest(4, 5, 6, 7)],
        proposer: ValidatorIndex(1), time: Timestamp(milliseconds: 9),
        applied: AppliedState(height: .zero, root: .zero), payload: [])
    static let statement = Statement(
        chain: Digest(1, 0, 0, 0), epoch: .zero, kind: .vote, view: View(2),
        height: Height(1), block: block.digest,
        ancestor: BlockName(height: Height(1), digest: Digest(3, 0, 0, 0)))
    static let vote = Vote(statement: statement, voter: ValidatorIndex(1), signature: [7])
    static let certificate = Certificate(
        statement: statement, votes: [vote], validatorCount: 4)!
    static let timeoutStatement = HotStuffTimeoutStatement(
        chain: Digest(1, 0, 0, 0), epoch: .zero, view: View(3), highView: View(2))
    static let timeout = HotStuffTimeout(
        content: timeoutStatement, signer: ValidatorIndex(2), signature: [8])
    static let timeouts = HotStuffTimeoutCertificate(
        timeouts: [timeout], high: certificate, validatorCount: 4)!
    static let inquiry = HotStuffInquiry(
        view: View(3), highView: View(2), committed: Height(1), wanted: [Digest(9, 0, 0, 0)])

    @Test("Every message and every record has one encoding")
    func encodings() throws {
        let messages: [HotStuffMessage] = [
            .proposal(
                HotStuffProposal(block: Self.block, vote: Self.vote, justify: nil, timeouts: nil)),
            .vote(Self.vote), .certificate(Self.certificate), .timeout(Self.timeout),
            .timeoutCertificate(Self.timeouts), .block(Self.block), .inquiry(Self.inquiry),
            .proposal(
                HotStuffProposal(
                    block: Self.block, vote: Self.vote, justify: Self.certificate,
                    timeouts: Self.timeouts)),
        ]
        for message in messages {
            try WireCheck.check(message)
            WireCheck.checkEnd(message)
        }
        let records: [HotStuffRecord] = [
            .voted(Self.block, Self.statement), .timedOut(Self.timeoutStatement),
            .locked(View(4)), .certificate(Self.certificate), .timeouts(Self.timeouts),
        ]
        for record in records {
            try WireCheck.check(record)
            WireCheck.checkEnd(record)
        }
    }

    @Test("The encodings are pinned")
    func pinned() {
        #expect(
            Hex.encode(HotStuffMessage.inquiry(Self.inquiry).encoded)
                == "07" + "0300000000000000" + "0200000000000000" + "0100000000000000" + "01000000"
                + "0900000000000000" + String(repeating: "0", count: 48))
        #expect(
            Hex.encode(Self.timeoutStatement.encoded)
                == "01" + String(repeating: "0", count: 62) + "0000000000000000"
                + "0300000000000000" + "0200000000000000")
        #expect(VoteKind.vote.rawValue == 0x80)
        #expect(HotStuffMessage.vote(Self.vote).encoded == [2] + Self.vote.encoded)
        #expect(
            HotStuffMessage.certificate(Self.certificate).encoded
                == [3] + Self.certificate.encoded)
        #expect(HotStuffMessage.timeout(Self.timeout).encoded == [4] + Self.timeout.encoded)
        #expect(HotStuffMessage.block(Self.block).encoded == [6] + Self.block.encoded)
        #expect(
            HotStuffRecord.voted(Self.block, Self.statement).encoded
                == [1] + Self.block.encoded + Self.statement.encoded)
        #expect(HotStuffRecord.locked(View(4)).encoded == [3, 4, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("A message stands on the signatures that it carries, and no others")
    func claims() {
        let proposal = HotStuffProposal(
            block: Self.block, vote: Self.vote, justify: Self.certificate, timeouts: Self.timeouts)
        let all = Self.vote.claims + Self.certificate.claims + Self.timeouts.claims
        #expect(HotStuffMessage.proposal(proposal).claims == all)
        #expect(Self.timeouts.claims == Self.timeout.claims + Self.certificate.claims)
        #expect(HotStuffMessage.block(Self.block).claims.isEmpty)
        #expect(HotStuffMessage.inquiry(Self.inquiry).claims.isEmpty)
    }

    @Test("A vote is for its recipient, and everything else for all")
    func recipients() {
        let peer = ValidatorIndex(3)
        #expect(HotStuffUnsigned.vote(Self.statement, to: peer).recipient == peer)
        #expect(HotStuffUnsigned.vote(Self.statement, to: nil).recipient == nil)
        #expect(HotStuffUnsigned.timeout(Self.timeoutStatement).recipient == nil)
    }

    @Test("A signer counts once in a certificate of timeouts")
    func duplicateSigners() {
        #expect(
            HotStuffTimeoutCertificate(
                timeouts: [Self.timeout, Self.timeout], high: nil, validatorCount: 4) == nil)
    }

    @Test("Timeouts of different views make no certificate")
    func mixedViews() {
        let other = HotStuffTimeout(
            content: HotStuffTimeoutStatement(
                chain: Digest(1, 0, 0, 0), epoch: .zero, view: View(4), highView: View(2)),
            signer: ValidatorIndex(3), signature: [8])
        #expect(
            HotStuffTimeoutCertificate(
                timeouts: [Self.timeout, other], high: nil, validatorCount: 4) == nil)
    }

    @Test("An inquiry wants at most eight blocks")
    func inquiryLimit() {
        let greedy = HotStuffInquiry(
            view: View(1), highView: .zero, committed: .zero,
            wanted: Array(repeating: .zero, count: 9))
        #expect(throws: WireError.tooLarge(limit: 8, found: 9)) {
            try HotStuffMessage(decoding: HotStuffMessage.inquiry(greedy).encoded)
        }
    }
}
