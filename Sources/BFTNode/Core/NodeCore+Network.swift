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
            let work = keys.verificationWork(of: message)
            guard work.cost > .zero else { return accept(message, from: peer) }
            let isTaken = turns.append(
                .init(
                    message: message, sender: peer, checkCount: work.checkCount, cost: work.cost,
                    byteCount: payload.byteCount))
            // Too much of this peer waits: it repeats what matters.
            if !isTaken { counters.dropped += 1 }
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

    /// Checks what waits: all of it here if it is little and the loop has checked little of late,
    /// else some of each peer's at a time, by the pool. The next goes there when this is done.
    func submitVerifications() {
        guard !turns.isEmpty else { return }
        if inlineChecks.take(turns.nanoseconds, at: loop.now) {
            while let item = nextUseful() {
                counters.verified += 1
                accept(item.message, from: item.sender)
            }
            return
        }
        // Two bunches at a time: threads have something to do while the loop takes a result.
        let window = settings.verificationWindow.nanoseconds
        while verifying < window, fillPool(window / 2) {}
    }

    /// What is checked next. What became useless while it waited is passed over.
    private func nextUseful() -> VerificationTurns<Message>.Item? {
        while let item = turns.next() {
            if host.ask({ $0.isUseful(item.message, from: item.sender) }) { return item }
        }
        return nil
    }

    /// Has messages of about that cost checked, and says whether more may wait.
    private func fillPool(_ nanoseconds: UInt64) -> Bool {
        var (messages, senders, cost) = ([Message](), [ValidatorIndex](), UInt64(0))
        while cost < nanoseconds, let item = nextUseful() {
            messages.append(item.message)
            senders.append(item.sender)
            cost += item.cost.nanoseconds
        }
        guard !messages.isEmpty else { return false }
        counters.verified += UInt64(messages.count)
        let hand = loop.callback(to: self) { [senders, cost] core, results in
            core.verifying -= cost
            core.take(results, from: senders)
        }
        do {
            try pool.verify(batch: messages, keys: keys, completion: hand)
            verifying += cost
        } catch {
            // Full of something else: peers repeat what matters, and the rest waits.
            counters.dropped += UInt64(messages.count)
            return false
        }
        return !turns.isEmpty
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
