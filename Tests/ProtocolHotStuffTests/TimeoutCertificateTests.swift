import BFTBase
import BFTCore
import ProtocolHotStuff
import Testing

/// What timeouts make a certificate.
@Suite struct TimeoutCertificateTests {
    private static func timeout(
        _ sender: Int, chain: Digest = .zero, epoch: Epoch = .zero, view: UInt64 = 3
    ) -> HotStuffTimeout {
        HotStuffTimeout(
            content: HotStuffTimeoutStatement(
                chain: chain, epoch: epoch, view: View(view), highView: View(1)),
            signer: ValidatorIndex(sender), signature: [UInt8(sender)])
    }

    private static func certificate(_ timeouts: [HotStuffTimeout]) -> HotStuffTimeoutCertificate? {
        HotStuffTimeoutCertificate(timeouts: timeouts, high: nil, validatorCount: 4)
    }

    @Test("A certificate is made of timeouts of one chain, epoch and view, of each validator once")
    func parts() throws {
        let sound = try #require(Self.certificate([Self.timeout(0), Self.timeout(3)]))
        #expect(sound.signers.positions == [0, 3] && sound.signatures == [[0], [3]])
        #expect(sound.view == View(3) && sound.highViews == [View(1), View(1)])
        let wrong = [
            Self.timeout(2, chain: Digest(1, 0, 0, 0)), Self.timeout(2, epoch: Epoch(1)),
            Self.timeout(2, view: 4), Self.timeout(0), Self.timeout(4),
        ]
        for other in wrong {
            #expect(Self.certificate([Self.timeout(0), other]) == nil)
        }
        #expect(Self.certificate([Self.timeout(2), Self.timeout(1)]) == nil, "they rise")
    }
}
