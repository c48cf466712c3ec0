import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex
import Testing

/// How large messages get.
@Suite struct SizeTests {
    @Test("The largest message is as large as a full proposal and as everybody's certificate")
    func largest() throws {
        for (count, isCertificate) in [(1, false), (4, false), (100, true)] {
            let validators = try ValidatorSet(Array(repeating: 1, count: count))
            let size = 4_000
            let largest = Simplex.largestMessage(among: validators, signatureByteCount: size)
            #expect(try SimplexMessage(decoding: largest.encoded) == largest)
            let signature = [UInt8](repeating: 0, count: size)
            let payload = (0..<Block.payloadLimit).map {
                BatchReference(
                    author: ValidatorIndex(0), sequence: BatchSequence(UInt64($0)),
                    digest: .zero, byteCount: 1)
            }
            let block = Block(
                epoch: .zero, view: View(1), height: Height(1), parents: [.zero],
                proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 1),
                applied: AppliedState(height: .zero, root: .zero), payload: payload)
            let said = Statement(
                chain: .zero, epoch: .zero, kind: .notarize, view: View(1), height: Height(1),
                block: block.digest)
            let votes = (0..<count).map {
                Vote(statement: said, voter: ValidatorIndex($0), signature: signature)
            }
            let proposal = SimplexMessage.proposal(SimplexProposal(block: block, vote: votes[0]))
            let certificate = SimplexMessage.certificate(
                try #require(Certificate(statement: said, votes: votes, validatorCount: count)))
            let sizes = [proposal.encoded.count, certificate.encoded.count]
            #expect(sizes.max() == largest.encoded.count)
            #expect((sizes[1] > sizes[0]) == isCertificate, "both are looked at")
        }
    }
}
