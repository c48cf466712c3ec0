import BFTBase
import BFTCore
import BFTLogging
import BFTTransport

// What becomes of a validator that does what none does that follows the protocol: it is kept away
// for a while, as `Exiles` says. To the replica it is one whose link is down.
extension NodeCore {
    /// Cuts `peer` off, and says so once: what of it was under way meanwhile is only counted.
    func punish(_ peer: ValidatorIndex, for offence: Offence, _ error: any Error) {
        guard let time = exiles.note(offence, of: peer, at: loop.now) else { return }
        counters.offences[offence] += 1
        logger.warning(
            """
            validator \(peer) is kept away for \(time.nanoseconds / 1_000_000_000) s \
            (\(offence.rawValue)): \(error)
            """)
        transport.disconnect(peer)
        turns.remove(peer)
        scheduleReturn()
    }

    private func scheduleReturn() {
        guard let end = exiles.nextEnd else { return }
        let timer = exileTimer ?? loop.makeTimer { [unowned self] in letReturn() }
        exileTimer = timer
        timer.schedule(at: end)
    }

    private func letReturn() {
        for peer in exiles.takeEnded(at: loop.now) {
            logger.info("validator \(peer) may connect again")
            transport.allow(peer)
        }
        scheduleReturn()
    }
}
