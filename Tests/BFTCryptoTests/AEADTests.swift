import BFTBase
import BFTCrypto
import Testing

@Suite struct AEADTests {
    private func seal(
        _ algorithm: AEADAlgorithm, key: String, nonce: AEADNonce, associated: [UInt8],
        _ plaintext: [UInt8], splitAt split: Int = 0
    ) throws -> [UInt8] {
        var key = SealingKey(algorithm, key: try secret(key))
        var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
        let first = Array(plaintext[..<split])
        let second = Array(plaintext[split...])
        var destinationSpan = sealed.mutableSpan
        var destination = destinationSpan.mutableBytes
        key.seal(
            nonce: nonce, associated: associated.span.bytes, first.span.bytes, second.span.bytes,
            into: &destination)
        return sealed
    }

    private func open(
        _ algorithm: AEADAlgorithm, key: String, nonce: AEADNonce, associated: [UInt8],
        _ sealed: [UInt8]
    ) throws -> [UInt8]? {
        var key = OpeningKey(algorithm, key: try secret(key))
        var buffer = sealed
        var whole = buffer.mutableSpan
        var span = whole.mutableBytes
        guard key.open(nonce: nonce, associated: associated.span.bytes, inPlace: &span) else {
            return nil
        }
        return Array(buffer.dropLast(16))
    }

    @Test("AES-256-GCM is that of the GCM specification, test cases 13, 14 and 16")
    func aes() throws {
        let zeroKey = String(repeating: "00", count: 32)
        let zero = AEADNonce(counter: 0)
        #expect(
            Hex.encode(try seal(.aes256GCM, key: zeroKey, nonce: zero, associated: [], []))
                == "530f8afbc74536b9a963b4f1c4cb738b")
        let block = [UInt8](repeating: 0, count: 16)
        #expect(
            Hex.encode(try seal(.aes256GCM, key: zeroKey, nonce: zero, associated: [], block))
                == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
        let plaintext = try hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf"
                + "0e2449a6b525b16aedf5aa0de657ba637b39")
        let expected =
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0"
            + "8b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        for split in 0...plaintext.count {
            let sealed = try seal(
                .aes256GCM, key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                nonce: AEADNonce(prefix: 0xBEBA_FECA, counter: 0x88F8_CADE_ADDB_CEFA),
                associated: try hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), plaintext,
                splitAt: split)
            #expect(Hex.encode(sealed) == expected, "split at \(split)")
        }
    }

    @Test("ChaCha20-Poly1305 is that of RFC 8439, section 2.8.2")
    func chaCha() throws {
        let text =
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
            + "future, sunscreen would be it."
        let sealed = try seal(
            .chaCha20Poly1305,
            key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            nonce: AEADNonce(prefix: 7, counter: 0x4746_4544_4342_4140),
            associated: try hex("50515253c0c1c2c3c4c5c6c7"), Array(text.utf8), splitAt: 5)
        #expect(
            Hex.encode(sealed)
                == "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9"
                + "671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee3"
                + "28091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116"
                + "1ae10b594f09e26a7e902ecbd0600691")
    }

    @Test("What was sealed opens, and no other bytes, nonce, key or associated data do")
    func tampering() throws {
        let key = String(repeating: "a7", count: 32)
        let other = String(repeating: "a8", count: 32)
        let nonce = AEADNonce(counter: 5)
        let plaintext = Array("attack at dawn".utf8)
        for algorithm in AEADAlgorithm.allCases {
            let sealed = try seal(
                algorithm, key: key, nonce: nonce, associated: [1], plaintext, splitAt: 3)
            func opened(
                _ bytes: [UInt8], key: String, _ nonce: AEADNonce, _ associated: [UInt8]
            )
                throws -> [UInt8]?
            { try open(algorithm, key: key, nonce: nonce, associated: associated, bytes) }
            #expect(try opened(sealed, key: key, nonce, [1]) == plaintext)
            #expect(try opened(sealed, key: other, nonce, [1]) == nil)
            #expect(try opened(sealed, key: key, AEADNonce(counter: 6), [1]) == nil)
            #expect(try opened(sealed, key: key, AEADNonce(prefix: 1, counter: 5), [1]) == nil)
            #expect(try opened(sealed, key: key, nonce, []) == nil)
            for length in 0..<sealed.count {
                #expect(try opened(Array(sealed[..<length]), key: key, nonce, [1]) == nil)
            }
            for bit in 0..<sealed.count * 8 {
                var flipped = sealed
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(try opened(flipped, key: key, nonce, [1]) == nil, "bit \(bit)")
            }
        }
    }

    @Test("One key seals and opens many messages, and goes on after a forgery")
    func manyMessages() throws {
        let bytes = SecretBytes(copying: [UInt8](repeating: 3, count: 32))
        for algorithm in AEADAlgorithm.allCases {
            var sealing = SealingKey(algorithm, key: bytes)
            var opening = OpeningKey(algorithm, key: bytes)
            var random = SplitMix64(seed: 1)
            for counter in 0..<200 as Range<UInt64> {
                let plaintext = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
                var destinationSpan = sealed.mutableSpan
                var destination = destinationSpan.mutableBytes
                sealing.seal(
                    nonce: AEADNonce(counter: counter), plaintext.span.bytes, into: &destination)
                var forged = sealed
                forged[forged.count - 1] ^= 1
                var forgedWhole = forged.mutableSpan
                var forgedSpan = forgedWhole.mutableBytes
                #expect(!opening.open(nonce: AEADNonce(counter: counter), inPlace: &forgedSpan))
                var whole = sealed.mutableSpan
                var span = whole.mutableBytes
                #expect(opening.open(nonce: AEADNonce(counter: counter), inPlace: &span))
                #expect(Array(sealed.dropLast(16)) == plaintext)
            }
        }
    }
}
