import PostQuantum

extension SignatureFixture {
    private static var message: [UInt8] { [1, 2, 3] }

    /// The key of a seed of 32 bytes is that seed, and has one public key.
    func checkSeed(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let bytes = reader.candidate(for: seed, options)
        let key: Scheme.PrivateKey
        do {
            key = try Scheme.PrivateKey(seedRepresentation: bytes, publicKey: nil)
        } catch {
            try require(
                bytes.count != 32 && error == .incorrectKeySize(expected: 32, actual: bytes.count),
                "a seed is refused by its length alone, not with \(error)")
            return
        }
        try require(
            key.seedRepresentation == bytes && bytes.count == 32, "a seed reads back")
        try checkSigning(Scheme.SigningKey(key), key.publicKey)
        let mismatch = refusal {
            _ = try Scheme.PrivateKey(seedRepresentation: bytes, publicKey: signer.publicKey)
        }
        try require(
            mismatch == (bytes == seed ? nil : .publicKeyMismatch),
            "another key's public key is refused")
    }

    /// The digest behind a seed has to be that of its public key.
    func checkIntegrity(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let honest = seed + SHA3_256.hash(data: signer.publicKey.rawRepresentation)
        let bytes = reader.candidate(for: honest, options)
        var expected: PostQuantumError?
        if bytes.count != 64 {
            expected = .incorrectKeySize(expected: 64, actual: bytes.count)
        } else if let key = try? Scheme.PrivateKey(
            seedRepresentation: Array(bytes.prefix(32)), publicKey: nil)
        {
            let digest = SHA3_256.hash(data: key.publicKey.rawRepresentation)
            expected = digest == Array(bytes.suffix(32)) ? nil : .publicKeyMismatch
        }
        let actual = refusal {
            let key = try Scheme.PrivateKey(integrityCheckedRepresentation: bytes)
            guard key.integrityCheckedRepresentation == bytes else {
                throw PostQuantumError.invalidKeyEncoding
            }
        }
        try require(actual == expected, "expected \(expected as Any), not \(actual as Any)")
    }

    /// An expanded key is accepted exactly if everything in it belongs together: all but the 32
    /// bytes that seed the masks of signatures, which nothing else shows.
    func checkExpandedKey(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let honest = signer.expandedRepresentation
        let bytes = reader.candidate(for: honest, options)
        let isKey =
            bytes.count == honest.count && bytes[..<32] == honest[..<32]
            && bytes[64...] == honest[64...]
        let key: Scheme.SigningKey
        do {
            key = try Scheme.SigningKey(expandedRepresentation: bytes)
        } catch {
            try require(!isKey, "an expanded key is refused with \(error)")
            let expected: PostQuantumError =
                bytes.count != honest.count
                ? .incorrectKeySize(expected: honest.count, actual: bytes.count)
                : Self.areInRange(bytes) ? .publicKeyMismatch : .invalidKeyEncoding
            try require(error == expected, "an expanded key is refused with \(expected)")
            return
        }
        try require(isKey, "an altered expanded key is refused")
        try require(key.expandedRepresentation == bytes, "an expanded key reads back")
        try require(key.publicKey == signer.publicKey, "an expanded key knows its public key")
        try checkSigning(key, signer.publicKey)
    }

    /// Whether all coefficients of s1 and s2 are those that key generation makes: eta less them is
    /// encoded, in 4 bits for ML-DSA-65 with eta 4 and in 3 for ML-DSA-87 with eta 2.
    private static func areInRange(_ bytes: [UInt8]) -> Bool {
        let isSmaller = bytes.count == 4032
        let (bits, eta, polynomials) = isSmaller ? (4, 4, 11) : (3, 2, 15)
        return (0..<256 * polynomials).allSatisfy { index in
            let value = (0..<bits).reduce(0) { value, bit in
                let at = bits * index + bit
                return value | Int(bytes[128 + at / 8] >> UInt8(at % 8) & 1) << bit
            }
            return value <= 2 * eta
        }
    }

    private func checkSigning(
        _ key: Scheme.SigningKey, _ publicKey: Scheme.PublicKey
    ) throws(Violation) {
        let signature = try? key.signature(for: Self.message, randomness: .deterministic)
        try require(
            publicKey.isValidSignature(signature ?? [], for: Self.message),
            "what an accepted key signs is valid")
    }
}
