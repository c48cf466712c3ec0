import PostQuantum
import Testing

@Suite struct MLDSAVectorTests {
    private struct Case<Test: Decodable>: Decodable {
        struct Group: Decodable {
            let privateSeed: Hex?
            let privateKey: Hex?
            let publicKey: Hex?
            let pk: Hex?
            let deterministic: Bool?
            let tests: [Test]
        }
        let testGroups: [Group]
    }

    private struct Wycheproof: Decodable {
        let tcId: Int
        let comment: String
        let msg: Hex?
        let ctx: Hex?
        let mu: Hex?
        let sig: Hex
        let rnd: Hex?
        let result: String
    }

    @Test("Verification agrees with Wycheproof on every signature")
    func wycheproofVerification() throws {
        let path = "wycheproof/mldsa_87_verify_test.json"
        guard let file = try VectorFiles.load(Case<Wycheproof>.self, path) else { return }
        var count = 0
        for group in file.testGroups {
            let bytes = try #require(group.publicKey).bytes
            let key = try? MLDSA87.PublicKey(rawRepresentation: bytes)
            let verifier = key.map { MLDSA87.Verifier($0) }
            for test in group.tests {
                let message = test.msg?.bytes ?? []
                let context = test.ctx?.bytes ?? []
                let isValid =
                    verifier?.isValidSignature(test.sig.bytes, for: message, context: context)
                    ?? false
                #expect(isValid == (test.result == "valid"), "\(test.tcId): \(test.comment)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    private func sign(
        _ test: Wycheproof, with key: MLDSA87.SigningKey
    ) throws -> [UInt8] {
        let randomness: MLDSA87.Randomness =
            test.rnd.map { .explicit($0.bytes) } ?? .deterministic
        if let mu = test.mu, test.msg == nil {
            return try key.signature(
                forPrehashedMessageRepresentative: mu.bytes, randomness: randomness)
        }
        return try key.signature(
            for: test.msg?.bytes ?? [], context: test.ctx?.bytes ?? [], randomness: randomness)
    }

    @Test("Signing from seeds and from expanded keys gives the signatures of Wycheproof")
    func wycheproofSigning() throws {
        var count = 0
        for path in ["sign_seed", "sign_noseed"] {
            let path = "wycheproof/mldsa_87_\(path)_test.json"
            guard let file = try VectorFiles.load(Case<Wycheproof>.self, path) else { return }
            for group in file.testGroups {
                var key: MLDSA87.SigningKey?
                if let seed = group.privateSeed?.bytes {
                    key = (try? MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil))
                        .map { MLDSA87.SigningKey($0) }
                } else if let bytes = group.privateKey?.bytes {
                    key = try? MLDSA87.SigningKey(expandedRepresentation: bytes)
                    if let key { #expect(key.expandedRepresentation == bytes) }
                }
                if let key, let expected = group.publicKey {
                    #expect(key.publicKey.rawRepresentation == expected.bytes)
                }
                for test in group.tests {
                    let signature = try? key.map { try sign(test, with: $0) }
                    let expected = test.result == "valid" ? test.sig.bytes : nil
                    #expect(signature == expected, "\(test.tcId): \(test.comment)")
                    if let mu = test.mu, let message = test.msg, let key {
                        let found = try key.publicKey.prehash(
                            for: message.bytes, context: test.ctx?.bytes ?? [])
                        #expect(found == mu.bytes, "\(test.tcId)")
                    }
                    count += 1
                }
            }
        }
        #expect(count > 100)
    }

    private struct ACVPTest: Decodable {
        let tcId: Int
        let seed: Hex?
        let pk: Hex?
        let sk: Hex?
        let message: Hex?
        let rnd: Hex?
        let signature: Hex?
        let testPassed: Bool?
    }

    private func acvp(
        _ mode: String, _ body: (Case<ACVPTest>.Group, ACVPTest, ACVPTest) throws -> Void
    ) throws {
        let prefix = "acvp/ML-DSA-\(mode)-FIPS204.ML-DSA-87"
        guard
            let prompt = try VectorFiles.load(Case<ACVPTest>.self, "\(prefix).prompt.json"),
            let expected = try VectorFiles.load(
                Case<ACVPTest>.self, "\(prefix).expectedResults.json")
        else { return }
        let answers = expected.testGroups.flatMap(\.tests)
        for group in prompt.testGroups {
            for test in group.tests {
                try body(group, test, #require(answers.first { $0.tcId == test.tcId }))
            }
        }
    }

    @Test("Key generation gives the keys of the NIST validation program")
    func acvpKeyGeneration() throws {
        try acvp("keyGen") { _, test, answer in
            let seed = try #require(test.seed).bytes
            let key = try MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil)
            #expect(key.publicKey.rawRepresentation == answer.pk?.bytes, "\(test.tcId)")
            let expanded = MLDSA87.SigningKey(key).expandedRepresentation
            #expect(expanded == answer.sk?.bytes, "\(test.tcId)")
        }
    }

    /// These vectors are of the internal interface: the message is what the public interface
    /// would have put a prefix before.
    private func representative(keyHash: [UInt8], _ message: [UInt8]) -> [UInt8] {
        SHAKE256.hash(data: keyHash + message, byteCount: 64)
    }

    @Test("Signing gives the signatures of the NIST validation program, hedged and not")
    func acvpSigning() throws {
        try acvp("sigGen") { group, test, answer in
            let bytes = try #require(test.sk).bytes
            let key = try MLDSA87.SigningKey(expandedRepresentation: bytes)
            let mu = representative(
                keyHash: Array(bytes[64..<128]), try #require(test.message).bytes)
            let randomness: MLDSA87.Randomness =
                group.deterministic == true
                ? .deterministic : .explicit(try #require(test.rnd).bytes)
            let signature = try key.signature(
                forPrehashedMessageRepresentative: mu, randomness: randomness)
            #expect(signature == answer.signature?.bytes, "\(test.tcId)")
        }
    }

    @Test("Verification agrees with the NIST validation program")
    func acvpVerification() throws {
        try acvp("sigVer") { group, test, answer in
            let bytes = try #require(group.pk).bytes
            let verifier = MLDSA87.Verifier(try MLDSA87.PublicKey(rawRepresentation: bytes))
            let mu = representative(
                keyHash: SHAKE256.hash(data: bytes, byteCount: 64),
                try #require(test.message).bytes)
            let isValid = verifier.isValidSignature(
                try #require(test.signature).bytes, forPrehashedMessageRepresentative: mu)
            #expect(isValid == answer.testPassed, "\(test.tcId)")
        }
    }
}
