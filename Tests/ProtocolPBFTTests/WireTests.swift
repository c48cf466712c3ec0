import BFTBase
import BFTCore
import BFTTestKit
import BFTWire
import ProtocolPBFT
import Testing

@Suite struct WireTests {
    static let block = Block(
        epoch: .zero, view: View(2), height: Height(1), parents: [Digest(4, 5, 6, 7)],
        proposer: ValidatorIndex(1), time: Timestamp(milliseconds: 9),
        applied: AppliedState(height: .zero, root: .zero), payload: [])
    static let statement = Statement(
        chain: Digest(1, 0, 0, 0), epoch: .zero, kind: .prepare, view: View(2),
        height: Height(1), block: block.digest)
    static let vote = Vote(statement: statement, voter: ValidatorIndex(1), signature: [7])
    static let certificate = Certificate(
        statement: statement, votes: [vote], validatorCount: 4)!
    static let checkpoint = Statement(
        chain: Digest(1, 0, 0, 0), epoch: .zero, kind: .checkpoint, view: .zero,
        height: Height(8), block: Digest(5, 5, 5, 5),
        ancestor: BlockName(height: Height(8), digest: block.digest))
    static let content = PBFTViewChangeContent(
        chain: Digest(1, 0, 0, 0), epoch: .zero, view: View(3),
        highest: PBFTCertificateName(view: View(2), height: Height(1), block: block.digest))
    static let viewChange = PBFTViewChange(
        content: content, signer: ValidatorIndex(2), signature: [8])
    static let newViewContent = PBFTNewViewContent(
        outcome: content, viewChanges: [viewChange], certificate: certificate)
    static let newView = PBFTNewView(
        content: newViewContent, signer: ValidatorIndex(2), signature: [9])
    static let inquiry = PBFTInquiry(
        view: View(3), isJoined: false, committed: Height(1), stable: .zero,
        wanted: [Digest(9, 0, 0, 0)])

    @Test("Every message and every record has one encoding")
    func encodings() throws {
        let messages: [PBFTMessage] = [
            .prePrepare(PBFTPrePrepare(block: Self.block, vote: Self.vote)), .vote(Self.vote),
            .certificate(Self.certificate), .viewChange(Self.viewChange, Self.certificate),
            .viewChange(Self.viewChange, nil), .newView(Self.newView), .block(Self.block),
            .inquiry(Self.inquiry),
        ]
        for message in messages {
            try WireCheck.check(message)
            WireCheck.checkEnd(message)
        }
        let records: [PBFTRecord] = [
            .entered(View(4)), .prepared(Self.block, in: View(3)), .block(Self.block),
            .voted(Self.statement), .voted(Self.checkpoint), .certificate(Self.certificate),
            .viewChange(Self.content), .newView(Self.newViewContent),
        ]
        for record in records {
            try WireCheck.check(record)
            WireCheck.checkEnd(record)
        }
    }

    @Test("A new view that counts a view change twice, or is not in order, is refused")
    func viewChangeOrder() throws {
        func newView(by voters: [Int]) -> PBFTNewViewContent {
            PBFTNewViewContent(
                outcome: Self.content,
                viewChanges: voters.map {
                    PBFTViewChange(
                        content: Self.content, signer: ValidatorIndex($0), signature: [8])
                },
                certificate: nil)
        }
        try WireCheck.check(newView(by: [0, 1, 3]))
        for voters in [[1, 1], [1, 0], [0, 2, 2], Array(repeating: 3, count: 4_096)] {
            #expect(
                throws: WireError.invalid("view changes are not in the order of their voters")
            ) { try PBFTNewViewContent(decoding: newView(by: voters).encoded) }
        }
    }

    @Test("The encodings are pinned")
    func pinned() {
        #expect(
            Hex.encode(PBFTMessage.inquiry(Self.inquiry).encoded)
                == "07" + "0300000000000000" + "00" + "0100000000000000" + "0000000000000000"
                + "01000000" + "0900000000000000" + String(repeating: "0", count: 48))
        #expect(PBFTMessage.vote(Self.vote).encoded == [2] + Self.vote.encoded)
        #expect(
            PBFTMessage.prePrepare(PBFTPrePrepare(block: Self.block, vote: Self.vote)).encoded
                == [1] + Self.block.encoded + Self.vote.encoded)
        #expect(
            PBFTMessage.certificate(Self.certificate).encoded == [3] + Self.certificate.encoded)
        #expect(
            PBFTMessage.viewChange(Self.viewChange, nil).encoded
                == [4] + Self.viewChange.encoded + [0])
        #expect(PBFTMessage.newView(Self.newView).encoded == [5] + Self.newView.encoded)
        #expect(PBFTMessage.block(Self.block).encoded == [6] + Self.block.encoded)
        #expect(
            Hex.encode(Self.content.encoded)
                == "01" + String(repeating: "0", count: 62) + "0000000000000000"
                + "0300000000000000" + "01" + "0200000000000000" + "0100000000000000"
                + Self.block.digest.hex)
        #expect(
            [VoteKind.prepare, .commit, .checkpoint].map(\.rawValue) == [0x10, 0x54, 0xA8])
    }

    @Test("An inquiry wants at most eight blocks")
    func inquiryLimit() {
        let greedy = PBFTInquiry(
            view: View(1), isJoined: true, committed: .zero, stable: .zero,
            wanted: Array(repeating: .zero, count: 9))
        #expect(throws: WireError.tooLarge(limit: 8, found: 9)) {
            try PBFTMessage(decoding: PBFTMessage.inquiry(greedy).encoded)
        }
    }

    @Test("A message stands on the signatures that it carries, and no others")
    func claims() {
        #expect(PBFTMessage.vote(Self.vote).claims == Self.vote.claims)
        #expect(
            PBFTMessage.prePrepare(PBFTPrePrepare(block: Self.block, vote: Self.vote)).claims
                == Self.vote.claims)
        #expect(
            PBFTMessage.viewChange(Self.viewChange, Self.certificate).claims
                == Self.viewChange.claims + Self.certificate.claims)
        #expect(PBFTMessage.newView(Self.newView).claims.count == 3)
        #expect(PBFTMessage.block(Self.block).claims.isEmpty)
        #expect(PBFTMessage.inquiry(Self.inquiry).claims.isEmpty)
    }

    @Test("A view change and a new view of the same content are two things to sign")
    func labels() {
        let asked = PBFTUnsigned.viewChange(Self.content, Self.certificate).signingBytes
        #expect(asked != PBFTUnsigned.newView(Self.newViewContent).signingBytes)
        #expect(asked == Self.viewChange.claims[0].statement)
    }
}
