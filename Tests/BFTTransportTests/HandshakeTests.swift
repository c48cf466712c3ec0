import BFTBase
import BFTCrypto
import BFTWire
import Testing

@testable import BFTTransport

@Suite struct HandshakeTests {
    @Test("Two validators know each other afterwards and share a session, in every suite")
    func success() throws {
        for scheme in SignatureSchemeID.allCases {
            for suite in TransportSuite.all {
                var one = try Party(1, scheme, suite)
                one.expecting = 2
                var initiator = try Side(one, .initiator)
                var responder = try Side(Party(2, scheme, suite), .responder)
                let second = try responder.take(try initiator.start())
                let third = try initiator.take(second)
                #expect(try responder.take(third).isEmpty)
                #expect(initiator.peer?.index == ValidatorIndex(2))
                #expect(responder.peer?.key == (try key(1, scheme).publicKey))
                try exchange(initiator.session(), responder.session())
            }
        }
    }

    @Test("Two suites never meet, whichever side has which")
    func foreignSuites() throws {
        for own in TransportSuite.all {
            for other in TransportSuite.all where other != own {
                var (dialling, answering) = (Party(0), Party(1))
                dialling.suite = own
                answering.suite = other
                var initiator = try Side(dialling, .initiator)
                var responder = try Side(answering, .responder)
                let hello = try initiator.start()
                let expected = HandshakeError.unsupportedSuite(
                    keyExchange: own.keyExchange.rawValue, aead: own.aead.rawValue)
                #expect(throws: expected) { try responder.take(hello) }
            }
        }
    }

    /// Sends a frame each way.
    private func exchange(_ one: consuming Session, _ other: consuming Session) throws {
        var wire = ByteQueue()
        let payload: [UInt8] = [1, 2, 3]
        one.seal(FrameHeader(7), payload.span.bytes, into: &wire)
        #expect(try other.open(&wire)?.kind == 7)
        wire.consume(wire.count)
        other.seal(FrameHeader(8), RawSpan(), into: &wire)
        #expect(try one.open(&wire)?.kind == 8)
    }

    private func firstFrame(_ session: consuming Session) -> [UInt8] {
        var output = ByteQueue()
        session.seal(FrameHeader(1), RawSpan(), into: &output)
        return output.array
    }

    @Test("Each direction has its own key, and another handshake has others")
    func trafficKeys() throws {
        var wires: [[UInt8]] = []
        for seed in [0, 9] as [UInt64] {
            var initiator = try Side(Party(1, seed: seed), .initiator)
            var responder = try Side(Party(2, seed: seed), .responder)
            let second = try responder.take(try initiator.start())
            _ = try responder.take(try initiator.take(second))
            wires.append(firstFrame(initiator.session()))
            wires.append(firstFrame(responder.session()))
        }
        #expect(Set(wires).count == 4)
    }

    @Test("The three flights are pinned")
    func pinned() throws {
        let flights = try Flights(Party(0), Party(1))
        #expect(
            Hex.encode(flights.first.dropLast(32))
                == "50000000" + "73424654" + "0100" + "01" + "01"
                + "0100000000000000" + "0200000000000000" + "0300000000000000"
                + "0400000000000000" + "00505c18a3010000")
        // Share, proofs and all. `Scripts/handshake_oracle.py` computes the same.
        let all = Hash.sha256.digest(flights.first, flights.second, flights.third)
        #expect(all.hex == "74077be96ae96234928a32320306d05595f6d2a28aadf4faeda61cd66e0540f8")
        #expect(flights.second.count == 4 + 32 + 32 + 4 + 64 + 16)
        #expect(flights.third.count == 4 + 32 + 4 + 64 + 16)
    }

    @Test("The keys that a handshake leaves to each side are pinned by what they seal")
    func pinnedKeys() throws {
        var initiator = try Side(Party(0), .initiator)
        var responder = try Side(Party(1), .responder)
        let third = try initiator.take(try responder.take(try initiator.start()))
        _ = try responder.take(third)
        // `Scripts/handshake_oracle.py` computes the same.
        #expect(
            Hex.encode(firstFrame(initiator.session()))
                == "11000000c26b1c9cc7fc7f19874f070b030b4e64bd")
        #expect(
            Hex.encode(firstFrame(responder.session()))
                == "110000009e2b363f1d78ae6de5a4156972837cb98c")
    }

    @Test("No identity is sent in the clear")
    func anonymity() throws {
        let flights = try Flights(Party(0), Party(1))
        let all = flights.first + flights.second + flights.third
        for number in 0..<2 {
            let publicKey = try key(number).publicKey
            for secret in [publicKey.bytes, publicKey.fingerprint.bytes] {
                #expect(!all.indices.contains { all[$0...].starts(with: secret) })
            }
        }
    }

    @Test("Every flipped bit of the first flight is noticed by one of the two sides")
    func flippedFirst() throws {
        let flights = try Flights(Party(0), Party(1))
        for bit in 0..<flights.first.count * 8 {
            var initiator = try Side(Party(0), .initiator)
            var responder = try Side(Party(1), .responder)
            _ = try initiator.start()
            guard let answer = try? responder.take(flipped(flights.first, bit)) else { continue }
            #expect(throws: HandshakeError.self) {
                if answer.isEmpty { throw HandshakeError.ended }
                _ = try initiator.take(answer)
            }
            #expect(initiator.peer == nil && responder.peer == nil, "bit \(bit)")
        }
    }

    @Test("Every flipped bit of the second and the third flight is refused")
    func flippedLater() throws {
        let flights = try Flights(Party(0), Party(1))
        for bit in 0..<flights.second.count * 8 {
            var initiator = try Side(Party(0), .initiator)
            _ = try initiator.start()
            let answer = try? initiator.take(flipped(flights.second, bit))
            #expect(answer ?? [] == [] && initiator.peer == nil, "bit \(bit)")
        }
        for bit in 0..<flights.third.count * 8 {
            var responder = try Side(Party(1), .responder)
            _ = try responder.take(flights.first)
            _ = try? responder.take(flipped(flights.third, bit))
            #expect(responder.peer == nil, "bit \(bit)")
        }
    }

    @Test("With the hybrid exchange and ML-DSA, every flipped byte of a handshake is noticed")
    func flippedHybrid() throws {
        let suite = TransportSuite(keyExchange: .x25519MLKEM768, aead: .aes256GCM)
        let one = try Party(0, .mldsa87, suite)
        let other = try Party(1, .mldsa87, suite)
        let flights = try Flights(one, other)
        var random = SplitMix64(seed: 5)
        for position in stride(from: 0, to: flights.second.count, by: 7) {
            var initiator = try Side(one, .initiator)
            _ = try initiator.start()
            let bit = position * 8 + Int.random(in: 0..<8, using: &random)
            let answer = try? initiator.take(flipped(flights.second, bit))
            #expect(answer ?? [] == [] && initiator.peer == nil, "bit \(bit)")
        }
        for position in stride(from: 0, to: flights.first.count, by: 7) {
            var initiator = try Side(one, .initiator)
            var responder = try Side(other, .responder)
            _ = try initiator.start()
            let bit = position * 8 + Int.random(in: 0..<8, using: &random)
            guard let answer = try? responder.take(flipped(flights.first, bit)) else { continue }
            #expect(throws: HandshakeError.self) {
                if answer.isEmpty { throw HandshakeError.ended }
                _ = try initiator.take(answer)
            }
            #expect(initiator.peer == nil && responder.peer == nil, "bit \(bit)")
        }
        for position in stride(from: 0, to: flights.third.count, by: 7) {
            var responder = try Side(other, .responder)
            _ = try responder.take(flights.first)
            let bit = position * 8 + Int.random(in: 0..<8, using: &random)
            _ = try? responder.take(flipped(flights.third, bit))
            #expect(responder.peer == nil, "bit \(bit)")
        }
    }

    private func flipped(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return bytes
    }

    @Test("A part of a flight is waited for, and a flight cut short is refused")
    func truncation() throws {
        let flights = try Flights(Party(0), Party(1))
        /// Feeds `bytes` to the side that the flight is for, after what goes before.
        func receive(_ flight: Int, _ bytes: [UInt8]) throws -> (sent: [UInt8], done: Bool) {
            var side = try Side(Party(flight == 1 ? 0 : 1), flight == 1 ? .initiator : .responder)
            if flight == 1 { _ = try side.start() }
            if flight == 2 { _ = try side.take(flights.first) }
            let sent = try side.take(bytes)
            return (sent, side.peer != nil)
        }
        for (number, flight) in [flights.first, flights.second, flights.third].enumerated() {
            for length in 0..<flight.count {
                let (sent, done) = try receive(number, Array(flight[..<length]))
                #expect(sent.isEmpty && !done)
            }
            for length in 0..<flight.count - 4 {
                var writer = Writer()
                writer.uint32(UInt32(length))
                writer.raw(Array(flight[4..<4 + length]))
                #expect(throws: HandshakeError.self) { try receive(number, writer.bytes) }
            }
            var writer = Writer()
            writer.uint32(UInt32(flight.count - 3))
            writer.raw(Array(flight[4...]) + [0])
            #expect(throws: HandshakeError.self) { try receive(number, writer.bytes) }
        }
    }

    @Test("Bytes behind the handshake are left for the session")
    func leftover() throws {
        let flights = try Flights(Party(0), Party(1))
        var responder = try Party(1).handshake(.responder)
        var input = ByteQueue(flights.first + [1, 2, 3])
        guard case .sign = try responder.receive(&input) else {
            Issue.record("the responder waits for a signature")
            return
        }
        #expect(input.array == [1, 2, 3])
        guard case .awaitBytes = try responder.receive(&input) else {
            Issue.record("nothing is taken while a signature is pending")
            return
        }
        #expect(input.array == [1, 2, 3])
    }

    @Test("A message above the limit is refused by its length alone")
    func lengthLimit() throws {
        for length: UInt32 in [16_385, 1 << 31, .max] {
            var writer = Writer()
            writer.uint32(length)
            var responder = try Side(Party(1), .responder)
            #expect(throws: HandshakeError.tooLong(limit: 16_384, found: Int(length))) {
                try responder.take(writer.bytes)
            }
            #expect(throws: HandshakeError.ended) { try responder.take(writer.bytes) }
        }
    }

    @Test("An ML-DSA-87 signature and a hybrid share fit, a signature above the limit does not")
    func sizes() throws {
        let proof = Proof(fingerprint: .zero, signature: [UInt8](repeating: 1, count: 4_627))
        #expect(try Proof(decoding: proof.encoded) == proof)
        #expect(proof.encoded.count + 16 + 1_184 + 32 < Handshake.messageLimit)
        let long = Proof(fingerprint: .zero, signature: [UInt8](repeating: 1, count: 8_193))
        #expect(throws: WireError.self) { try Proof(decoding: long.encoded) }
    }

    @Test("Random bytes never lead anywhere")
    func garbage() throws {
        var random = SplitMix64(seed: 3)
        for round in 0..<2_000 {
            var bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Half of them with a length that fits, so that they are read.
            if round.isMultiple(of: 2), bytes.count >= 4 {
                bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count - 4), 0, 0, 0])
            }
            var responder = try Side(Party(1), .responder)
            #expect((try? responder.take(bytes)) ?? [] == [])
            var initiator = try Side(Party(0), .initiator)
            _ = try initiator.start()
            #expect((try? initiator.take(bytes)) ?? [] == [])
            #expect(responder.peer == nil && initiator.peer == nil)
        }
    }
}
