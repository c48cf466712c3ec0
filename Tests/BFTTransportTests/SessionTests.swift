import BFTBase
import BFTCrypto
import Testing

@testable import BFTTransport

extension Session {
    /// Seals one frame of `kind` and `payload` by itself.
    fileprivate mutating func frame(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var output = ByteQueue()
        seal(FrameHeader(kind), payload.span.bytes, into: &output)
        return output.array
    }

    /// Opens what is in `bytes`, which must be whole frames, and returns the payloads.
    fileprivate mutating func payloads(_ bytes: [UInt8]) throws(SessionError) -> [[UInt8]] {
        var input = ByteQueue(bytes)
        var payloads: [[UInt8]] = []
        while let frame = try open(&input) {
            if frame.kind != Session.rekeyKind {
                payloads.append(Array(input.array[frame.payload]))
            }
            input.consume(frame.byteCount)
        }
        return payloads
    }
}

@Suite struct SessionTests {
    /// Ten frames of the initiator, each naming its number.
    private func tenFrames() -> [[UInt8]] {
        var sender = session(.initiator)
        return (0..<10).map { sender.frame(1, [UInt8]([$0, $0, $0])) }
    }

    @Test("The format of a frame is pinned")
    func pinned() {
        var sender = session(.initiator)
        let first = sender.frame(0x10, Array("vote".utf8))
        let second = sender.frame(0x10, Array("vote".utf8))
        #expect(Hex.encode(first) == "150000000018be2d1a36df62c90a46933e745b31a6fc40492a")
        #expect(Hex.encode(second) == "150000003ecccbfa9455cf40a3353af3d4ef24d1cf6f9b9680")
    }

    @Test("Frames arrive as they were sent, in both directions and of every size")
    func roundTrip() throws {
        for algorithm in AEADAlgorithm.allCases {
            var one = Session(sessionSecrets(.initiator, algorithm))
            var other = Session(sessionSecrets(.responder, algorithm))
            for size in [0, 1, 15, 16, 17, 1_000, Session.plaintextLimit - 1] {
                let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                #expect(try other.payloads(one.frame(9, payload)) == [payload])
                #expect(try one.payloads(other.frame(9, payload)) == [payload])
            }
        }
    }

    @Test("A frame that was dropped, repeated, moved or sent back ends the session")
    func order() throws {
        let frames = tenFrames()
        for dropped in 0..<9 {
            var receiver = session(.responder)
            let rest = frames[..<dropped] + frames[(dropped + 1)...]
            #expect(throws: SessionError.forged) { try receiver.payloads(rest.flatMap { $0 }) }
            #expect(throws: SessionError.ended) { try receiver.payloads(frames[dropped]) }
        }
        for repeated in 0..<10 {
            var receiver = session(.responder)
            _ = try receiver.payloads(frames[...repeated].flatMap { $0 })
            #expect(throws: SessionError.forged) { try receiver.payloads(frames[repeated]) }
        }
        for (left, right) in [(0, 1), (3, 4), (2, 7)] {
            var receiver = session(.responder)
            var swapped = frames
            swapped.swapAt(left, right)
            #expect(throws: SessionError.forged) { try receiver.payloads(swapped.flatMap { $0 }) }
        }
        var sender = session(.initiator)
        #expect(throws: SessionError.forged) { try sender.payloads(frames[0]) }
    }

    @Test("Every flipped bit of a frame ends the session or leaves it waiting")
    func bitFlips() throws {
        var sender = session(.initiator)
        let frame = sender.frame(1, Array("commit".utf8))
        for bit in 0..<frame.count * 8 {
            var flipped = frame
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            var receiver = session(.responder)
            let opened = try? receiver.payloads(flipped)
            #expect(opened == nil || opened == [], "bit \(bit)")
            // A longer length waits for bytes that then don't fit.
            if opened == [] {
                let padding = [UInt8](repeating: 0, count: Session.sealedLimit)
                #expect(throws: SessionError.forged) {
                    try receiver.payloads(flipped + padding)
                }
            }
        }
    }

    @Test("A part of a frame is waited for")
    func truncation() throws {
        var sender = session(.initiator)
        let frame = sender.frame(1, Array("commit".utf8))
        var receiver = session(.responder)
        for length in 0..<frame.count {
            #expect(try receiver.payloads(Array(frame[..<length])) == [])
        }
        #expect(try receiver.payloads(frame) == [Array("commit".utf8)])
    }

    @Test("A length beyond the limit or too short for a tag is refused before its bytes come")
    func lengths() {
        for length in [0, 1, 16, Session.sealedLimit + 1, Int(UInt32.max)] {
            var receiver = session(.responder)
            let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            let expected: SessionError =
                length > 16
                ? .frameTooLong(limit: Session.sealedLimit, found: length)
                : .frameTooShort(byteCount: length)
            #expect(throws: expected) { try receiver.payloads(prefix) }
        }
    }

    @Test("Keys are replaced after so many bytes and on demand, and the receiver follows")
    func rekey() throws {
        var sender = session(.initiator, rekeyByteCount: 500)
        var receiver = session(.responder, rekeyByteCount: 500)
        var random = SplitMix64(seed: 2)
        var longFrames = 0
        for number in 0..<400 {
            let payload = [UInt8](repeating: 5, count: Int.random(in: 0...300, using: &random))
            var output = ByteQueue()
            if number.isMultiple(of: 50) { sender.rekey(into: &output) }
            sender.seal(FrameHeader(1), payload.span.bytes, into: &output)
            if output.count > payload.count + 21 { longFrames += 1 }
            #expect(try receiver.payloads(output.array) == [payload])
        }
        #expect(longFrames > 100, "the key was replaced every few frames")
    }

    @Test("A frame sealed under the old key does not open after the new one is in force")
    func oldKey() throws {
        var sender = session(.initiator)
        var output = ByteQueue()
        sender.rekey(into: &output)
        let afterwards = sender.frame(1, [1])
        // The same frame by a sender that did not replace its key.
        var stale = session(.initiator)
        _ = stale.frame(1, [0])
        let old = stale.frame(1, [1])
        #expect(old != afterwards)
        var receiver = session(.responder)
        #expect(try receiver.payloads(output.array) == [])
        #expect(throws: SessionError.forged) { try receiver.payloads(old) }
    }

    /// The rule restated: whoever sends and whoever receives could be wrong in the same way.
    @Test("Each key is derived from the secret before it, and its frames are numbered from zero")
    func derivedKeys() throws {
        for algorithm in AEADAlgorithm.allCases {
            let sending = sessionSecrets(.initiator, algorithm).sending
            var session = Session(sessionSecrets(.initiator, algorithm))
            var secret = sending
            let body: [UInt8] = [7, 8]
            let plaintexts = [[1] + body, [1] + body, [0]]
            var used: [SecretBytes] = []
            for _ in 0..<3 {
                let key = HKDF.expand(secret, info: Array("swift-bft session key".utf8), count: 32)
                #expect(!used.contains(key))
                used.append(key)
                var output = ByteQueue()
                session.seal(FrameHeader(1), body.span.bytes, into: &output)
                session.seal(FrameHeader(1), body.span.bytes, into: &output)
                session.rekey(into: &output)
                var opening = OpeningKey(algorithm, key: key)
                for (number, plaintext) in plaintexts.enumerated() {
                    let byteCount = Session.overhead + plaintext.count
                    let frame = Array(output.array[..<byteCount])
                    #expect(frame[..<4] == [UInt8(byteCount - 4), 0, 0, 0])
                    #expect(
                        Self.open(&opening, frame.dropFirst(4), at: UInt64(number)) == plaintext)
                    output.consume(byteCount)
                }
                #expect(output.array.isEmpty)
                secret = HKDF.expand(
                    secret, info: Array("swift-bft session rekey".utf8), count: 32)
            }
        }
    }

    private static func open(
        _ key: inout OpeningKey, _ sealed: ArraySlice<UInt8>, at number: UInt64
    ) -> [UInt8]? {
        var bytes = Array(sealed)
        var whole = bytes.mutableSpan
        var span = whole.mutableBytes
        guard key.open(nonce: AEADNonce(counter: number), inPlace: &span) else { return nil }
        return Array(bytes.dropLast(AEADAlgorithm.tagByteCount))
    }

    @Test("The frames behind two new keys are pinned, for each algorithm")
    func pinnedAfterRekey() {
        var found: [String] = []
        for algorithm in AEADAlgorithm.allCases {
            var sender = Session(sessionSecrets(.initiator, algorithm))
            var output = ByteQueue()
            for _ in 0..<2 { sender.rekey(into: &output) }
            output.consume(output.count)
            sender.seal(FrameHeader(0x10), Array("vote".utf8).span.bytes, into: &output)
            // `Scripts/handshake_oracle.py` computes the same.
            found.append(Hex.encode(output.array))
        }
        #expect(
            found == [
                "150000006a27957808e2807b52547291772450c811535192e1",
                "15000000f2530486999a52cdf35291a9674779770b5463f82d",
            ])
    }

    @Test("A sender that does not replace its key in time is cut, and so is a malformed rekey")
    func overdue() throws {
        var sender = session(.initiator, rekeyByteCount: .max)
        var receiver = session(.responder, rekeyByteCount: 1_000)
        let payload = [UInt8](repeating: 1, count: 60_000)
        #expect(throws: SessionError.rekeyOverdue) {
            for _ in 0..<4 { _ = try receiver.payloads(sender.frame(1, payload)) }
        }
        var other = session(.initiator)
        var strict = session(.responder)
        #expect(throws: SessionError.malformedRekey) {
            try strict.payloads(other.frame(Session.rekeyKind, [1]))
        }
    }

    @Test("The queue gives back what was put in, whatever the sizes")
    func byteQueue() {
        var queue = ByteQueue(capacity: 64)
        var model: [UInt8] = []
        var random = SplitMix64(seed: 4)
        for _ in 0..<5_000 {
            if Bool.random(using: &random) {
                let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                queue.append(bytes)
                model += bytes
            } else {
                let count = Int.random(in: 0...min(250, model.count), using: &random)
                queue.consume(count)
                model.removeFirst(count)
            }
            #expect(queue.array == model)
        }
    }
}
