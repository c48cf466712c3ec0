@_spi(InstructionSets) import PostQuantum
import Testing

@Suite struct InterfaceTests {
    private func exercise<Parameters>(
        _ scheme: MLDSA<Parameters>.Type, publicKey: Int, signature size: Int
    ) throws {
        let key = try MLDSA<Parameters>.PrivateKey()
        #expect(key.seedRepresentation.count == 32)
        #expect(key.publicKey.rawRepresentation.count == publicKey)
        let message = Array("message".utf8)
        let signature = try key.signature(for: message)
        #expect(signature.count == size)
        #expect(key.publicKey.isValidSignature(signature, for: message))
        #expect(!key.publicKey.isValidSignature(signature, for: message, context: [1]))
        #expect(try key.signature(for: message) != signature, "a hedged signature is random")

        let bound = try key.signature(for: message, context: [1])
        #expect(key.publicKey.isValidSignature(bound, for: message, context: [1]))
        let mu = try key.publicKey.prehash(for: message, context: [1])
        let verifier = MLDSA<Parameters>.Verifier(key.publicKey)
        #expect(verifier.isValidSignature(bound, forPrehashedMessageRepresentative: mu))
        #expect(!verifier.isValidSignature(bound, forPrehashedMessageRepresentative: [1]))

        let checked = key.integrityCheckedRepresentation
        let copy = try MLDSA<Parameters>.PrivateKey(integrityCheckedRepresentation: checked)
        #expect(copy.publicKey == key.publicKey)
        for position in [0, 31, 32, 63] {
            var altered = checked
            altered[position] ^= 1
            #expect(throws: PostQuantumError.publicKeyMismatch) {
                try MLDSA<Parameters>.PrivateKey(integrityCheckedRepresentation: altered)
            }
        }
        let other = try MLDSA<Parameters>.PrivateKey().publicKey
        #expect(throws: PostQuantumError.publicKeyMismatch) {
            try MLDSA<Parameters>.PrivateKey(
                seedRepresentation: key.seedRepresentation, publicKey: other)
        }
        #expect(throws: PostQuantumError.incorrectKeySize(expected: 32, actual: 31)) {
            try MLDSA<Parameters>.PrivateKey(
                seedRepresentation: Array(key.seedRepresentation.dropLast()), publicKey: nil)
        }
        #expect(throws: PostQuantumError.incorrectKeySize(expected: publicKey, actual: 0)) {
            try MLDSA<Parameters>.PublicKey(rawRepresentation: [])
        }
    }

    @Test("Keys and signatures of both ML-DSA parameter sets round-trip and refuse what is wrong")
    func signatures() throws {
        try exercise(MLDSA65.self, publicKey: 1952, signature: 3309)
        try exercise(MLDSA87.self, publicKey: 2592, signature: 4627)
    }

    @Test("An expanded private key that was altered anywhere is refused, or is the same key")
    func alteredExpandedKeys() throws {
        let key = MLDSA65.SigningKey(
            try MLDSA65.PrivateKey(
                seedRepresentation: Array(repeating: 1, count: 32), publicKey: nil))
        let bytes = key.expandedRepresentation
        let again = try MLDSA65.SigningKey(expandedRepresentation: bytes)
        #expect(again.expandedRepresentation == bytes)
        // The 32 bytes behind the first 32 seed the masks of signatures: no other part shows them.
        for position in Array(0..<32) + Array(stride(from: 64, to: bytes.count, by: 97)) {
            var altered = bytes
            altered[position] ^= 0x10
            #expect(throws: PostQuantumError.self) {
                try MLDSA65.SigningKey(expandedRepresentation: altered)
            }
        }
    }

    @Test("Every instruction set makes the same keys, signatures and secrets")
    func instructionSets() throws {
        let sets = InstructionSet.allCases.filter(\.isAvailable)
        #expect(sets.contains(.portable) && sets.contains(.current))
        for round: UInt8 in 0..<4 {
            let seed = [UInt8](repeating: round, count: 32)
            let key = try MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil)
            let small = try MLDSA65.PrivateKey(seedRepresentation: seed, publicKey: nil)
            let signatures = try sets.map { set in
                try MLDSA87.SigningKey(key, instructionSet: set).signature(
                    for: seed, randomness: .deterministic)
                    + MLDSA65.SigningKey(small, instructionSet: set).signature(
                        for: seed, randomness: .deterministic)
            }
            #expect(Set(signatures).count == 1)
            let expanded = sets.map {
                MLDSA87.SigningKey(key, instructionSet: $0).expandedRepresentation
            }
            #expect(Set(expanded).count == 1)
            for set in sets {
                let verifier = MLDSA87.Verifier(key.publicKey, instructionSet: set)
                let signature = Array(signatures[0].prefix(4627))
                #expect(verifier.isValidSignature(signature, for: seed))
                #expect(!verifier.isValidSignature(signature, for: seed + [0]))
            }
            let secrets = try sets.map { set in
                let key = try MLKEM768.PrivateKey(
                    seedRepresentation: seed + seed, instructionSet: set)
                let result = try MLKEM768.PublicKey(
                    rawRepresentation: key.publicKey.rawRepresentation, instructionSet: set
                ).encapsulate(randomness: seed)
                let garbage = [UInt8](repeating: round, count: 1088)
                #expect(try key.decapsulate(result.encapsulated) == result.sharedSecret)
                return try key.expandedRepresentation + result.encapsulated
                    + result.sharedSecret + key.decapsulate(garbage)
            }
            #expect(Set(secrets).count == 1)
        }
    }

    @Test("A batch answers as its members do, whatever their number, length and faults")
    func batches() throws {
        let keys = try (0..<3).map { index in
            MLDSA87.SigningKey(
                try MLDSA87.PrivateKey(
                    seedRepresentation: Array(repeating: UInt8(index), count: 32), publicKey: nil))
        }
        let verifiers = keys.map { MLDSA87.Verifier($0.publicKey) }
        var batch: [MLDSA87.SignedMessage] = []
        for (index, length) in [0, 1, 68, 69, 70, 135, 200, 341, 342, 477, 478, 900].enumerated() {
            let data = [UInt8](repeating: UInt8(index), count: length)
            let context = [UInt8](repeating: 5, count: index)
            let signature = try keys[index % 3].signature(for: data, context: context)
            batch.append(
                MLDSA87.SignedMessage(
                    verifier: verifiers[index % 3], signature: signature, data: data,
                    context: context))
        }
        #expect(MLDSA87.Verifier.areValid(batch).allSatisfy { $0 })
        for fault in batch.indices {
            var faulty = batch
            switch fault % 6 {
            case 0: faulty[fault].signature[fault * 100] ^= 1
            case 1: faulty[fault].data.append(0)
            case 2: faulty[fault].signature = []
            case 3: faulty[fault].context = Array(repeating: 0, count: 256)
            case 4: faulty[fault].verifier = verifiers[(fault + 1) % 3]
            default: faulty[fault].signature.append(0)
            }
            for count in [batch.count, 11, 9, 5, 3, 1] where count > fault || count == 12 {
                let part = Array(faulty.prefix(count))
                let expected = part.map {
                    $0.verifier.isValidSignature($0.signature, for: $0.data, context: $0.context)
                }
                #expect(MLDSA87.Verifier.areValid(part) == expected)
                #expect(expected.filter { !$0 }.count == 1)
            }
        }
        #expect(MLDSA87.Verifier.areValid([]) == [])
    }

    @Test("An encapsulated secret comes out, an altered one is replaced, lengths are refused")
    func encapsulation() throws {
        let key = try MLKEM768.PrivateKey()
        #expect(key.publicKey.rawRepresentation.count == 1184)
        let result = try key.publicKey.encapsulate()
        #expect(result.encapsulated.count == 1088)
        #expect(try key.decapsulate(result.encapsulated) == result.sharedSecret)
        #expect(try key.publicKey.encapsulate().sharedSecret != result.sharedSecret)
        var rejected: Set<[UInt8]> = []
        for position in stride(from: 0, to: 1088, by: 17) {
            var altered = result.encapsulated
            altered[position] ^= 1
            let secret = try key.decapsulate(altered)
            #expect(try secret == key.decapsulate(altered), "rejection is deterministic")
            rejected.insert(secret)
        }
        #expect(rejected.count == 64 && !rejected.contains(result.sharedSecret))
        #expect(throws: PostQuantumError.incorrectParameterSize(expected: 1088, actual: 1087)) {
            try key.decapsulate(Array(result.encapsulated.dropLast()))
        }
        let checked = key.integrityCheckedRepresentation
        let copy = try MLKEM768.PrivateKey(integrityCheckedRepresentation: checked)
        #expect(try copy.decapsulate(result.encapsulated) == result.sharedSecret)
        #expect(throws: PostQuantumError.publicKeyMismatch) {
            try MLKEM768.PrivateKey(integrityCheckedRepresentation: [1] + checked.dropFirst())
        }
        let other = try MLKEM768.PrivateKey().publicKey
        #expect(throws: PostQuantumError.publicKeyMismatch) {
            try MLKEM768.PrivateKey(
                seedRepresentation: key.seedRepresentation, publicKey: other)
        }
    }

    @Test("An encapsulation key with a coefficient that is not reduced is refused")
    func encapsulationKeyCheck() throws {
        let key = try MLKEM768.PrivateKey().publicKey.rawRepresentation
        for pair in 0..<384 {
            for (low, high) in [(3329, 0), (0, 3329), (4095, 4095)] {
                var altered = key
                altered[3 * pair] = UInt8(low & 255)
                altered[3 * pair + 1] = UInt8(low >> 8 | (high & 15) << 4)
                altered[3 * pair + 2] = UInt8(high >> 4)
                #expect(throws: PostQuantumError.invalidKeyEncoding) {
                    try MLKEM768.PublicKey(rawRepresentation: altered)
                }
            }
        }
        #expect(throws: PostQuantumError.incorrectKeySize(expected: 1184, actual: 1183)) {
            try MLKEM768.PublicKey(rawRepresentation: Array(key.dropLast()))
        }
    }
}
