extension MLDSA {
    /// A public key that remembers what verification computes from it.
    ///
    /// The matrix, t1 and the hash of the key are computed once and kept: 64 KiB for ML-DSA-87.
    /// A copy shares them. A verification then costs a fraction of what
    /// ``PublicKey/isValidSignature(_:for:)-(RawSpan,_)`` does.
    public struct Verifier: Sendable {
        let material: MLDSAVerifyingMaterial

        /// The key, as bytes.
        public var publicKey: PublicKey { PublicKey(trusted: material.encoded) }

        /// Expands `publicKey`.
        public init(_ publicKey: PublicKey) { self.init(publicKey, .current) }

        /// Expands `publicKey` with the kernels of one instruction set.
        ///
        /// - Precondition: the instruction set is available.
        @_spi(InstructionSets)
        public init(_ publicKey: PublicKey, instructionSet: InstructionSet) {
            self.init(publicKey, Kernels.available(instructionSet))
        }

        init(_ publicKey: PublicKey, _ kernels: Kernels) {
            material = MLDSAVerifyingMaterial(
                encoded: publicKey.rawRepresentation, Parameters.parameters, kernels)
        }

        /// Whether `signature` is one of `data` with an empty context.
        public func isValidSignature(_ signature: RawSpan, for data: RawSpan) -> Bool {
            isValidSignature(signature, for: data, context: RawSpan(), checks: .all)
        }

        /// Whether `signature` is one of `data` with an empty context.
        public func isValidSignature(_ signature: [UInt8], for data: [UInt8]) -> Bool {
            isValidSignature(signature.span.bytes, for: data.span.bytes)
        }

        /// Whether `signature` is one of `data` with `context`.
        public func isValidSignature(
            _ signature: RawSpan, for data: RawSpan, context: RawSpan
        ) -> Bool {
            isValidSignature(signature, for: data, context: context, checks: .all)
        }

        /// Whether `signature` is one of `data` with `context`.
        public func isValidSignature(
            _ signature: [UInt8], for data: [UInt8], context: [UInt8]
        ) -> Bool {
            isValidSignature(
                signature.span.bytes, for: data.span.bytes, context: context.span.bytes)
        }

        /// Whether `signature` is one of the message that `mu` stands for ("external mu").
        public func isValidSignature(
            _ signature: RawSpan, forPrehashedMessageRepresentative mu: RawSpan
        ) -> Bool {
            isValidSignature(signature, representative: mu, checks: .all)
        }

        /// Whether `signature` is one of the message that `mu` stands for ("external mu").
        public func isValidSignature(
            _ signature: [UInt8], forPrehashedMessageRepresentative mu: [UInt8]
        ) -> Bool {
            isValidSignature(
                signature.span.bytes, representative: mu.span.bytes, checks: .all)
        }

        package func isValidSignature(
            _ signature: RawSpan, for data: RawSpan, context: RawSpan, checks: VerificationChecks
        ) -> Bool {
            guard context.byteCount <= 255 || !checks.contains(.contextLength) else { return false }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { output in
                guard let representative = output.baseAddress else { return false }
                data.withUnsafeBytes { data in
                    context.withUnsafeBytes { context in
                        material.keyHash.withUnsafeBufferPointer { keyHash in
                            guard let key = keyHash.baseAddress else { return }
                            messageRepresentative(
                                keyHash: key, data, context: context, material.kernels,
                                into: representative)
                        }
                    }
                }
                return signature.withUnsafeBytes {
                    material.verify($0, representative: representative, checks)
                }
            }
        }

        package func isValidSignature(
            _ signature: RawSpan, representative: RawSpan, checks: VerificationChecks
        ) -> Bool {
            guard representative.byteCount == MLDSA.representativeBytes else { return false }
            return representative.withUnsafeBytes { representative in
                guard let base = representative.baseAddress else { return false }
                return signature.withUnsafeBytes {
                    material.verify(
                        $0, representative: base.assumingMemoryBound(to: UInt8.self), checks)
                }
            }
        }
    }
}

extension Kernels {
    /// The kernels of an instruction set that the processor has.
    static func available(_ set: InstructionSet) -> Kernels {
        guard let kernels = find(set) else {
            preconditionFailure("this processor does not run \(set.rawValue)")
        }
        return kernels
    }
}
