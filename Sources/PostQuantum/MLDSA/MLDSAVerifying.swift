import CPostQuantumKernels

extension MLDSAVerifyingMaterial {
    /// The memory that verification works in: nothing in it is secret.
    struct Workspace: ~Copyable {
        /// z, then the challenge, then one row of the result; hints; high parts, encoded.
        private let memory: AlignedBuffer<Int32>
        private let terms: Int
        private let hintWords: Int

        init(_ parameters: MLDSAParameters) {
            terms = parameters.columns + 1
            hintWords = 8 * parameters.rows
            memory = AlignedBuffer(
                count: degree * (terms + 1) + hintWords + parameters.packedHighBytes / 4,
                isSecret: false)
        }

        var vector: UnsafeMutablePointer<Int32> { memory.base }
        var challenge: UnsafeMutablePointer<Int32> { memory.polynomial(terms &- 1) }
        var row: UnsafeMutablePointer<Int32> { memory.polynomial(terms) }
        var hints: UnsafeMutablePointer<UInt32> {
            UnsafeMutableRawPointer(memory.polynomial(terms &+ 1))
                .assumingMemoryBound(to: UInt32.self)
        }
        var packedHigh: UnsafeMutablePointer<UInt8> {
            UnsafeMutableRawPointer(hints + hintWords).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// Verifies a signature over a message representative (FIPS 204, algorithm 8).
    func verify(
        _ signature: UnsafeRawBufferPointer, representative: UnsafePointer<UInt8>,
        _ checks: VerificationChecks
    ) -> Bool {
        guard let bytes = admitted(signature, checks) else { return false }
        let workspace = Workspace(parameters)
        guard decode(bytes, into: workspace, checks) else { return false }
        let challenge = workspace.challenge
        var sponge = Sponge(.shake256, kernels)
        MLDSASampling.sampleChallenge(challenge, seed: bytes, parameters, &sponge)
        recoverHighParts(workspace)
        sponge.reset()
        sponge.absorb(representative, count: 64)
        sponge.absorb(workspace.packedHigh, count: parameters.packedHighBytes)
        sponge.finish()
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { expected in
            guard let base = expected.baseAddress else { return false }
            sponge.squeeze(base, count: parameters.challengeBytes)
            return isExpected(base, bytes, checks)
        }
    }

    /// The bytes of a signature of the right length.
    func admitted(
        _ signature: UnsafeRawBufferPointer, _ checks: VerificationChecks
    ) -> UnsafePointer<UInt8>? {
        let surplus = signature.count - parameters.signatureBytes
        guard surplus == 0 || (surplus > 0 && !checks.contains(.signatureLength)) else {
            return nil
        }
        return signature.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }

    /// Decodes z and the hints, and says whether both are in range.
    func decode(
        _ bytes: UnsafePointer<UInt8>, into workspace: borrowing Workspace,
        _ checks: VerificationChecks
    ) -> Bool {
        let masks = bytes + parameters.challengeBytes
        for column in 0..<parameters.columns {
            kernels.table.pointee.dsa_unpack_mask(
                workspace.vector + degree &* column, masks + 640 * column)
        }
        let bound = PortableMLDSA.maskBase - parameters.beta
        let exceeds = kernels.table.pointee.dsa_exceeds(
            workspace.vector, parameters.columns, bound)
        if exceeds != 0, checks.contains(.maskRange) { return false }
        return MLDSAEncoding.unpackHints(
            workspace.hints, masks + parameters.maskBytes, parameters, checks)
    }

    /// Computes A * z - c * t1 * 2^13 row by row and encodes what the hints make of it. The
    /// vector is (z, c) in the plain domain, and is lost.
    func recoverHighParts(_ workspace: borrowing Workspace) {
        let table = kernels.table
        let terms = parameters.columns + 1
        table.pointee.dsa_ntt(workspace.vector, terms)
        for row in 0..<parameters.rows {
            table.pointee.dsa_dot(
                workspace.row, matrix.polynomial(row &* terms), workspace.vector, terms)
            table.pointee.dsa_inverse_ntt(workspace.row, 1)
            table.pointee.dsa_use_hint(
                workspace.packedHigh + 128 &* row, workspace.row,
                workspace.hints + 8 &* row)
        }
    }

    /// Whether the hash that was computed is the one that the signature begins with.
    func isExpected(
        _ computed: UnsafePointer<UInt8>, _ bytes: UnsafePointer<UInt8>,
        _ checks: VerificationChecks
    ) -> Bool {
        areEqual(computed, bytes, count: parameters.challengeBytes)
            || !checks.contains(.challenge)
    }
}

/// Computes the 64-byte representative of a message under a context (FIPS 204, algorithm 2,
/// line 10, and algorithm 7, line 6).
///
/// - Precondition: `context` has at most 255 bytes.
func messageRepresentative(
    keyHash: UnsafePointer<UInt8>, _ message: UnsafeRawBufferPointer,
    context: UnsafeRawBufferPointer, _ kernels: Kernels, into output: UnsafeMutablePointer<UInt8>
) {
    var sponge = Sponge(.shake256, kernels)
    sponge.absorb(keyHash, count: 64)
    sponge.absorb(0)
    sponge.absorb(UInt8(truncatingIfNeeded: context.count))
    sponge.absorb(context)
    sponge.absorb(message)
    sponge.finish()
    sponge.squeeze(output, count: 64)
}
