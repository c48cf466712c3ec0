public import BFTBase
import BFTCore
import BFTWire

// How large messages get.
extension SimplexReplica {
    /// A full block with its leader's vote, or the votes of all validators that commit at once.
    public static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> SimplexMessage {
        let parts = LargestParts(among: validators, signatureByteCount: signatureByteCount)
        let proposal = SimplexMessage.proposal(
            SimplexProposal(block: parts.block, vote: parts.vote(.notarize)))
        guard let unanimous = parts.certificate(.notarize, of: validators.count) else {
            return proposal
        }
        let certificate = SimplexMessage.certificate(unanimous)
        return certificate.encoded.count > proposal.encoded.count ? certificate : proposal
    }
}
