public import BFTBase
import BFTCore
import BFTWire

// How large messages get.
extension PBFTReplica {
    /// A full block with its leader's vote, or a new view: a wish of each validator, and the
    /// certificate of the highest block that they report, which may hold all signatures, too.
    public static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> PBFTMessage {
        let parts = LargestParts(among: validators, signatureByteCount: signatureByteCount)
        let proposal = PBFTMessage.prePrepare(
            PBFTPrePrepare(block: parts.block, vote: parts.vote(.prepare)))
        // A checkpoint's statement is the longest.
        guard let certificate = parts.certificate(.checkpoint, of: validators.count) else {
            return proposal
        }
        let wish = PBFTViewChangeContent(
            chain: .zero, epoch: .zero, view: View(1),
            highest: PBFTCertificateName(certificate.statement))
        let newView = PBFTMessage.newView(
            PBFTNewView(
                content: PBFTNewViewContent(
                    outcome: wish,
                    viewChanges: parts.signers(validators.count).map {
                        PBFTViewChange(content: wish, signer: $0, signature: parts.signature)
                    },
                    certificate: certificate),
                signer: ValidatorIndex(0), signature: parts.signature))
        return newView.encoded.count > proposal.encoded.count ? newView : proposal
    }
}
