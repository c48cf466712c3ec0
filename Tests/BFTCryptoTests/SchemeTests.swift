import BFTBase
import BFTCrypto
import BFTWire
import Testing

/// What holds for every scheme that this build holds: all of them.
@Suite struct SchemeTests {
    @Test("This build holds every scheme and every key exchange, with the sizes of the standards")
    func sizes() throws {
        let sizes: [SignatureSchemeID: (publicKey: Int, signature: Int)] = [
            .ed25519: (32, 64), .mldsa65: (1_952, 3_309), .mldsa87: (2_592, 4_627),
        ]
        for id in SignatureSchemeID.allCases {
            let scheme = try #require(id.scheme)
            #expect(scheme.id == id && scheme.seedByteCount == 32)
            #expect(scheme.publicKeyByteCount == sizes[id]?.publicKey)
            #expect(scheme.signatureByteCount == sizes[id]?.signature)
            #expect(scheme.signCost > .zero && scheme.verifyCost > .zero)
            let key = try SigningKey.generate(id)
            #expect(key.publicKey.bytes.count == scheme.publicKeyByteCount)
            #expect(key.sign([]).count == scheme.signatureByteCount)
        }
        for id in KeyExchangeID.allCases { #expect(id.exchange != nil) }
    }

    @Test("Keys are pinned: a seed has one key, in every release")
    func pinnedKeys() throws {
        // SHA-256 of the label, the scheme's number and the key, as `cryptography` computes them.
        let fingerprints: [SignatureSchemeID: String] = [
            .ed25519: "da0334265bbf296620057f70e8c1571f8544c18db957cd56ae6e83151d8e6a75",
            .mldsa65: "d311653546448d2104d440cea3c28199ce7bc103f1d92211d3b2c9d3bd894bee",
            .mldsa87: "ef3b68ca6bf74d81e27e2e82e011e74b9d5b6213d14475f8aa16a8164191fc4c",
        ]
        for id in SignatureSchemeID.allCases {
            #expect(try key(7, id).publicKey.fingerprint.hex == fingerprints[id])
        }
    }

    @Test("A signature holds for its message and key alone, whatever is changed")
    func bounds() throws {
        var random = SplitMix64(seed: 1)
        for id in SignatureSchemeID.allCases {
            let signer = try key(1, id)
            let own = try PreparedKey(signer.publicKey)
            let other = try PreparedKey(key(2, id).publicKey)
            for length in [0, 1, 100, 5_000] {
                let message = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                let signature = signer.sign(message)
                #expect(own.isValid(signature, for: message))
                #expect(!other.isValid(signature, for: message))
                #expect(!own.isValid(signature, for: message + [0]))
                for _ in 0..<20 {
                    var changed = signature
                    let position = Int.random(in: changed.indices, using: &random)
                    changed[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    #expect(!own.isValid(changed, for: message), "\(id) byte \(position)")
                }
                #expect(!own.isValid(signature.dropLast(), for: message))
                #expect(!own.isValid(signature + [0], for: message))
                #expect(!own.isValid([], for: message))
            }
        }
    }

    @Test("Verifiers stand random bytes of a signature's length, alone and in batches")
    func noise() throws {
        var random = SplitMix64(seed: 2)
        for id in SignatureSchemeID.allCases {
            let keys = try validatorKeys(4, id)
            let length = try key(0, id).signatureByteCount
            for round in 0..<50 {
                var note = try Note(round, signers: [0, 1, 2, 3], id)
                let wrong = round % 4
                note.claims[wrong] = SignatureClaim(
                    signer: ValidatorIndex(wrong), statement: note.claims[wrong].statement,
                    signature: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
                let invalid = VerificationError(signer: ValidatorIndex(wrong), reason: .invalid)
                #expect(throws: invalid) { try keys.verify(note) }
                note.claims = [note.claims[wrong]]
                #expect(throws: invalid) { try keys.verify(note) }
            }
        }
    }

    @Test("A public key comes back from its encoding and its text, of whatever scheme")
    func encodings() throws {
        for id in SignatureSchemeID.allCases {
            let publicKey = try key(3, id).publicKey
            #expect(try PublicKey(decoding: publicKey.encoded) == publicKey)
            #expect(try PublicKey(text: publicKey.text) == publicKey)
            #expect(publicKey.text.hasPrefix("\(id.name):"))
            for length in 0..<publicKey.encoded.count {
                #expect(throws: WireError.self) {
                    try PublicKey(decoding: Array(publicKey.encoded[..<length]))
                }
            }
        }
    }
}
