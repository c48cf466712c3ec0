import CPostQuantumKernels

/// A public key with all that verification needs of it, computed once.
final class MLDSAVerifyingMaterial: @unchecked Sendable {
    let parameters: MLDSAParameters
    let kernels: Kernels
    let encoded: [UInt8]
    /// Row by row the matrix, then -t1 * 2^13, all in the number-theoretic domain: 64 KiB for
    /// ML-DSA-87. One dot product with (z, c) is then a row of A * z - c * t1 * 2^13.
    let matrix: AlignedBuffer<Int32>
    /// The 64-byte hash of the public key that every message is hashed with.
    let keyHash: [UInt8]

    /// - Precondition: `encoded` has the length of a public key.
    init(encoded: [UInt8], _ parameters: MLDSAParameters, _ kernels: Kernels) {
        self.parameters = parameters
        self.kernels = kernels
        self.encoded = encoded
        let stride = parameters.columns + 1
        matrix = AlignedBuffer(count: degree * parameters.rows * stride, isSecret: false)
        keyHash = spongeOutput(
            .shake256, of: encoded.span.bytes, byteCount: 64, kernels: kernels)
        encoded.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            MLDSASampling.expandMatrix(matrix, stride: stride, seed: base, parameters, kernels)
            for row in 0..<parameters.rows {
                let polynomial = matrix.polynomial(row * stride + parameters.columns)
                MLDSAEncoding.unpack(
                    polynomial, base + 32 + 320 * row, bits: 10, offset: 0, sign: 1)
                for j in 0..<degree { polynomial[j] = 0 &- polynomial[j] &<< 13 }
                kernels.table.pointee.dsa_ntt(polynomial, 1)
            }
        }
    }
}

/// A private key with all that signing needs of it, computed once, wiped at the end.
final class MLDSASigningMaterial: @unchecked Sendable {
    let parameters: MLDSAParameters
    let kernels: Kernels
    let publicKey: [UInt8]
    /// The private key as FIPS 204 encodes it (skEncode).
    let encoded: AlignedBuffer<UInt8>
    /// The matrix in the number-theoretic domain, row by row.
    let matrix: AlignedBuffer<Int32>
    /// s1, s2 and t0 in the number-theoretic domain.
    let secrets: AlignedBuffer<Int32>

    var keySeed: UnsafePointer<UInt8> { UnsafePointer(encoded.base + 32) }
    var keyHash: UnsafePointer<UInt8> { UnsafePointer(encoded.base + 64) }
    var s1: UnsafeMutablePointer<Int32> { secrets.base }
    var s2: UnsafeMutablePointer<Int32> { secrets.polynomial(parameters.columns) }
    var t0: UnsafeMutablePointer<Int32> {
        secrets.polynomial(parameters.columns + parameters.rows)
    }

    /// Generates the key of a seed (FIPS 204, algorithm 6).
    init(
        seed: UnsafePointer<UInt8>, _ parameters: MLDSAParameters, _ kernels: Kernels
    ) {
        self.parameters = parameters
        self.kernels = kernels
        let (rows, columns) = (parameters.rows, parameters.columns)
        encoded = AlignedBuffer(count: parameters.expandedKeyBytes, isSecret: true)
        matrix = AlignedBuffer(count: degree * rows * columns, isSecret: false)
        secrets = AlignedBuffer(count: degree * (columns + 2 * rows), isSecret: true)

        let expanded = AlignedBuffer<UInt8>(count: 128, isSecret: true)
        var sponge = Sponge(.shake256, kernels)
        sponge.absorb(seed, count: 32)
        sponge.absorb(UInt8(rows))
        sponge.absorb(UInt8(columns))
        sponge.finish()
        sponge.squeeze(expanded.base, count: 128)

        encoded.base.update(from: expanded.base, count: 32)
        (encoded.base + 32).update(from: expanded.base + 96, count: 32)
        MLDSASampling.expandMatrix(
            matrix, stride: columns, seed: expanded.base, parameters, kernels)
        MLDSASampling.expandSecrets(secrets, seed: expanded.base + 32, parameters, kernels)
        publicKey = Self.derivePublicKey(matrix, secrets, seed: expanded.base, parameters, kernels)
        publicKey.withUnsafeBytes { bytes in
            sponge.reset()
            sponge.absorb(bytes)
            sponge.finish()
            sponge.squeeze(encoded.base + 64, count: 64)
        }
        encodeSecrets()
        kernels.table.pointee.dsa_ntt(secrets.base, columns + 2 * rows)
    }

    /// Computes t = A * s1 + s2 and splits it: t0 goes behind s1 and s2, and the encoding of t1
    /// behind the seed of the matrix is the public key. Secrets are in the plain domain.
    private static func derivePublicKey(
        _ matrix: borrowing AlignedBuffer<Int32>, _ secrets: borrowing AlignedBuffer<Int32>,
        seed: UnsafePointer<UInt8>, _ parameters: MLDSAParameters, _ kernels: Kernels
    ) -> [UInt8] {
        let (rows, columns) = (parameters.rows, parameters.columns)
        let table = kernels.table
        let s1 = AlignedBuffer<Int32>(count: degree * columns, isSecret: true)
        let t = AlignedBuffer<Int32>(count: degree, isSecret: true)
        let t1 = AlignedBuffer<Int32>(count: degree, isSecret: false)
        s1.base.update(from: secrets.base, count: degree * columns)
        table.pointee.dsa_ntt(s1.base, columns)
        return [UInt8](unsafeUninitializedCapacity: parameters.publicKeyBytes) { key, count in
            guard let bytes = key.baseAddress else { return }
            bytes.initialize(from: seed, count: 32)
            for row in 0..<rows {
                table.pointee.dsa_dot(
                    t.base, matrix.polynomial(row * columns), s1.base, columns)
                table.pointee.dsa_inverse_ntt(t.base, 1)
                let s2 = secrets.polynomial(columns + row)
                for j in 0..<degree {
                    // The product is in (-q, q) and s2 in -4...4: twice made non-negative, once
                    // brought below q.
                    let sum = PortableMLDSA.nonNegative(t.base[j]) &+ s2[j]
                    let reduced = PortableMLDSA.nonNegative(sum) &- PortableMLDSA.q
                    t.base[j] = PortableMLDSA.nonNegative(reduced)
                }
                MLDSAEncoding.power2Round(
                    t.base, high: t1.base, low: secrets.polynomial(columns + rows + row))
                MLDSAEncoding.pack(
                    bytes + 32 + 320 * row, t1.base, bits: 10, offset: 0, sign: 1)
            }
            count = parameters.publicKeyBytes
        }
    }

    /// Writes s1, s2 and t0, still in the plain domain, behind the three seeds.
    private func encodeSecrets() {
        let (rows, columns) = (parameters.rows, parameters.columns)
        let bytes = encoded.base + 128
        for index in 0..<(rows + columns) {
            MLDSAEncoding.pack(
                bytes + parameters.secretPolynomialBytes * index, secrets.polynomial(index),
                bits: parameters.secretBits, offset: parameters.eta, sign: -1)
        }
        let tail = bytes + parameters.secretPolynomialBytes * (rows + columns)
        for row in 0..<rows {
            MLDSAEncoding.pack(
                tail + 416 * row, secrets.polynomial(columns + rows + row), bits: 13,
                offset: 4096, sign: -1)
        }
    }

    /// Decodes a private key in the encoding of FIPS 204 (skDecode).
    ///
    /// The secrets must be in range, and the public key and t0 that follow from them must be the
    /// ones that the encoding speaks of: a key that was altered signs nothing.
    ///
    /// - Precondition: `bytes` has the length of an expanded private key.
    init(
        expanded bytes: UnsafePointer<UInt8>, _ parameters: MLDSAParameters, _ kernels: Kernels
    ) throws(PostQuantumError) {
        self.parameters = parameters
        self.kernels = kernels
        let (rows, columns) = (parameters.rows, parameters.columns)
        encoded = AlignedBuffer(count: parameters.expandedKeyBytes, isSecret: true)
        matrix = AlignedBuffer(count: degree * rows * columns, isSecret: false)
        secrets = AlignedBuffer(count: degree * (columns + 2 * rows), isSecret: true)
        for index in 0..<(rows + columns) {
            MLDSAEncoding.unpack(
                secrets.polynomial(index),
                bytes + 128 + parameters.secretPolynomialBytes * index,
                bits: parameters.secretBits, offset: parameters.eta, sign: -1)
        }
        let exceeds = kernels.table.pointee.dsa_exceeds(
            secrets.base, rows + columns, parameters.eta + 1)
        MLDSASampling.expandMatrix(matrix, stride: columns, seed: bytes, parameters, kernels)
        publicKey = Self.derivePublicKey(matrix, secrets, seed: bytes, parameters, kernels)
        guard exceeds == 0 else { throw .invalidKeyEncoding }
        encoded.base.update(from: bytes, count: 64)
        var sponge = Sponge(.shake256, kernels)
        publicKey.withUnsafeBytes { sponge.absorb($0) }
        sponge.finish()
        sponge.squeeze(encoded.base + 64, count: 64)
        encodeSecrets()
        guard areEqual(encoded.base, bytes, count: encoded.count) else {
            throw .publicKeyMismatch
        }
        kernels.table.pointee.dsa_ntt(secrets.base, columns + 2 * rows)
    }
}

/// Whether two runs of bytes are the same, in a time that depends on their length alone.
func areEqual(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int
) -> Bool {
    var difference: UInt64 = 0
    for index in 0..<count { difference |= UInt64(left[index] ^ right[index]) }
    return pq_opaque(difference) == 0
}
