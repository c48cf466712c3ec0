extension MLDSA {
    /// A private key, as its seed. To sign more than once, make a ``SigningKey``.
    public struct PrivateKey: Sendable {
        let seed: SecretBytes
        /// The public key.
        public let publicKey: PublicKey

        /// A new key from the system's generator.
        ///
        /// It cannot fail: it is declared to throw so that another implementation of this
        /// interface, whose generator can, stands in without other changes.
        public init() throws(PostQuantumError) {
            self.init(seed: SecretBytes.random(count: 32))
        }

        /// The key that FIPS 204 generates from a 32-byte seed (algorithm 6).
        ///
        /// - Parameter publicKey: if given, it must be the public key that comes out.
        public init(
            seedRepresentation: RawSpan, publicKey: PublicKey?
        ) throws(PostQuantumError) {
            guard seedRepresentation.byteCount == 32 else {
                throw .incorrectKeySize(expected: 32, actual: seedRepresentation.byteCount)
            }
            self.init(seed: seedRepresentation.withUnsafeBytes { SecretBytes(copying: $0) })
            if let publicKey, publicKey != self.publicKey { throw .publicKeyMismatch }
        }

        /// The key that FIPS 204 generates from a 32-byte seed (algorithm 6).
        ///
        /// - Parameter publicKey: if given, it must be the public key that comes out.
        public init(
            seedRepresentation: [UInt8], publicKey: PublicKey?
        ) throws(PostQuantumError) {
            try self.init(
                seedRepresentation: seedRepresentation.span.bytes, publicKey: publicKey)
        }

        /// The key of a seed that is followed by the SHA3-256 digest of the public key.
        public init(integrityCheckedRepresentation: RawSpan) throws(PostQuantumError) {
            let bytes = integrityCheckedRepresentation
            guard bytes.byteCount == 64 else {
                throw .incorrectKeySize(expected: 64, actual: bytes.byteCount)
            }
            try self.init(seedRepresentation: bytes.extracting(first: 32), publicKey: nil)
            let digest = SHA3_256.hash(data: publicKey.rawRepresentation)
            let expected = bytes.extracting(last: 32).withUnsafeBytes { Array($0) }
            guard digest == expected else { throw .publicKeyMismatch }
        }

        /// The key of a seed that is followed by the SHA3-256 digest of the public key.
        public init(integrityCheckedRepresentation: [UInt8]) throws(PostQuantumError) {
            try self.init(
                integrityCheckedRepresentation: integrityCheckedRepresentation.span.bytes)
        }

        private init(seed: SecretBytes) {
            self.seed = seed
            let material = MLDSASigningMaterial(
                seed: seed.base, Parameters.parameters, .current)
            publicKey = PublicKey(trusted: material.publicKey)
        }

        /// The 32-byte seed. Nobody wipes this copy.
        public var seedRepresentation: [UInt8] { seed.exposed }

        /// The seed, then the SHA3-256 digest of the public key. Nobody wipes this copy.
        public var integrityCheckedRepresentation: [UInt8] {
            seed.exposed + SHA3_256.hash(data: publicKey.rawRepresentation)
        }

        /// A hedged signature of `data` with an empty context.
        public func signature(for data: RawSpan) throws(PostQuantumError) -> [UInt8] {
            try SigningKey(self).signature(for: data)
        }

        /// A hedged signature of `data` with an empty context.
        public func signature(for data: [UInt8]) throws(PostQuantumError) -> [UInt8] {
            try SigningKey(self).signature(for: data)
        }

        /// A hedged signature of `data` with `context`.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes.
        public func signature(
            for data: RawSpan, context: RawSpan
        ) throws(PostQuantumError) -> [UInt8] {
            try SigningKey(self).signature(for: data, context: context)
        }

        /// A hedged signature of `data` with `context`.
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes.
        public func signature(
            for data: [UInt8], context: [UInt8]
        ) throws(PostQuantumError) -> [UInt8] {
            try SigningKey(self).signature(for: data, context: context)
        }

        /// A hedged signature of the message that `mu` stands for ("external mu").
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if `mu` has
        ///   not 64 bytes.
        public func signature(
            forPrehashedMessageRepresentative mu: [UInt8]
        ) throws(PostQuantumError) -> [UInt8] {
            try SigningKey(self).signature(forPrehashedMessageRepresentative: mu)
        }
    }
}
