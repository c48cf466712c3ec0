import BFTBase
import BFTCore
import BFTCrypto
import BFTLedger
import BFTLogging
import BFTServer
import BFTSockets
import BFTTransport
import BFTWire

// What comes from other validators: decoded, filtered, verified, and only then handled.
extension NodeCore {
    func listenToTransport() {
        transportEvents = TransportEvents(
            connected: { [unowned self] peer in
                logger.info("validator \(peer.index) is connected")
                give(.connected(peer.index))
            },
            disconnected: { [unowned self] peer, reason in
                // What takes a link's place is told next, and nothing was lost but what `connected`
                // sends again.
                guard !isStopping, reason != .superseded else { return }
                logger.info("validator \(peer.index) is disconnected: \(reason)")
                if case .violation(let violation) = reason, let offence = Offence(violation) {
                    punish(peer.index, for: offence, violation)
                }
                give(.disconnected(peer.index))
            },
            received: { [unowned self] kind, payload, peer in receive(kind, payload, from: peer) })
        transport.delegate = transportEvents
    }

    private func receive(_ kind: UInt8, _ payload: RawSpan, from peer: ValidatorIndex) {
        guard trouble == nil else { return }
        let message: Message
        do throws(WireError) {
            guard kind == Self.kind else { throw .unknownTag(kind) }
            // A batch is large: what nobody wants is not even hashed.
            if let head = try Message.batchHead(of: payload),
                !host.ask({ $0.isUseful(head, from: peer) })
            {
                counters.received += 1
                return
            }
            message = try Message(decoding: payload)
        } catch {
            counters.malformed += 1
            return punish(peer, for: .malformed, error)
        }
        counters.received += 1
        let worth = host.ask { replica -> Worth in
            guard replica.isUseful(message, from: peer) else { return .nothing }
            return replica.trusted(message, from: peer).map(Worth.proved) ?? .signatures
        }
        switch worth {
        case .nothing: return
        case .proved(let message): give(.received(message, from: peer))
        case .signatures:
            let cost = keys.verificationCost(of: message)
            guard cost > .zero else { return accept(message, from: peer) }
            unverified.append((message, peer, cost))
        }
    }

    /// What a message is worth.
    private enum Worth {
        case nothing
        /// The link that it came by proves what its signatures would.
        case proved(Verified<Message>)
        /// The time that its signatures take.
        case signatures
    }

    /// A message that stands on no signature, or on few enough to check them here and now.
    private func accept(_ message: Message, from peer: ValidatorIndex) {
        do {
            give(.received(try keys.verify(message), from: peer))
        } catch {
            noteForgery(error, from: peer)
        }
    }

    private func noteForgery(_ error: VerificationError, from peer: ValidatorIndex) {
        counters.forgeries += 1
        // Whoever follows the protocol checks what it passes on.
        punish(peer, for: .forgery, error)
    }

    /// Checks the signature of an author, whoever passed its batch on.
    func checkAuthorship(_ vote: Vote) {
        counters.verified += 1
        let hand = loop.callback(to: self) { core, result in core.take(result, for: vote) }
        do {
            try pool.verify(batch: [vote], keys: keys) { hand($0[0]) }
        } catch {
            // Full: whoever waits for it is answered all the same.
            hand(Result { () throws(VerificationError) in try keys.verify(vote) })
        }
    }

    private func take(_ result: Result<Verified<Vote>, VerificationError>, for vote: Vote) {
        if case .failure(let error) = result { noteForgery(error, from: vote.voter) }
        give(.authorshipChecked(vote, isGenuine: (try? result.get()) != nil))
    }

    /// Verifies what a turn brought: all of it at once, and off the loop unless it is little and
    /// the loop has checked little of late.
    func submitVerifications() {
        guard !unverified.isEmpty else { return }
        let batch = unverified
        unverified.removeAll(keepingCapacity: true)
        let cost = batch.reduce(UInt64(0)) { $0 + $1.cost.nanoseconds }
        counters.verified += UInt64(batch.count)
        if inlineChecks.take(cost, at: loop.now) {
            for (message, peer, _) in batch
            where host.ask({ $0.isUseful(message, from: peer) }) {
                accept(message, from: peer)
            }
            return
        }
        let senders = batch.map(\.sender)
        let hand = loop.callback(to: self) { core, results in core.take(results, from: senders) }
        do {
            try pool.verify(batch: batch.map(\.message), keys: keys, completion: hand)
        } catch {
            // Full: peers repeat what matters.
            counters.dropped += UInt64(batch.count)
        }
    }

    private func take(
        _ results: [Result<Verified<Message>, VerificationError>], from senders: [ValidatorIndex]
    ) {
        for (result, peer) in zip(results, senders) {
            switch result {
            case .success(let message): give(.received(message, from: peer))
            case .failure(let error): noteForgery(error, from: peer)
            }
        }
    }
}
