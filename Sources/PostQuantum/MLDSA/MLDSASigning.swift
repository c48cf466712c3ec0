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
    private func respond(_ workspace: borrowing Workspace, keepsMaskRange: Bool) -> Bool {
        let table = kernels.table
        let (rows, columns) = (parameters.rows, parameters.columns)
        table.pointee.dsa_ntt(workspace.challenge.base, 1)

        multiply(workspace, by: s1, count: columns)
        table.pointee.dsa_add(workspace.masks.base, workspace.products.base, columns)
        let maskBound = PortableMLDSA.maskBase - parameters.beta
        let masksExceed = table.pointee.dsa_exceeds(workspace.masks.base, columns, maskBound)
        if masksExceed != 0, keepsMaskRange { return false }

        multiply(workspace, by: s2, count: rows)
        table.pointee.dsa_subtract(workspace.low.base, workspace.products.base, rows)
        let lowBound = PortableMLDSA.gamma2 - parameters.beta
        let lowExceeds = table.pointee.dsa_exceeds(workspace.low.base, rows, lowBound)
        if lowExceeds != 0 { return false }

        multiply(workspace, by: t0, count: rows)
        table.pointee.dsa_add(workspace.low.base, workspace.products.base, rows)
        for row in 0..<rows {
            let product = workspace.products.polynomial(row)
            for j in 0..<degree { product[j] = PortableMLDSA.centred(product[j]) }
        }
        let carryExceeds = table.pointee.dsa_exceeds(
            workspace.products.base, rows, PortableMLDSA.gamma2)
        if carryExceeds != 0 { return false }

        var hints = 0
        for row in 0..<rows {
            hints &+= Int(
                table.pointee.dsa_make_hint(
                    workspace.hints.base + 8 &* row, workspace.low.polynomial(row),
                    workspace.high.polynomial(row)))
        }
        return hints <= parameters.omega
    }

    /// Sets the products to the challenge times each of `count` secrets.
    private func multiply(
        _ workspace: borrowing Workspace, by secret: UnsafePointer<Int32>, count: Int
    ) {
        let table = kernels.table
        for index in 0..<count {
            table.pointee.dsa_dot(
                workspace.products.polynomial(index), secret + degree &* index,
                workspace.challenge.base, 1)
        }
        table.pointee.dsa_inverse_ntt(workspace.products.base, count)
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
