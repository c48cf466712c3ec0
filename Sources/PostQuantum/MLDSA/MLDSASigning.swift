import CPostQuantumKernels

extension MLDSASigningMaterial {
    /// The memory that signing works in, wiped at the end.
    struct Workspace: ~Copyable {
        let masks: AlignedBuffer<Int32>
        let transformed: AlignedBuffer<Int32>
        let low: AlignedBuffer<Int32>
        let high: AlignedBuffer<Int32>
        let products: AlignedBuffer<Int32>
        let challenge: AlignedBuffer<Int32>
        let packedHigh: AlignedBuffer<UInt8>
        let hints: AlignedBuffer<UInt32>
        let hash: AlignedBuffer<UInt8>
        let seed: AlignedBuffer<UInt8>
        let bytes: AlignedBuffer<UInt8>

        init(_ parameters: MLDSAParameters) {
            let (rows, columns) = (parameters.rows, parameters.columns)
            masks = AlignedBuffer(count: degree * columns, isSecret: true)
            transformed = AlignedBuffer(count: degree * columns, isSecret: true)
            low = AlignedBuffer(count: degree * rows, isSecret: true)
            high = AlignedBuffer(count: degree * rows, isSecret: true)
            products = AlignedBuffer(count: degree * rows, isSecret: true)
            challenge = AlignedBuffer(count: degree, isSecret: true)
            packedHigh = AlignedBuffer(count: parameters.packedHighBytes, isSecret: true)
            hints = AlignedBuffer(count: 8 * rows, isSecret: true)
            hash = AlignedBuffer(count: 64, isSecret: true)
            seed = AlignedBuffer(count: 64, isSecret: true)
            bytes = AlignedBuffer(count: MLDSASampling.maskScratchBytes, isSecret: true)
        }
    }

    /// Signs a message representative (FIPS 204, algorithm 7, from line 7).
    ///
    /// The number of attempts shows in the time, and which bound ended each: the standard allows
    /// both, for rejected attempts are independent of the key. Within an attempt nothing branches
    /// on, indexes by or divides a secret.
    ///
    /// - Parameters:
    ///   - representative: the 64 bytes that stand for message, context and key.
    ///   - randomness: 32 bytes; all zero makes the signature deterministic.
    ///   - keepsMaskRange: always, save in a test that shows that verification has the check
    ///     that answers to this bound.
    ///
    /// - Returns: how many attempts it took.
    @discardableResult
    func sign(
        representative: UnsafePointer<UInt8>, randomness: UnsafePointer<UInt8>,
        keepsMaskRange: Bool, into signature: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let workspace = Workspace(parameters)
        var sponge = Sponge(.shake256, kernels)
        sponge.absorb(keySeed, count: 32)
        sponge.absorb(randomness, count: 32)
        sponge.absorb(representative, count: 64)
        sponge.finish()
        sponge.squeeze(workspace.seed.base, count: 64)
        var attempts = 0
        while true {
            commit(workspace, counter: attempts &* parameters.columns)
            attempts &+= 1
            sponge.reset()
            sponge.absorb(representative, count: 64)
            sponge.absorb(workspace.packedHigh.base, count: parameters.packedHighBytes)
            sponge.finish()
            sponge.squeeze(workspace.hash.base, count: parameters.challengeBytes)
            workspace.challenge.base.update(repeating: 0, count: degree)
            MLDSASampling.sampleChallenge(
                workspace.challenge.base, seed: workspace.hash.base, parameters, &sponge)
            if respond(workspace, keepsMaskRange: keepsMaskRange) { break }
        }
        encode(workspace, into: signature)
        return attempts
    }

    /// Draws masks and computes the high and low parts of A * y.
    private func commit(_ workspace: borrowing Workspace, counter: Int) {
        let table = kernels.table
        let (rows, columns) = (parameters.rows, parameters.columns)
        MLDSASampling.expandMasks(
            workspace.masks, seed: workspace.seed.base, counter: counter, parameters, kernels,
            scratch: workspace.bytes)
        workspace.transformed.base.update(from: workspace.masks.base, count: degree &* columns)
        table.pointee.dsa_ntt(workspace.transformed.base, columns)
        for row in 0..<rows {
            table.pointee.dsa_dot(
                workspace.products.polynomial(row), matrix.polynomial(row &* columns),
                workspace.transformed.base, columns)
        }
        table.pointee.dsa_inverse_ntt(workspace.products.base, rows)
        for row in 0..<rows {
            table.pointee.dsa_decompose(
                workspace.low.polynomial(row), workspace.high.polynomial(row),
                workspace.packedHigh.base + 128 &* row, workspace.products.polynomial(row))
        }
    }

    /// Turns masks into z and low parts into hints; `false` where a bound rejects the attempt.
    ///
    /// The bound that rejects most often comes first, and the first polynomial beyond a bound
    /// ends the attempt: which one it was is independent of the key, as that there was one is.
    private func respond(_ workspace: borrowing Workspace, keepsMaskRange: Bool) -> Bool {
        let table = kernels.table
        let product = workspace.products.base
        table.pointee.dsa_ntt(workspace.challenge.base, 1)

        let lowBound = PortableMLDSA.gamma2 - parameters.beta
        for row in 0..<parameters.rows {
            let low = workspace.low.polynomial(row)
            multiply(workspace, by: s2 + degree &* row)
            table.pointee.dsa_subtract(low, product, 1)
            if table.pointee.dsa_exceeds(low, 1, lowBound) != 0 { return false }
        }

        let maskBound = PortableMLDSA.maskBase - parameters.beta
        for column in 0..<parameters.columns {
            let mask = workspace.masks.polynomial(column)
            multiply(workspace, by: s1 + degree &* column)
            table.pointee.dsa_add(mask, product, 1)
            let exceeds = table.pointee.dsa_exceeds(mask, 1, maskBound)
            if exceeds != 0, keepsMaskRange { return false }
        }

        var hints = 0
        for row in 0..<parameters.rows {
            let low = workspace.low.polynomial(row)
            multiply(workspace, by: t0 + degree &* row)
            // Algorithm 7 also bounds this product by gamma2. No coefficient gets there: there are
            // tau terms of at most 2^12 each, and tau * 2^12 is below gamma2 in both sets.
            table.pointee.dsa_add(low, product, 1)
            hints &+= Int(
                table.pointee.dsa_make_hint(
                    workspace.hints.base + 8 &* row, low, workspace.high.polynomial(row)))
        }
        return hints <= parameters.omega
    }

    /// Sets the first of the products to the challenge times a secret.
    private func multiply(
        _ workspace: borrowing Workspace, by secret: UnsafePointer<Int32>
    ) {
        let product = workspace.products.base
        kernels.table.pointee.dsa_dot(product, secret, workspace.challenge.base, 1)
        kernels.table.pointee.dsa_inverse_ntt(product, 1)
    }

    /// Writes the signature of an accepted attempt (sigEncode).
    private func encode(
        _ workspace: borrowing Workspace, into signature: UnsafeMutablePointer<UInt8>
    ) {
        signature.update(from: workspace.hash.base, count: parameters.challengeBytes)
        let masks = signature + parameters.challengeBytes
        for column in 0..<parameters.columns {
            kernels.table.pointee.dsa_pack_mask(
                masks + 640 &* column, workspace.masks.polynomial(column))
        }
        MLDSAEncoding.packHints(masks + parameters.maskBytes, workspace.hints.base, parameters)
    }
}
