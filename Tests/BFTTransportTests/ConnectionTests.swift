import BFTBase
import BFTCrypto
import Testing

@testable import BFTTransport

@Suite struct ConnectionTests {
    private func connection(
        _ role: HandshakeRole, _ number: Int, expecting: Int? = nil,
        limits: LinkLimits = LinkLimits()
    ) throws -> PeerConnection {
        let parameters = HandshakeParameters(
            chain: .zero, validators: validators, ownKey: try key(number).publicKey, suite: suite)
        return PeerConnection(
            role, parameters, expecting: expecting.map { ValidatorIndex($0) }, limits: limits,
            random: randomness(UInt64(number) + 50), wallClock: noon, at: seconds(0))
    }

    /// Moves what `sender` has for the socket to `receiver`, and does what that asks for.
    private func carry(
        _ sender: PeerConnection, to receiver: PeerConnection, key signingKey: SigningKey,
        _ deliver: (Lane, UInt8, RawSpan) -> Void = { _, _, _ in }
    ) throws {
        sender.fillOutgoing()
        receiver.incoming.append(sender.outgoing.array)
        sender.outgoing.consume(sender.outgoing.count)
        var step = try receiver.receive(at: seconds(1), deliver)
        while true {
            switch step {
            case .proceed: return
            case .sign(let request):
                step = try receiver.provide(signature: request.run(signingKey), at: seconds(1))
            case .verify(let check):
                step = try receiver.provide(verdict: check.run(), at: seconds(1))
            case .established: step = try receiver.receive(at: seconds(1), deliver)
            }
        }
    }

    @Test("A connection goes from its first byte to messages, and answers from within delivery")
    func wholeLife() throws {
        let one = try connection(.initiator, 0, expecting: 1)
        let other = try connection(.responder, 1)
        #expect(one.enqueue(.consensus, kind: 1, []) == .refused(.notConnected))
        try one.start()
        try other.start()
        try carry(one, to: other, key: key(1))
        try carry(other, to: one, key: key(0))
        #expect(one.peer?.index == ValidatorIndex(1) && other.peer == nil)
        // The initiator speaks right behind its proof.
        #expect(one.enqueue(.consensus, kind: 1, [1, 2]) == .queued)
        var received: [UInt8] = []
        try carry(one, to: other, key: key(1)) { _, kind, payload in
            received.append(kind)
            _ = other.enqueue(.consensus, kind: kind + 1, payload.withUnsafeBytes { Array($0) })
            other.fillOutgoing()
        }
        #expect(received == [1] && other.peer?.index == ValidatorIndex(0))
        try carry(other, to: one, key: key(0)) { _, kind, payload in
            received.append(kind)
            #expect(payload.byteCount == 2)
        }
        #expect(received == [1, 2])
        #expect(!one.hasPending && !other.hasPending)
        #expect(one.quietTime(at: seconds(3)) == .seconds(2))
    }

    @Test("Every scheme and key exchange that this build holds leads to a connection")
    func allAlgorithms() throws {
        for scheme in SignatureSchemeID.allCases where scheme.scheme != nil {
            let keys = try (0..<2).map { _ in try SigningKey.generate(scheme) }
            let validators = try ValidatorKeys(epoch: .zero, keys.map(\.publicKey))
            for exchange in KeyExchangeID.allCases where exchange.exchange != nil {
                let suite = TransportSuite(keyExchange: exchange, aead: .chaCha20Poly1305)
                func connection(_ role: HandshakeRole, _ number: Int) -> PeerConnection {
                    let parameters = HandshakeParameters(
                        chain: .zero, validators: validators, ownKey: keys[number].publicKey,
                        suite: suite)
                    let random = SecureRandom.secret(Handshake.randomByteCount(role, suite))
                    return PeerConnection(
                        role, parameters, random: random, wallClock: noon, at: seconds(0))
                }
                let one = connection(.initiator, 0)
                let other = connection(.responder, 1)
                try one.start()
                try carry(one, to: other, key: keys[1])
                try carry(other, to: one, key: keys[0])
                try carry(one, to: other, key: keys[1])
                #expect(one.peer?.key == keys[1].publicKey)
                #expect(other.peer?.key == keys[0].publicKey)
            }
        }
    }

    @Test("A peer that takes too long for the handshake is cut, and one that is done is not")
    func timeout() throws {
        let one = try connection(.initiator, 0)
        try one.tick(at: seconds(9.9))
        #expect(throws: DisconnectReason.handshakeTimeout) { try one.tick(at: seconds(10)) }
    }

    @Test("After an error nothing is taken any more")
    func afterError() throws {
        let other = try connection(.responder, 1)
        other.incoming.append([255, 255, 255, 255])
        let tooLong = HandshakeError.tooLong(limit: 16_384, found: Int(UInt32.max))
        #expect(throws: DisconnectReason.handshake(tooLong)) {
            try other.receive(at: seconds(0)) { _, _, _ in }
        }
        #expect(throws: DisconnectReason.handshake(.ended)) {
            try other.receive(at: seconds(0)) { _, _, _ in }
        }
    }

    @Test("Both ends of a pair keep the same one of two connections, whoever sees which first")
    func duplicates() throws {
        let low = Digest(1, 0, 0, 0)
        let high = Digest(2, 0, 0, 0)
        for (own, peer) in [(low, high), (high, low)] {
            let rule = ConnectionRule(own: own, peer: peer, quietLimit: .seconds(4))
            #expect(rule.dialsAtOnce == (own == low))
            let dialledByLow: HandshakeRole = own == low ? .initiator : .responder
            let dialledByHigh: HandshakeRole = own == low ? .responder : .initiator
            // At the same time: the one that the lower fingerprint dialled stays, on both ends.
            #expect(rule.replaces(old: dialledByHigh, quietFor: .zero, by: dialledByLow))
            #expect(!rule.replaces(old: dialledByLow, quietFor: .zero, by: dialledByHigh))
            // Dialled again by the same side: the newer.
            #expect(rule.replaces(old: dialledByLow, quietFor: .zero, by: dialledByLow))
            #expect(rule.replaces(old: dialledByHigh, quietFor: .zero, by: dialledByHigh))
            // Half dead: the other side may replace it.
            #expect(rule.replaces(old: dialledByLow, quietFor: .seconds(4), by: dialledByHigh))
        }
    }

    @Test("Waiting doubles up to its limit, jitters downwards, and starts over after a stable link")
    func backoff() {
        var delays: [[Interval]] = []
        for seed in 0..<20 as Range<UInt64> {
            var backoff = ReconnectBackoff(
                shortest: .milliseconds(100), longest: .seconds(5), stableAfter: .seconds(20),
                seed: seed)
            var ceiling: UInt64 = 100
            var row: [Interval] = []
            for _ in 0..<12 {
                let delay = backoff.nextDelay()
                #expect(delay >= .milliseconds(ceiling / 2) && delay <= .milliseconds(ceiling))
                ceiling = min(ceiling * 2, 5_000)
                row.append(delay)
            }
            delays.append(row)
            backoff.linkEnded(after: .seconds(19))
            let afterShortLink = backoff.nextDelay()
            backoff.linkEnded(after: .seconds(20))
            let afterStableLink = backoff.nextDelay()
            #expect(afterShortLink >= .milliseconds(2_500))
            #expect(afterStableLink <= .milliseconds(100))
        }
        #expect(Set(delays).count == 20, "no two nodes wait in step")
    }

    @Test("A bucket gives its burst at once and its rate in the long run, without rounding")
    func bucket() {
        let limit = RateLimit(perSecond: 3, burst: 10)
        var bucket = TokenBucket(limit, at: seconds(0))
        var taken = 0
        for step in 0..<1_000_000 as Range<UInt64> {
            let now = Instant(nanoseconds: step * 10_007)
            if bucket.take(1, at: now) { taken += 1 }
        }
        #expect(taken == 10 + 30)
        // Time that runs backwards gives nothing, and a long pause no more than the burst.
        let answers = [
            bucket.take(11, at: seconds(1_000_000)), bucket.take(10, at: seconds(5)),
            bucket.take(1, at: seconds(0)), bucket.take(.max, at: Instant(nanoseconds: .max)),
        ]
        #expect(answers == [false, true, false, false])
    }
}
