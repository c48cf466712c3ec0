/// The module-lattice key encapsulation mechanism of FIPS 203 with the parameter set ML-KEM-768.
public enum MLKEM768 {
    /// What ``PublicKey/encapsulate()`` makes.
    public struct EncapsulationResult: Sendable {
        /// The 32 bytes that both sides then know. Nobody wipes this copy.
        public let sharedSecret: [UInt8]
        /// The 1,088 bytes to send to the owner of the private key.
        public let encapsulated: [UInt8]
    }

    /// An encapsulation key.
    public struct PublicKey: Sendable {
        let material: MLKEMEncapsulationMaterial

        /// The key that `rawRepresentation` encodes.
        ///
        /// - Throws: ``PostQuantumError/incorrectKeySize(expected:actual:)``;
        ///   ``PostQuantumError/invalidKeyEncoding`` if a coefficient is not below the modulus
        ///   (FIPS 203, section 7.2).
        public init(rawRepresentation: RawSpan) throws(PostQuantumError) {
            try self.init(rawRepresentation, .current)
        }

        /// The key that `rawRepresentation` encodes.
        ///
        /// - Throws: as ``init(rawRepresentation:)-(RawSpan)``.
        public init(rawRepresentation: [UInt8]) throws(PostQuantumError) {
            try self.init(rawRepresentation.span.bytes, .current)
        }

        /// The key, with the kernels of one instruction set.
        ///
        /// - Precondition: the instruction set is available.
        @_spi(InstructionSets)
        public init(
            rawRepresentation: [UInt8], instructionSet: InstructionSet
        ) throws(PostQuantumError) {
            try self.init(rawRepresentation.span.bytes, Kernels.available(instructionSet))
        }

        private init(_ bytes: RawSpan, _ kernels: Kernels) throws(PostQuantumError) {
            guard bytes.byteCount == MLKEMSizes.encapsulationKey else {
                throw .incorrectKeySize(
                    expected: MLKEMSizes.encapsulationKey, actual: bytes.byteCount)
            }
            material = try MLKEMEncapsulationMaterial(
                encoded: bytes.withUnsafeBytes { Array($0) }, kernels)
        }

        init(_ material: MLKEMEncapsulationMaterial) { self.material = material }

        /// The encoding of FIPS 203.
        public var rawRepresentation: [UInt8] { material.encoded }

        /// Makes a secret and the bytes that carry it to the owner of the private key.
        ///
        /// It cannot fail: it is declared to throw so that another implementation of this
        /// interface, whose generator can, stands in without other changes.
        public func encapsulate() throws(PostQuantumError) -> EncapsulationResult {
            encapsulate(SecretBytes.random(count: 32))
        }

        /// As ``encapsulate()``, with given random bytes, to reproduce a test vector.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if there are
        ///   not 32.
        public func encapsulate(
            randomness: [UInt8]
        ) throws(PostQuantumError) -> EncapsulationResult {
            guard randomness.count == 32 else {
                throw .incorrectParameterSize(expected: 32, actual: randomness.count)
            }
            return encapsulate(randomness.withUnsafeBytes { SecretBytes(copying: $0) })
        }

        private func encapsulate(_ message: SecretBytes) -> EncapsulationResult {
            let secret = AlignedBuffer<UInt8>(count: MLKEMSizes.secret, isSecret: true)
            let size = MLKEMSizes.ciphertext
            let ciphertext = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                guard let base = buffer.baseAddress else { return }
                material.encapsulate(message.base, ciphertext: base, secret: secret.base)
                count = size
            }
            return EncapsulationResult(
                sharedSecret: Array(UnsafeBufferPointer(start: secret.base, count: secret.count)),
                encapsulated: ciphertext)
        }
    }

    /// A decapsulation key, as its seed and expanded.
    public struct PrivateKey: Sendable {
        let seed: SecretBytes
        let key: DecapsulationKey

        /// A new key from the system's generator.
        public init() throws(PostQuantumError) {
            try self.init(SecretBytes.random(count: MLKEMSizes.seed), .current)
        }

        /// A new key from the system's generator.
        public static func generate() throws(PostQuantumError) -> PrivateKey {
            try PrivateKey()
        }

        /// The key of a 64-byte seed d || z (FIPS 203, algorithm 16).
        ///
        /// - Parameter publicKey: if given, it must be the public key that comes out.
        public init(
            seedRepresentation: RawSpan, publicKey: PublicKey?
        ) throws(PostQuantumError) {
            try self.init(seedRepresentation, .current)
            if let publicKey, publicKey.rawRepresentation != self.publicKey.rawRepresentation {
                throw .publicKeyMismatch
            }
        }

        /// The key of a 64-byte seed d || z (FIPS 203, algorithm 16).
        ///
        /// - Parameter publicKey: if given, it must be the public key that comes out.
        public init(
            seedRepresentation: [UInt8], publicKey: PublicKey?
        ) throws(PostQuantumError) {
            try self.init(
                seedRepresentation: seedRepresentation.span.bytes, publicKey: publicKey)
        }

        /// The key of a seed, with the kernels of one instruction set.
        ///
        /// - Precondition: the instruction set is available.
        @_spi(InstructionSets)
        public init(
            seedRepresentation: [UInt8], instructionSet: InstructionSet
        ) throws(PostQuantumError) {
            try self.init(seedRepresentation.span.bytes, Kernels.available(instructionSet))
        }

        /// The key of a seed that is followed by the SHA3-256 digest of the public key.
        public init(integrityCheckedRepresentation: RawSpan) throws(PostQuantumError) {
            let bytes = integrityCheckedRepresentation
            guard bytes.byteCount == MLKEMSizes.seed + 32 else {
                throw .incorrectKeySize(expected: MLKEMSizes.seed + 32, actual: bytes.byteCount)
            }
            try self.init(bytes.extracting(first: MLKEMSizes.seed), .current)
            let expected = bytes.extracting(last: 32).withUnsafeBytes { Array($0) }
            guard key.material.encapsulation.digest == expected else { throw .publicKeyMismatch }
        }

        /// The key of a seed that is followed by the SHA3-256 digest of the public key.
        public init(integrityCheckedRepresentation: [UInt8]) throws(PostQuantumError) {
            try self.init(
                integrityCheckedRepresentation: integrityCheckedRepresentation.span.bytes)
        }

        private init(_ seed: RawSpan, _ kernels: Kernels) throws(PostQuantumError) {
            guard seed.byteCount == MLKEMSizes.seed else {
                throw .incorrectKeySize(expected: MLKEMSizes.seed, actual: seed.byteCount)
            }
            try self.init(seed.withUnsafeBytes { SecretBytes(copying: $0) }, kernels)
        }

        private init(_ seed: SecretBytes, _ kernels: Kernels) throws(PostQuantumError) {
            self.seed = seed
            key = DecapsulationKey(try MLKEMDecapsulationMaterial(seed: seed.base, kernels))
        }

        /// The public key.
        public var publicKey: PublicKey { key.publicKey }

        /// The 64-byte seed. Nobody wipes this copy.
        public var seedRepresentation: [UInt8] { seed.exposed }

        /// The seed, then the SHA3-256 digest of the public key. Nobody wipes this copy.
        public var integrityCheckedRepresentation: [UInt8] {
            seed.exposed + key.material.encapsulation.digest
        }

        /// The key in the encoding of FIPS 203. Nobody wipes this copy.
        public var expandedRepresentation: [UInt8] { key.expandedRepresentation }

        /// The 32-byte secret that `encapsulated` carries; for bytes that no encapsulation made,
        /// one that nobody else can know.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if there are
        ///   not 1,088 bytes.
        public func decapsulate(_ encapsulated: RawSpan) throws(PostQuantumError) -> [UInt8] {
            try key.decapsulate(encapsulated)
        }

        /// The 32-byte secret that `encapsulated` carries; for bytes that no encapsulation made,
        /// one that nobody else can know.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if there are
        ///   not 1,088 bytes.
        public func decapsulate(_ encapsulated: [UInt8]) throws(PostQuantumError) -> [UInt8] {
            try key.decapsulate(encapsulated.span.bytes)
        }
    }

    /// A decapsulation key in the encoding of FIPS 203, where only that was kept and not the
    /// seed.
    public struct DecapsulationKey: Sendable {
        let material: MLKEMDecapsulationMaterial

        init(_ material: MLKEMDecapsulationMaterial) { self.material = material }

        /// The key that `expandedRepresentation` encodes.
        ///
        /// - Throws: ``PostQuantumError/incorrectKeySize(expected:actual:)``;
        ///   ``PostQuantumError/invalidKeyEncoding`` if a coefficient is not below the modulus;
        ///   ``PostQuantumError/publicKeyMismatch`` if the hash inside is not that of the public
        ///   key inside (FIPS 203, section 7.3).
        public init(expandedRepresentation: [UInt8]) throws(PostQuantumError) {
            guard expandedRepresentation.count == MLKEMSizes.decapsulationKey else {
                throw .incorrectKeySize(
                    expected: MLKEMSizes.decapsulationKey, actual: expandedRepresentation.count)
            }
            material = try expandedRepresentation.withUnsafeBufferPointer {
                bytes throws(PostQuantumError) in
                guard let base = bytes.baseAddress else {
                    throw .incorrectKeySize(expected: MLKEMSizes.decapsulationKey, actual: 0)
                }
                return try MLKEMDecapsulationMaterial(expanded: base, .current)
            }
        }

        /// The encoding of FIPS 203. Nobody wipes this copy.
        public var expandedRepresentation: [UInt8] {
            Array(UnsafeBufferPointer(start: material.encoded.base, count: material.encoded.count))
        }

        /// The public key.
        public var publicKey: PublicKey { PublicKey(material.encapsulation) }

        /// The 32-byte secret that `encapsulated` carries; for bytes that no encapsulation made,
        /// one that nobody else can know.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if there are
        ///   not 1,088 bytes.
        public func decapsulate(_ encapsulated: RawSpan) throws(PostQuantumError) -> [UInt8] {
            guard encapsulated.byteCount == MLKEMSizes.ciphertext else {
                throw .incorrectParameterSize(
                    expected: MLKEMSizes.ciphertext, actual: encapsulated.byteCount)
            }
            let secret = AlignedBuffer<UInt8>(count: MLKEMSizes.secret, isSecret: true)
            encapsulated.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                material.decapsulate(
                    base.assumingMemoryBound(to: UInt8.self), secret: secret.base)
            }
            return Array(UnsafeBufferPointer(start: secret.base, count: secret.count))
        }

        /// The 32-byte secret that `encapsulated` carries; for bytes that no encapsulation made,
        /// one that nobody else can know.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if there are
        ///   not 1,088 bytes.
        public func decapsulate(_ encapsulated: [UInt8]) throws(PostQuantumError) -> [UInt8] {
            try decapsulate(encapsulated.span.bytes)
        }
    }
}
