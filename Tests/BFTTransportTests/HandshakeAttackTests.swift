import BFTBase
import BFTCrypto
import BFTWire
import Testing

@testable import BFTTransport

@Suite struct HandshakeAttackTests {
    /// What the responder makes of the hello of `party`, after `change`.
    private func refusal(
        of party: Party, by responder: Party = Party(1), _ change: (inout Hello) -> Void = { _ in }
    ) throws -> HandshakeError? {
        var initiator = try Side(party, .initiator)
        let flight = try initiator.start()
        let message = Array(flight[4...])
        var hello = try Hello(decoding: message.span.bytes)
        change(&hello)
        var writer = Writer()
        writer.bytes(hello.encoded)
        var side = try Side(responder, .responder)
        do throws(HandshakeError) {
            _ = try side.take(writer.bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("A hello that differs is refused with what differs")
    func hello() throws {
        var foreign = Party(0)
        foreign.chain = Digest(9, 9, 9, 9)
        #expect(try refusal(of: foreign) == .wrongChain(found: foreign.chain))
        #expect(try refusal(of: Party(0)) { $0.magic ^= 1 } == .notAPeer)
        #expect(try refusal(of: Party(0)) { $0.version = 2 } == .wrongVersion(found: 2))
        var chaCha = Party(0)
        chaCha.suite = TransportSuite(keyExchange: .x25519, aead: .chaCha20Poly1305)
        #expect(try refusal(of: chaCha) == .unsupportedSuite(keyExchange: 1, aead: 2))
        #expect(try refusal(of: Party(0)) == nil)
    }

    @Test("The clocks may differ by five minutes and no more, either way")
    func timeWindow() throws {
        for (offset, isAccepted) in [
            (0, true), (300_000, true), (-300_000, true), (300_001, false), (-300_001, false),
        ] {
            var party = Party(0)
            party.now = Timestamp(milliseconds: UInt64(Int(noon.milliseconds) + offset))
            let error = try refusal(of: party)
            #expect(
                error == (isAccepted ? nil : .outsideTimeWindow(own: noon, peer: party.now)))
        }
        for time in [0, UInt64.max] {
            var party = Party(0)
            party.now = Timestamp(milliseconds: time)
            #expect(try refusal(of: party) != nil)
        }
    }

    @Test("A share that fixes the secret is refused on both sides")
    func weakShares() throws {
        var initiator = try Side(Party(0), .initiator)
        var responder = try Side(Party(1), .responder)
        var first = try initiator.start()
        first.replaceSubrange(first.count - 32..<first.count, with: repeatElement(0, count: 32))
        #expect(throws: HandshakeError.refusedShare) { try responder.take(first) }
        var second = try Flights(Party(0), Party(1)).second
        second.replaceSubrange(4..<36, with: repeatElement(0, count: 32))
        #expect(throws: HandshakeError.refusedShare) { try initiator.take(second) }
    }

    @Test("Who is no validator can neither dial nor answer")
    func unknownValidator() throws {
        let stranger = try key(9).publicKey.fingerprint
        var initiator = try Side(Party(9), .initiator)
        var responder = try Side(Party(1), .responder)
        let third = try initiator.take(try responder.take(try initiator.start()))
        #expect(throws: HandshakeError.unknownValidator(fingerprint: stranger)) {
            try responder.take(third)
        }
        initiator = try Side(Party(1), .initiator)
        responder = try Side(Party(9), .responder)
        let second = try responder.take(try initiator.start())
        #expect(throws: HandshakeError.unknownValidator(fingerprint: stranger)) {
            try initiator.take(second)
        }
    }

    @Test("A validator that is named but holds another key is refused")
    func wrongKey() throws {
        for impostorDials in [true, false] {
            var initiator = try Side(Party(0), .initiator)
            var responder = try Side(Party(1), .responder)
            var first = ByteQueue(try initiator.start())
            var second = ByteQueue()
            var third = ByteQueue()
            guard case .sign(let request) = try responder.handshake.receive(&first) else { return }
            let answerer = try key(impostorDials ? 1 : 9)
            _ = try responder.handshake.provide(signature: request.run(answerer), into: &second)
            guard case .verify(let check) = try initiator.handshake.receive(&second) else { return }
            guard impostorDials else {
                #expect(throws: HandshakeError.wrongSignature(ValidatorIndex(1))) {
                    _ = try initiator.handshake.provide(verdict: check.run())
                }
                continue
            }
            let step = try initiator.handshake.provide(verdict: check.run())
            guard case .sign(let proof) = step else { return }
            _ = try initiator.handshake.provide(signature: proof.run(try key(9)), into: &third)
            #expect(throws: HandshakeError.wrongSignature(ValidatorIndex(0))) {
                _ = try responder.take(third.array)
            }
        }
    }

    @Test(
        "A node that reaches itself notices, and so does one that reaches another than it dialled")
    func wrongPeer() throws {
        var initiator = try Side(Party(1, seed: 5), .initiator)
        var responder = try Side(Party(1), .responder)
        let second = try responder.take(try initiator.start())
        #expect(throws: HandshakeError.selfConnection) { try initiator.take(second) }
        initiator = try Side(Party(0, expecting: 2), .initiator)
        responder = try Side(Party(3), .responder)
        let answer = try responder.take(try initiator.start())
        let expected = HandshakeError.unexpectedPeer(
            expected: ValidatorIndex(2), found: ValidatorIndex(3))
        #expect(throws: expected) { try initiator.take(answer) }
    }

    @Test("What a node sent is no answer to it, and roles can't be swapped")
    func reflection() throws {
        let flights = try Flights(Party(0), Party(1))
        for reflected in [flights.first, flights.third, flights.first + flights.third] {
            var initiator = try Side(Party(0), .initiator)
            _ = try initiator.start()
            #expect(throws: HandshakeError.self) { try initiator.take(reflected) }
        }
        for reflected in [flights.second, flights.third] {
            var responder = try Side(Party(1), .responder)
            #expect(throws: HandshakeError.self) { try responder.take(reflected) }
            responder = try Side(Party(1), .responder)
            let answer = try responder.take(flights.first)
            #expect(throws: HandshakeError.self) { try responder.take(answer) }
        }
    }

    @Test("Flights of an earlier handshake are of no use in a later one")
    func replay() throws {
        let old = try Flights(Party(0), Party(1))
        // The hello may be repeated within its window; what follows may not.
        var responder = try Side(Party(1, seed: 7), .responder)
        let answer = try responder.take(old.first)
        #expect(!answer.isEmpty && answer != old.second)
        #expect(throws: HandshakeError.forged) { try responder.take(old.third) }
        #expect(responder.peer == nil)
        var initiator = try Side(Party(0, seed: 7), .initiator)
        _ = try initiator.start()
        #expect(throws: HandshakeError.forged) { try initiator.take(old.second) }
        // An attacker that puts the old share before the old proof gets no further.
        initiator = try Side(Party(0, seed: 8), .initiator)
        _ = try initiator.start()
        #expect(throws: HandshakeError.forged) { try initiator.take(answer) }
    }

    /// The conversation as an attacker with its own share for each side leads it.
    private func schedule(
        _ hello: [UInt8], _ share: [UInt8], _ secret: SecretBytes
    ) throws
        -> HandshakeSchedule
    {
        let parameters = HandshakeParameters(
            chain: Party(0).chain, validators: validators, ownKey: try key(3).publicKey,
            suite: suite)
        var schedule = HandshakeSchedule(parameters)
        schedule.absorb(hello)
        schedule.absorb(share)
        schedule.mix(secret)
        return schedule
    }

    @Test("A signature that a validator gave in one conversation is refused in another")
    func manInTheMiddle() throws {
        var victim = try Side(Party(0), .initiator)
        let hello = Array(try victim.start()[4...])
        let attacker = X25519PrivateKey(seed: randomness(66))
        // The attacker asks the real responder, with a share of its own, for a signature …
        var first = Writer()
        var ownHello = hello
        ownHello.replaceSubrange(hello.count - 32..<hello.count, with: attacker.publicKey)
        first.bytes(ownHello)
        var responder = try Side(Party(1), .responder)
        let second = try responder.take(first.bytes)
        let responderShare = Array(second[4..<36])
        let withResponder = try schedule(
            ownHello, responderShare,
            try #require(attacker.sharedSecret(with: responderShare)))
        let stolen = try withResponder.open(Array(second[36...]), by: .responder)
        // … and presents it to the victim.
        let withVictim = try schedule(
            hello, attacker.publicKey,
            try #require(attacker.sharedSecret(with: Array(hello.suffix(32)))))
        var answer = Writer()
        answer.bytes(attacker.publicKey + withVictim.seal(stolen, by: .responder))
        #expect(throws: HandshakeError.wrongSignature(ValidatorIndex(1))) {
            try victim.take(answer.bytes)
        }
    }

    @Test("A validator can't pass off another's proof as made for it")
    func identityMisbinding() throws {
        // v3 relays the hello of v0 to v1 under its own name: v1's proof names nobody, but v0's
        // names v1, so v3 can't use it to appear as the answering side.
        let flights = try Flights(Party(0), Party(1))
        var responder = try Side(Party(3), .responder)
        _ = try responder.take(flights.first)
        #expect(throws: HandshakeError.forged) { try responder.take(flights.third) }
    }

    @Test("A verdict or signature that was not asked for ends the handshake")
    func outOfOrder() throws {
        var one = try Party(0).handshake(.initiator)
        var output = ByteQueue()
        #expect(throws: HandshakeError.outOfOrder) {
            _ = try one.provide(signature: [1], into: &output)
        }
        #expect(throws: HandshakeError.outOfOrder) { try one.start(into: &output) }
        var other = try Party(1).handshake(.responder)
        let verdict = SignatureVerdict(statement: [], isValid: true)
        #expect(throws: HandshakeError.outOfOrder) { _ = try other.provide(verdict: verdict) }
        var input = ByteQueue(try Flights(Party(0), Party(1)).first)
        #expect(throws: HandshakeError.ended) { _ = try other.receive(&input) }
        let session = other.finish()
        #expect((session == nil) as Bool)
        #expect(output.array.isEmpty)
    }

    @Test("A verdict on another signature is refused")
    func foreignVerdict() throws {
        var initiator = try Party(0).handshake(.initiator)
        var output = ByteQueue()
        try initiator.start(into: &output)
        var input = ByteQueue(try Flights(Party(0), Party(1)).second)
        guard case .verify = try initiator.receive(&input) else {
            Issue.record("a check is due")
            return
        }
        let other = SignatureVerdict(statement: [1], isValid: true)
        #expect(throws: HandshakeError.outOfOrder) { _ = try initiator.provide(verdict: other) }
    }
}
