extension MLDSA {
    /// A public key, as bytes. To verify more than one signature under it, make a ``Verifier``.
    public struct PublicKey: Sendable, Hashable {
        /// The encoding of FIPS 204 (pkEncode).
        public let rawRepresentation: [UInt8]

        /// The key that `rawRepresentation` encodes. Every string of the right length is a key.
        public init(rawRepresentation: RawSpan) throws(PostQuantumError) {
            try self.init(rawRepresentation, checks: .all)
        }

        /// The key that `rawRepresentation` encodes. Every string of the right length is a key.
        public init(rawRepresentation: [UInt8]) throws(PostQuantumError) {
            try self.init(rawRepresentation: rawRepresentation.span.bytes)
        }

        package init(
            _ bytes: RawSpan, checks: VerificationChecks
        ) throws(PostQuantumError) {
            let expected = Parameters.parameters.publicKeyBytes
            let surplus = bytes.byteCount - expected
            guard surplus == 0 || (surplus > 0 && !checks.contains(.publicKeyLength)) else {
                throw .incorrectKeySize(expected: expected, actual: bytes.byteCount)
            }
            rawRepresentation = bytes.withUnsafeBytes { Array($0) }
        }

        /// For bytes that are known to be a key.
        init(trusted bytes: [UInt8]) { rawRepresentation = bytes }

        /// Whether `signature` is one of `data` with an empty context under this key.
        public func isValidSignature(_ signature: RawSpan, for data: RawSpan) -> Bool {
            Verifier(self).isValidSignature(signature, for: data)
        }

        /// Whether `signature` is one of `data` with an empty context under this key.
        public func isValidSignature(_ signature: [UInt8], for data: [UInt8]) -> Bool {
            Verifier(self).isValidSignature(signature, for: data)
        }

        /// Whether `signature` is one of `data` with `context` under this key.
        public func isValidSignature(
            _ signature: RawSpan, for data: RawSpan, context: RawSpan
        ) -> Bool {
            Verifier(self).isValidSignature(signature, for: data, context: context)
        }

        /// Whether `signature` is one of `data` with `context` under this key.
        public func isValidSignature(
            _ signature: [UInt8], for data: [UInt8], context: [UInt8]
        ) -> Bool {
            Verifier(self).isValidSignature(signature, for: data, context: context)
        }

        /// The 64-byte representative of `data` with an empty context ("external mu").
        public func prehash(for data: RawSpan) throws(PostQuantumError) -> [UInt8] {
            try prehash(for: data, context: RawSpan())
        }

        /// The 64-byte representative of `data` with an empty context ("external mu").
        public func prehash(for data: [UInt8]) throws(PostQuantumError) -> [UInt8] {
            try prehash(for: data.span.bytes, context: RawSpan())
        }

        /// The 64-byte representative of `data` with `context` ("external mu").
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes.
        public func prehash(
            for data: RawSpan, context: RawSpan
        ) throws(PostQuantumError) -> [UInt8] {
            let keyHash = SHAKE256.hash(data: rawRepresentation, byteCount: 64)
            return try MLDSA.representative(
                keyHash: keyHash.span.bytes, data, context: context, .current)
        }

        /// The 64-byte representative of `data` with `context` ("external mu").
        ///
        /// - Throws: ``PostQuantumError/incorrectParameterSize(expected:actual:)`` if the context
        ///   has more than 255 bytes.
        public func prehash(
            for data: [UInt8], context: [UInt8]
        ) throws(PostQuantumError) -> [UInt8] {
            try prehash(for: data.span.bytes, context: context.span.bytes)
        }
    }

    /// The bytes of a message representative.
    static var representativeBytes: Int { 64 }

    /// The representative of a message for the key with the hash `keyHash`.
    static func representative(
        keyHash: RawSpan, _ data: RawSpan, context: RawSpan, _ kernels: Kernels
    ) throws(PostQuantumError) -> [UInt8] {
        guard context.byteCount <= 255 else {
            throw .incorrectParameterSize(expected: 255, actual: context.byteCount)
        }
        return [UInt8](unsafeUninitializedCapacity: representativeBytes) { output, count in
            keyHash.withUnsafeBytes { keyHash in
                data.withUnsafeBytes { data in
                    context.withUnsafeBytes { context in
                        guard let base = output.baseAddress, let key = keyHash.baseAddress else {
                            return
                        }
                        messageRepresentative(
                            keyHash: key.assumingMemoryBound(to: UInt8.self), data,
                            context: context, kernels, into: base)
                        count = representativeBytes
                    }
                }
            }
        }
    }
}
