@_spi(InstructionSets) import PostQuantum

/// An honest ML-KEM-768 key, for each instruction set, and one ciphertext for it.
private struct EncapsulationFixture: Sendable {
    static let randomness = [UInt8](repeating: 7, count: 32)

    let seed: [UInt8]
    let keys: [MLKEM768.PrivateKey]
    let result: MLKEM768.EncapsulationResult

    init() {
        seed = (0..<64).map { UInt8($0) }
        do {
            var keys: [MLKEM768.PrivateKey] = []
            for set in InstructionSet.allCases where set.isAvailable {
                keys.append(
                    try MLKEM768.PrivateKey(seedRepresentation: seed, instructionSet: set))
            }
            self.keys = keys
            result = try keys[0].publicKey.encapsulate(randomness: Self.randomness)
        } catch {
            fatalError("an honest key is refused: \(error)")
        }
    }

    /// Whether all coefficients of 12 bits are below the modulus 3329 (FIPS 203, section 7.2).
    static func areReduced(_ bytes: ArraySlice<UInt8>) -> Bool {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 3).allSatisfy { at in
            let word = Int(bytes[at]) | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2]) << 16
            return word % 4096 < 3329 && word / 4096 < 3329
        }
    }

    /// What decapsulation gives for bytes that no encapsulation made (FIPS 203, algorithm 18,
    /// line 7).
    static func rejection(_ z: ArraySlice<UInt8>, _ ciphertext: [UInt8]) -> [UInt8] {
        SHAKE256.hash(data: Array(z) + ciphertext, byteCount: 32)
    }
}

private let fixture = EncapsulationFixture()
private let publicBytes = 1184
private let ciphertextBytes = 1088
private let privateBytes = 2400

extension FuzzTarget {
    /// A key is accepted exactly if it has the length and its coefficients are reduced, reads
    /// back, and has the same ciphertexts with all instructions.
    func checkEncapsulationKey(
        _ reader: inout InputReader, _ options: Options
    ) throws(Violation) {
        let honest = fixture.keys[0].publicKey.rawRepresentation
        let bytes = reader.candidate(for: honest, options)
        var expected: PostQuantumError?
        if bytes.count != publicBytes {
            expected = .incorrectKeySize(expected: publicBytes, actual: bytes.count)
        } else if !EncapsulationFixture.areReduced(bytes[..<1152]) {
            expected = .invalidKeyEncoding
        }
        var results: [MLKEM768.EncapsulationResult] = []
        for set in InstructionSet.allCases where set.isAvailable {
            var key: MLKEM768.PublicKey?
            let actual = refusal {
                key = try MLKEM768.PublicKey(rawRepresentation: bytes, instructionSet: set)
            }
            try require(actual == expected, "expected \(expected as Any), not \(actual as Any)")
            guard let key else { continue }
            try require(key.rawRepresentation == bytes, "an encapsulation key reads back")
            try checkRandomness(key, options)
            if let result = try? key.encapsulate(randomness: EncapsulationFixture.randomness) {
                results.append(result)
            }
        }
        guard expected == nil else { return }
        try require(
            results.count == fixture.keys.count
                && results.allSatisfy {
                    $0.sharedSecret == results[0].sharedSecret && $0.sharedSecret.count == 32
                        && $0.encapsulated == results[0].encapsulated
                        && $0.encapsulated.count == ciphertextBytes
                },
            "all instructions encapsulate alike")
        let isHonest = bytes == honest
        try require(
            (results[0].sharedSecret == fixture.result.sharedSecret) == isHonest,
            "the secret depends on the key")
    }

    private func checkRandomness(
        _ key: MLKEM768.PublicKey, _ options: Options
    ) throws(Violation) {
        guard options.contains(.wrongLength) else { return }
        let count = 31 + 2 * options.choice(of: 2)
        try require(
            refusal { _ = try key.encapsulate(randomness: Array(repeating: 1, count: count)) }
                == .incorrectParameterSize(expected: 32, actual: count),
            "randomness of \(count) bytes is refused")
    }

    /// The honest ciphertext has the honest secret; every other one of its length has the secret
    /// that FIPS 203 makes of it and of the key; other lengths are refused.
    func checkCiphertext(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let honest = fixture.result
        let bytes = reader.candidate(for: honest.encapsulated, options)
        var expected: [UInt8]?
        if bytes == honest.encapsulated {
            expected = honest.sharedSecret
        } else if bytes.count == ciphertextBytes {
            expected = EncapsulationFixture.rejection(fixture.seed[32...], bytes)
        }
        for key in fixture.keys {
            let secret = decapsulate(bytes) { try key.decapsulate($0) }
            try require(secret == expected, "the secret is the one of FIPS 203")
            let again = decapsulate(bytes) {
                try MLKEM768.DecapsulationKey(expandedRepresentation: key.expandedRepresentation)
                    .decapsulate($0)
            }
            try require(again == expected, "the expanded key has the same secret")
        }
    }

    /// The secret, or nothing where the length is refused.
    private func decapsulate(
        _ bytes: [UInt8], _ body: ([UInt8]) throws -> [UInt8]
    ) -> [UInt8]? {
        var secret: [UInt8]?
        let error = refusal { secret = try body(bytes) }
        let size = PostQuantumError.incorrectParameterSize(
            expected: ciphertextBytes, actual: bytes.count)
        return error == nil || error == size ? secret : []
    }

    func checkDecapsulationKey(
        _ reader: inout InputReader, _ options: Options
    ) throws(Violation) {
        switch options.choice(of: 3) {
        case 0: try checkSeed(reader.candidate(for: fixture.seed, options))
        case 1:
            let honest = fixture.keys[0].integrityCheckedRepresentation
            try checkIntegrity(reader.candidate(for: honest, options))
        default:
            let honest = fixture.keys[0].expandedRepresentation
            try checkExpandedKey(reader.candidate(for: honest, options), honest)
        }
    }

    private func checkSeed(_ bytes: [UInt8]) throws(Violation) {
        var key: MLKEM768.PrivateKey?
        let actual = refusal {
            key = try MLKEM768.PrivateKey(seedRepresentation: bytes, publicKey: nil)
        }
        try require(
            actual
                == (bytes.count == 64 ? nil : .incorrectKeySize(expected: 64, actual: bytes.count)),
            "a seed is refused by its length alone, not with \(actual as Any)")
        guard let key else { return }
        try require(key.seedRepresentation == bytes, "a seed reads back")
        let result = try? key.publicKey.encapsulate(randomness: EncapsulationFixture.randomness)
        try require(
            (try? key.decapsulate(result?.encapsulated ?? [])) == result?.sharedSecret,
            "what is encapsulated to a key comes out")
    }

    private func checkIntegrity(_ bytes: [UInt8]) throws(Violation) {
        var expected: PostQuantumError?
        if bytes.count != 96 {
            expected = .incorrectKeySize(expected: 96, actual: bytes.count)
        } else if let key = try? MLKEM768.PrivateKey(
            seedRepresentation: Array(bytes.prefix(64)), publicKey: nil)
        {
            let digest = SHA3_256.hash(data: key.publicKey.rawRepresentation)
            expected = digest == Array(bytes.suffix(32)) ? nil : .publicKeyMismatch
        }
        let actual = refusal {
            let key = try MLKEM768.PrivateKey(integrityCheckedRepresentation: bytes)
            guard key.integrityCheckedRepresentation == bytes else {
                throw PostQuantumError.invalidKeyEncoding
            }
        }
        try require(actual == expected, "expected \(expected as Any), not \(actual as Any)")
    }

    /// An expanded key is accepted exactly if its coefficients are reduced and its hash is that
    /// of the public key inside (FIPS 203, section 7.3); it then decapsulates whatever comes.
    private func checkExpandedKey(_ bytes: [UInt8], _ honest: [UInt8]) throws(Violation) {
        var key: MLKEM768.DecapsulationKey?
        let actual = refusal {
            key = try MLKEM768.DecapsulationKey(expandedRepresentation: bytes)
        }
        guard bytes.count == privateBytes else {
            try require(
                actual == .incorrectKeySize(expected: privateBytes, actual: bytes.count),
                "an expanded key of \(bytes.count) bytes is refused")
            return
        }
        let publicKey = Array(bytes[1152..<2336])
        let isReduced =
            EncapsulationFixture.areReduced(bytes[..<1152])
            && EncapsulationFixture.areReduced(publicKey[..<1152])
        let isWhole = SHA3_256.hash(data: publicKey) == Array(bytes[2336..<2368])
        try require(
            (actual == nil) == (isReduced && isWhole),
            "an expanded key is accepted if it is well-formed, not with \(actual as Any)")
        guard let key else { return }
        try require(key.expandedRepresentation == bytes, "an expanded key reads back")
        try require(
            key.publicKey.rawRepresentation == publicKey, "the public key is the one inside")
        let altered = fixture.result.encapsulated.map { $0 ^ 1 }
        try require(
            (try? key.decapsulate(altered))
                == EncapsulationFixture.rejection(bytes[2368...], altered),
            "an altered ciphertext is rejected implicitly")
        let secret = try? key.decapsulate(fixture.result.encapsulated)
        let isHonest = bytes[..<2368] == honest[..<2368]
        try require(
            secret?.count == 32 && (!isHonest || secret == fixture.result.sharedSecret),
            "an honest key has the honest secret")
    }
}

extension FuzzTarget {
    /// What the fixture's key and ciphertext are as bytes, to begin with.
    static var honestEncapsulation: (publicKey: [UInt8], ciphertext: [UInt8], expandedKey: [UInt8])
    {
        (
            fixture.keys[0].publicKey.rawRepresentation, fixture.result.encapsulated,
            fixture.keys[0].expandedRepresentation
        )
    }
}
