extension MLDSA {
    /// Where the 32 random bytes of a signature come from.
    ///
    /// FIPS 204 has the signer mix them with the key, so that a bad generator costs nothing that
    /// a deterministic signature would not also cost, and a good one hides faults and side
    /// channels.
    public enum Randomness: Sendable {
        /// The system's generator: a hedged signature, the default of FIPS 204.
        case system
        /// All zero: one message, one signature.
        case deterministic
        /// These 32 bytes, to reproduce a test vector.
        case explicit([UInt8])
    }

    /// A private key that remembers what signing computes from it: the matrix and the secrets
    /// in the number-theoretic domain, 79 KiB for ML-DSA-87. A copy shares them; they are wiped
    /// when the last copy goes.
    public struct SigningKey: Sendable {
        let material: MLDSASigningMaterial

        /// The public key.
        public var publicKey: PublicKey { PublicKey(trusted: material.publicKey) }

        /// Expands `privateKey`.
        public init(_ privateKey: PrivateKey) {
            material = MLDSASigningMaterial(
                seed: privateKey.seed.base, Parameters.parameters, .current)
        }

        /// Expands `privateKey` with the kernels of one instruction set.
        ///
        /// - Precondition: the instruction set is available.
        @_spi(InstructionSets)
        public init(_ privateKey: PrivateKey, instructionSet: InstructionSet) {
            material = MLDSASigningMaterial(
                seed: privateKey.seed.base, Parameters.parameters, Kernels.available(instructionSet)
            )
        }

        /// The key in the encoding of FIPS 204 (skDecode), where only that was kept and not the
        /// seed.
        ///
        /// - Throws: ``PostQuantumError/incorrectKeySize(expected:actual:)``;
        ///   ``PostQuantumError/invalidKeyEncoding`` if a secret is out of range;
        ///   ``PostQuantumError/publicKeyMismatch`` if the parts do not belong together.
        public init(expandedRepresentation: RawSpan) throws(PostQuantumError) {
            let expected = Parameters.parameters.expandedKeyBytes
            guard expandedRepresentation.byteCount == expected else {
                throw .incorrectKeySize(
                    expected: expected, actual: expandedRepresentation.byteCount)
            }
            material = try expandedRepresentation.withUnsafeBytes {
                bytes throws(PostQuantumError) in
                guard let base = bytes.baseAddress else {
                    throw .incorrectKeySize(expected: expected, actual: 0)
                }
                return try MLDSASigningMaterial(
                    expanded: base.assumingMemoryBound(to: UInt8.self), Parameters.parameters,
                    .current)
            }
        }

        /// The key in the encoding of FIPS 204 (skDecode), where only that was kept and not the
        /// seed.
        ///
        /// - Throws: as ``init(expandedRepresentation:)-(RawSpan)``.
        public init(expandedRepresentation: [UInt8]) throws(PostQuantumError) {
            try self.init(expandedRepresentation: expandedRepresentation.span.bytes)
        }

        /// The encoding of FIPS 204 (skEncode). Nobody wipes this copy.
        public var expandedRepresentation: [UInt8] {
            Array(UnsafeBufferPointer(start: material.encoded.base, count: material.encoded.count))
        }

        /// A signature of `data` with an empty context.
        public func signature(
            for data: RawSpan, randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            try signature(for: data, context: RawSpan(), randomness: randomness)
        }

        /// A signature of `data` with an empty context.
        public func signature(
            for data: [UInt8], randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            try signature(for: data.span.bytes, context: RawSpan(), randomness: randomness)
        }

        /// A signature of `data` with `context`.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes, or explicit randomness not 32.
        public func signature(
            for data: RawSpan, context: RawSpan, randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            let keyHash = UnsafeRawBufferPointer(start: material.keyHash, count: 64)
            let mu = try MLDSA.representative(
                keyHash: keyHash.bytes, data, context: context, material.kernels)
            return try signature(
                forPrehashedMessageRepresentative: mu.span.bytes, randomness: randomness)
        }

        /// A signature of `data` with `context`.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes, or explicit randomness not 32.
        public func signature(
            for data: [UInt8], context: [UInt8], randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            try signature(
                for: data.span.bytes, context: context.span.bytes, randomness: randomness)
        }

        /// A signature of the message that `mu` stands for ("external mu").
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if `mu` has
        ///   not 64 bytes, or explicit randomness not 32.
        public func signature(
            forPrehashedMessageRepresentative mu: RawSpan, randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            try signature(representative: mu, randomness: randomness, keepsMaskRange: true)
        }

        /// A signature of the message that `mu` stands for ("external mu").
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if `mu` has
        ///   not 64 bytes, or explicit randomness not 32.
        public func signature(
            forPrehashedMessageRepresentative mu: [UInt8], randomness: Randomness = .system
        ) throws(PostQuantumError) -> [UInt8] {
            try signature(
                forPrehashedMessageRepresentative: mu.span.bytes, randomness: randomness)
        }

        /// How many attempts the deterministic signature for a representative takes, so that a
        /// measurement can compare signatures that take equally many.
        ///
        /// - Precondition: the representative has 64 bytes.
        @_spi(InstructionSets)
        public func signingAttempts(forPrehashedMessageRepresentative mu: [UInt8]) -> Int {
            precondition(mu.count == MLDSA.representativeBytes, "no representative")
            let zeros = [UInt8](repeating: 0, count: 32)
            let size = Parameters.parameters.signatureBytes
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { signature in
                guard let target = signature.baseAddress else { return 0 }
                return material.sign(
                    representative: mu, randomness: zeros, keepsMaskRange: true, into: target)
            }
        }

        package func signature(
            representative: RawSpan, randomness: Randomness, keepsMaskRange: Bool
        ) throws(PostQuantumError) -> [UInt8] {
            guard representative.byteCount == MLDSA.representativeBytes else {
                throw .incorrectParameterSize(
                    expected: MLDSA.representativeBytes, actual: representative.byteCount)
            }
            let random = try randomness.bytes()
            let size = Parameters.parameters.signatureBytes
            return [UInt8](unsafeUninitializedCapacity: size) { signature, count in
                representative.withUnsafeBytes { representative in
                    guard let mu = representative.baseAddress, let target = signature.baseAddress
                    else { return }
                    material.sign(
                        representative: mu.assumingMemoryBound(to: UInt8.self),
                        randomness: random.base, keepsMaskRange: keepsMaskRange, into: target)
                    count = size
                }
            }
        }
    }
}

extension MLDSA.Randomness {
    /// The 32 bytes.
    fileprivate func bytes() throws(PostQuantumError) -> SecretBytes {
        switch self {
        case .system:
            return SecretBytes.random(count: 32)
        case .deterministic:
            return SecretBytes(count: 32) { _ in }
        case .explicit(let bytes):
            guard bytes.count == 32 else {
                throw .incorrectParameterSize(expected: 32, actual: bytes.count)
            }
            return bytes.withUnsafeBytes { SecretBytes(copying: $0) }
        }
    }
}
