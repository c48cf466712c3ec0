import BFTBase
import BFTCore
import BFTWire
import ProtocolHotStuff
import Testing

/// How large messages get.
@Suite struct SizeTests {
    @Test("The largest message is a proposal as full as can be, and decodes")
    func largest() throws {
        for powers in [[1, 1, 1, 1], [5, 1, 1, 1, 1, 1], [1]] as [[VotingPower]] {
            let validators = try ValidatorSet(powers)
            let largest = HotStuff.largestMessage(among: validators, signatureByteCount: 100)
            #expect(try HotStuffMessage(decoding: largest.encoded) == largest)
            guard case .proposal(let proposal) = largest, let timeouts = proposal.timeouts,
                let justify = proposal.justify
            else {
                Issue.record("the largest is no proposal")
                continue
            }
            #expect(proposal.block.payload.count == Block.payloadLimit)
            // The heaviest may be away: then it takes this many of the others.
            let count = powers.count == 6 ? 6 : powers.count == 4 ? 3 : 1
            for signers in [timeouts.signers, justify.signers, timeouts.high?.signers] {
                #expect(signers?.population == count)
            }
            for part in [
                HotStuffMessage.vote(proposal.vote), .certificate(justify), .block(proposal.block),
                .timeoutCertificate(timeouts),
            ] {
                #expect(part.encoded.count < largest.encoded.count)
            }
        }
    }

    @Test("What others put into a certificate beyond a quorum is not sent on")
    func trimmed() {
        let hostile = HostileMessages()
        let wide = HostileMessages.certificate(
            HostileMessages.statement(of: hostile.blockA), by: [0, 1, 2, 3])
        let timeouts = HostileMessages.timeouts(2, claiming: 1, wide, by: [0, 1, 2, 3])
        let (_, replica) = CheckTests.outcome(
            of: .timeoutCertificate(timeouts), HotStuffThreeChainRules.self)
        for record in replica.liveRecords {
            switch record {
            case .certificate(let certificate): #expect(certificate.signers.population == 3)
            case .timeouts(let timeouts):
                #expect(timeouts.signers.population == 3)
                #expect(timeouts.high?.signers.population == 3)
            case .voted, .timedOut, .locked: break
            }
        }
        #expect(
            replica.liveRecords.contains { if case .timeouts = $0 { true } else { false } })
    }
}
