import PostQuantum
import Testing

@Suite struct MLKEMVectorTests {
    private struct File: Decodable {
        struct Group: Decodable {
            let dk: Hex?
            let tests: [Test]
        }
        struct Test: Decodable {
            let tcId: Int
            let seed: Hex?
            let d: Hex?
            let z: Hex?
            let m: Hex?
            let ek: Hex?
            let dk: Hex?
            let c: Hex?
            let K: Hex?
            let k: Hex?
            let result: String?
        }
        let testGroups: [Group]
    }

    private func wycheproof(_ name: String, _ body: (File.Test) throws -> Void) throws {
        guard let file = try VectorFiles.load(File.self, "wycheproof/\(name).json") else { return }
        for test in file.testGroups.flatMap(\.tests) { try body(test) }
    }

    @Test("Key generation gives the keys of Wycheproof")
    func wycheproofKeyGeneration() throws {
        try wycheproof("mlkem_768_keygen_seed_test") { test in
            let key = try MLKEM768.PrivateKey(
                seedRepresentation: #require(test.seed).bytes, publicKey: nil)
            #expect(key.publicKey.rawRepresentation == test.ek?.bytes, "\(test.tcId)")
            #expect(key.expandedRepresentation == test.dk?.bytes, "\(test.tcId)")
        }
    }

    @Test("Encapsulation agrees with Wycheproof, and refuses the keys that it refuses")
    func wycheproofEncapsulation() throws {
        try wycheproof("mlkem_768_encaps_test") { test in
            let key = try? MLKEM768.PublicKey(rawRepresentation: #require(test.ek).bytes)
            let result = try? key?.encapsulate(randomness: #require(test.m).bytes)
            let isValid = test.result == "valid"
            #expect(result?.encapsulated == (isValid ? test.c?.bytes : nil), "\(test.tcId)")
            #expect(result?.sharedSecret == (isValid ? test.K?.bytes : nil), "\(test.tcId)")
        }
    }

    @Test("Decapsulation from seeds agrees with Wycheproof")
    func wycheproofDecapsulation() throws {
        try wycheproof("mlkem_768_test") { test in
            let key = try? MLKEM768.PrivateKey(
                seedRepresentation: #require(test.seed).bytes, publicKey: nil)
            if let key, let ek = test.ek {
                #expect(key.publicKey.rawRepresentation == ek.bytes, "\(test.tcId)")
            }
            let secret = try? key?.decapsulate(#require(test.c).bytes)
            #expect(secret == (test.result == "valid" ? test.K?.bytes : nil), "\(test.tcId)")
        }
    }

    @Test("Decapsulation from expanded keys agrees with Wycheproof")
    func wycheproofExpandedDecapsulation() throws {
        try wycheproof("mlkem_768_semi_expanded_decaps_test") { test in
            let bytes = try #require(test.dk).bytes
            let key = try? MLKEM768.DecapsulationKey(expandedRepresentation: bytes)
            if let key { #expect(key.expandedRepresentation == bytes) }
            let secret = try? key?.decapsulate(#require(test.c).bytes)
            #expect(secret == (test.result == "valid" ? test.K?.bytes : nil), "\(test.tcId)")
        }
    }

    private func acvp(
        _ mode: String, _ body: (File.Group, File.Test, File.Test) throws -> Void
    ) throws {
        let prefix = "acvp/ML-KEM-\(mode)-FIPS203.ML-KEM-768"
        guard let prompt = try VectorFiles.load(File.self, "\(prefix).prompt.json"),
            let expected = try VectorFiles.load(File.self, "\(prefix).expectedResults.json")
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
            let seed = try #require(test.d).bytes + #require(test.z).bytes
            let key = try MLKEM768.PrivateKey(seedRepresentation: seed, publicKey: nil)
            #expect(key.publicKey.rawRepresentation == answer.ek?.bytes, "\(test.tcId)")
            #expect(key.expandedRepresentation == answer.dk?.bytes, "\(test.tcId)")
        }
    }

    @Test("Encapsulation and decapsulation agree with the NIST validation program")
    func acvpEncapsulation() throws {
        try acvp("encapDecap") { group, test, answer in
            if let message = test.m {
                let key = try MLKEM768.PublicKey(rawRepresentation: #require(test.ek).bytes)
                let result = try key.encapsulate(randomness: message.bytes)
                #expect(result.encapsulated == answer.c?.bytes, "\(test.tcId)")
                #expect(result.sharedSecret == answer.k?.bytes, "\(test.tcId)")
            } else {
                let key = try MLKEM768.DecapsulationKey(
                    expandedRepresentation: #require(group.dk).bytes)
                let secret = try key.decapsulate(#require(test.c).bytes)
                #expect(secret == answer.k?.bytes, "\(test.tcId)")
            }
        }
    }
}
