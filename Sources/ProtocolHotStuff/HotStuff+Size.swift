public import BFTBase
import BFTCore

// How large messages get.
extension HotStuffReplica {
    /// A proposal on an old certificate: a full block, the certificate, and the timeouts of a
    /// quorum with the certificate that they know. Certificates are kept with no more signatures
    /// than it takes.
    public static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> HotStuffMessage {
        let parts = LargestParts(among: validators, signatureByteCount: signatureByteCount)
        let count = validators.largestQuorumCount
        let certificate = parts.certificate(.vote, of: count)
        let statement = HotStuffTimeoutStatement(
            chain: .zero, epoch: .zero, view: View(2), highView: View(1))
        let timeouts = HotStuffTimeoutCertificate(
            timeouts: parts.signers(count).map {
                HotStuffTimeout(content: statement, signer: $0, signature: parts.signature)
            },
            high: certificate, validatorCount: validators.count)
        return .proposal(
            HotStuffProposal(
                block: parts.block, vote: parts.vote(.vote), justify: certificate,
                timeouts: timeouts))
    }
}
