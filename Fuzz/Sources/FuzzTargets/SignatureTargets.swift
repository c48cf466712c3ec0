@_spi(InstructionSets) import PostQuantum

/// An honest key of one parameter set, and a verifier for each instruction set.
struct SignatureFixture<Parameters: MLDSAParameterSet>: Sendable {
    typealias Scheme = MLDSA<Parameters>

    let seed: [UInt8]
    let signer: Scheme.SigningKey
    let verifiers: [Scheme.Verifier]

    init() {
        seed = (0..<32).map { UInt8($0) }
        do {
            signer = Scheme.SigningKey(
                try Scheme.PrivateKey(seedRepresentation: seed, publicKey: nil))
        } catch {
            fatalError("a seed of 32 bytes is refused: \(error)")
        }
        let publicKey = signer.publicKey
        verifiers = Self.instructionSets.map { Scheme.Verifier(publicKey, instructionSet: $0) }
    }

    static var instructionSets: [InstructionSet] {
        InstructionSet.allCases.filter(\.isAvailable)
    }

    /// The one signature of `message` that deterministic signing makes.
    ///
    /// Nobody has the key but the fixture: whatever else verifies is a forgery.
    func honest(_ message: [UInt8], context: [UInt8] = []) -> [UInt8] {
        do {
            return try signer.signature(
                for: message, context: context, randomness: .deterministic)
        } catch {
            fatalError("a context of \(context.count) bytes is refused: \(error)")
        }
    }
}

private let fixture65 = SignatureFixture<MLDSA65Parameters>()
private let fixture87 = SignatureFixture<MLDSA87Parameters>()

extension FuzzTarget {
    func checkSignature(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        if options.contains(.smaller) {
            try fixture65.checkSignature(&reader, options)
        } else {
            try fixture87.checkSignature(&reader, options)
        }
    }

    func checkPublicKey(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        if options.contains(.smaller) {
            try fixture65.checkPublicKey(&reader, options)
        } else {
            try fixture87.checkPublicKey(&reader, options)
        }
    }

    func checkPrivateKey(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let (smaller, choice) = (options.contains(.smaller), options.choice(of: 3))
        switch choice {
        case 0:
            if smaller {
                try fixture65.checkSeed(&reader, options)
            } else {
                try fixture87.checkSeed(&reader, options)
            }
        case 1:
            if smaller {
                try fixture65.checkIntegrity(&reader, options)
            } else {
                try fixture87.checkIntegrity(&reader, options)
            }
        default:
            if smaller {
                try fixture65.checkExpandedKey(&reader, options)
            } else {
                try fixture87.checkExpandedKey(&reader, options)
            }
        }
    }
}

extension SignatureFixture {
    /// A signature verifies exactly if it is the honest one, whoever is asked.
    func checkSignature(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let context = reader.bytes(Int(reader.byte()))
        let message = reader.bytes(Int(reader.byte()))
        let signature = honest(message, context: context)
        let candidate = reader.candidate(for: signature, options)
        // The instruction set: all of them would make a run several times as long.
        let verifier = verifiers[options.choice(of: verifiers.count)]
        let neighbour = Scheme.SignedMessage(
            verifier: verifier, signature: signature, data: message, context: context)
        var item = neighbour
        item.signature = candidate
        if options.contains(.wrongLength) {
            item.context += [UInt8](repeating: 0, count: 256 - context.count)
            try checkLongContext(item, beside: neighbour)
        } else {
            try checkVerdicts(item, beside: neighbour, are: candidate == signature)
        }
    }

    private func checkLongContext(
        _ item: Scheme.SignedMessage, beside neighbour: Scheme.SignedMessage
    ) throws(Violation) {
        let publicKey = signer.publicKey
        let size = PostQuantumError.incorrectParameterSize(
            expected: 255, actual: item.context.count)
        try require(
            refusal { _ = try publicKey.prehash(for: item.data, context: item.context) } == size
                && refusal { _ = try signer.signature(for: item.data, context: item.context) }
                    == size,
            "a context of \(item.context.count) bytes is refused")
        try checkVerdicts(item, beside: neighbour, are: false)
        // A signature of what a verifier would hash that forgot the limit: 256 as the byte 0.
        let keyHash = SHAKE256.hash(data: publicKey.rawRepresentation, byteCount: 64)
        let mu = SHAKE256.hash(
            data: keyHash + [0, 0] + item.context + item.data, byteCount: 64)
        var forged = item
        forged.signature =
            (try? signer.signature(forPrehashedMessageRepresentative: mu.span.bytes)) ?? []
        try checkVerdicts(forged, beside: neighbour, are: false)
    }

    /// Every way to verify `item` gives the expected answer, and in a batch `neighbour`, which is
    /// valid, stays so.
    private func checkVerdicts(
        _ item: Scheme.SignedMessage, beside neighbour: Scheme.SignedMessage,
        are expected: Bool
    ) throws(Violation) {
        let (verifier, publicKey) = (item.verifier, item.verifier.publicKey)
        let (signature, message, context) = (item.signature, item.data, item.context)
        try require(
            publicKey.isValidSignature(signature, for: message, context: context) == expected,
            "the answer of a key that is not expanded is \(expected)")
        try require(
            verifier.isValidSignature(signature, for: message, context: context) == expected,
            "the answer of an expanded key is \(expected)")
        if let mu = try? publicKey.prehash(for: message, context: context) {
            try require(
                verifier.isValidSignature(signature, forPrehashedMessageRepresentative: mu)
                    == expected,
                "the answer for external mu is \(expected)")
        }
        try require(
            Scheme.Verifier.areValid([item, neighbour, item]) == [expected, true, expected],
            "the answers of a batch are \(expected), true, \(expected)")
    }

    /// Every string of the right length is a public key, reads back, and verifies nothing that
    /// another key signed.
    func checkPublicKey(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let message = reader.bytes(Int(reader.byte()))
        let (honestKey, honestSignature) = (signer.publicKey, honest(message))
        let altered = reader.candidates(
            for: [honestKey.rawRepresentation, honestSignature], options)
        let signature = options.contains(.alterBoth) ? altered[1] : honestSignature
        let (bytes, size) = (altered[0], honestKey.rawRepresentation.count)
        let key: Scheme.PublicKey
        do {
            key = try Scheme.PublicKey(rawRepresentation: bytes)
        } catch {
            try require(
                bytes.count != size
                    && error == .incorrectKeySize(expected: size, actual: bytes.count),
                "a public key is refused by its length alone, not with \(error)")
            return
        }
        try require(bytes.count == size, "a public key has \(size) bytes")
        try require(key.rawRepresentation == bytes, "a public key reads back")
        let choice = options.choice(of: verifiers.count)
        let verifier = Scheme.Verifier(key, instructionSet: Self.instructionSets[choice])
        try require(verifier.publicKey == key, "a verifier keeps its key")
        let mu = SHAKE256.hash(
            data: SHAKE256.hash(data: bytes, byteCount: 64) + [0, 0] + message, byteCount: 64)
        try require(
            (try? key.prehash(for: message)) == mu, "the representative is that of FIPS 204")
        try checkVerdicts(
            Scheme.SignedMessage(verifier: verifier, signature: signature, data: message),
            beside: Scheme.SignedMessage(
                verifier: verifiers[choice], signature: honestSignature, data: message),
            are: key == honestKey && signature == honestSignature)
    }
}

/// What `body` throws.
func refusal(_ body: () throws -> Void) -> PostQuantumError? {
    do {
        try body()
        return nil
    } catch let error as PostQuantumError {
        return error
    } catch {
        fatalError("an error of another type: \(error)")
    }
}
