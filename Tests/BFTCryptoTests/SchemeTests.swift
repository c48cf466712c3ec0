import BFTBase
import BFTCrypto
import BFTWire
import Glibc
import Testing

/// What every signature scheme must do, run for each that the build holds.
@Suite struct SchemeTests {
    private let schemes = SignatureSchemeID.allCases.compactMap(\.scheme)

    @Test("A scheme has the sizes that it states, and one seed makes one key")
    func sizes() throws {
        for scheme in schemes {
            let seed = SecureRandom.secret(scheme.seedByteCount)
            let key = try SigningKey(scheme.id, seed: seed)
            #expect(key.publicKey.bytes.count == scheme.publicKeyByteCount)
            #expect(key.sign([1]).count == scheme.signatureByteCount)
            #expect(try SigningKey(scheme.id, seed: seed).publicKey == key.publicKey)
            #expect(try SigningKey.generate(scheme.id).publicKey != key.publicKey)
            #expect(try PublicKey(decoding: key.publicKey.encoded) == key.publicKey)
            #expect(try PublicKey(text: key.publicKey.text) == key.publicKey)
            let short = SecureRandom.secret(scheme.seedByteCount - 1)
            #expect(throws: KeyError.self) { try SigningKey(scheme.id, seed: short) }
        }
    }

    @Test("Many signatures at once get the answers that they get one by one")
    func batches() throws {
        var random = SplitMix64(seed: 6)
        for scheme in schemes {
            let signers = try (0..<3).map { _ in try SigningKey.generate(scheme.id) }
            let verifiers = try signers.map {
                try #require(scheme.makeVerifier(publicKey: $0.publicKey.bytes))
            }
            for count in [0, 1, 2, 3, 8, 19] {
                var expected: [Bool] = []
                let batch = (0..<count).map { number -> ClaimedSignature in
                    let signer = number % 3
                    let message = [UInt8(number), 7]
                    var signature = signers[signer].sign(message)
                    let isValid = Bool.random(using: &random)
                    if !isValid { signature[Int.random(in: 0..<32, using: &random)] ^= 4 }
                    expected.append(isValid)
                    return ClaimedSignature(
                        verifier: verifiers[signer], signature: signature, message: message)
                }
                #expect(scheme.areValid(batch) == expected)
                let single = batch.map { $0.verifier.isValid($0.signature, for: $0.message) }
                #expect(single == expected)
            }
        }
    }

    @Test("A key of every scheme comes back from its file")
    func files() throws {
        for scheme in schemes {
            let path = "\(temporaryDirectory)/bft-scheme-\(Hex.encode(SecureRandom.bytes(8)))"
            defer { unlink(path) }
            let key = try SigningKey.generate(scheme.id)
            try KeyFile.create(key, at: path)
            #expect(try KeyFile.load(path).publicKey == key.publicKey)
        }
    }

    @Test("One set of validators may use several schemes")
    func mixedSet() throws {
        let keys = try schemes.flatMap { scheme in
            try (0..<2).map { _ in try SigningKey.generate(scheme.id) }
        }
        let validators = try ValidatorKeys(epoch: .zero, keys.map(\.publicKey))
        let claims = keys.enumerated().map { position, key in
            let statement = [UInt8(position)]
            return SignatureClaim(
                signer: ValidatorIndex(position), statement: statement,
                signature: key.sign(statement))
        }
        var note = try Note(0, signers: [])
        note.claims = claims + claims.reversed()
        #expect(try validators.verify(note).value == note)
        for broken in claims.indices {
            note.claims = claims
            let claim = claims[broken]
            note.claims[broken] = SignatureClaim(
                signer: claim.signer, statement: [99], signature: claim.signature)
            let invalid = VerificationError(signer: claim.signer, reason: .invalid)
            #expect(throws: invalid) { try validators.verify(note) }
        }
    }
}
