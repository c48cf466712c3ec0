import CPostQuantumKernels

/// The sizes of ML-KEM-768 (FIPS 203, tables 2 and 3).
enum MLKEMSizes {
    /// The rank of the module.
    static let rank = 3
    static let polynomialBytes = 384
    static let encapsulationKey = polynomialBytes * rank + 32
    static let decapsulationKey = 2 * polynomialBytes * rank + 96
    static let ciphertext = 320 * rank + 128
    static let seed = 64
    static let secret = 32
}

/// An encapsulation key with the matrix expanded.
final class MLKEMEncapsulationMaterial: @unchecked Sendable {
    let kernels: Kernels
    let encoded: [UInt8]
    /// The matrix, transposed: row by row what encapsulation multiplies with.
    let transposed: AlignedBuffer<Int16>
    let t: AlignedBuffer<Int16>
    /// The SHA3-256 digest of the encoding.
    let digest: [UInt8]

    /// Decodes a key, with the check of FIPS 203, section 7.2.
    ///
    /// - Precondition: `encoded` has the length of an encapsulation key.
    init(encoded: [UInt8], _ kernels: Kernels) throws(PostQuantumError) {
        self.kernels = kernels
        self.encoded = encoded
        let rank = MLKEMSizes.rank
        transposed = AlignedBuffer(count: degree * rank * rank, isSecret: false)
        t = AlignedBuffer(count: degree * rank, isSecret: false)
        digest = spongeOutput(
            .sha3Of256Bits, of: encoded.span.bytes, byteCount: 32, kernels: kernels)
        var isCanonical = true
        encoded.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            for index in 0..<rank {
                let polynomial = t.polynomial(index)
                MLKEMEncoding.unpack12(polynomial, base + MLKEMSizes.polynomialBytes * index)
                if MLKEMEncoding.exceedsModulus(polynomial) { isCanonical = false }
            }
            MLKEMSampling.expandMatrix(
                transposed, transposed: true, seed: base + MLKEMSizes.polynomialBytes * rank,
                kernels)
        }
        guard isCanonical else { throw .invalidKeyEncoding }
    }

    /// K-PKE.Encrypt (FIPS 203, algorithm 14).
    func encrypt(
        _ message: UnsafePointer<UInt8>, coins: UnsafePointer<UInt8>,
        into ciphertext: UnsafeMutablePointer<UInt8>
    ) {
        let rank = MLKEMSizes.rank
        let table = kernels.table
        // y, then e1, then e2.
        let noise = AlignedBuffer<Int16>(count: degree * (2 * rank + 1), isSecret: true)
        let u = AlignedBuffer<Int16>(count: degree * rank, isSecret: true)
        let v = AlignedBuffer<Int16>(count: 2 * degree, isSecret: true)
        MLKEMSampling.expandNoise(noise, count: 2 * rank + 1, seed: coins, kernels)
        table.pointee.kem_ntt(noise.base, rank)
        for row in 0..<rank {
            table.pointee.kem_dot(
                u.polynomial(row), transposed.polynomial(row * rank), noise.base, rank)
        }
        table.pointee.kem_dot(v.base, t.base, noise.base, rank)
        table.pointee.kem_inverse_ntt(u.base, rank)
        table.pointee.kem_inverse_ntt(v.base, 1)
        let e1 = noise.polynomial(rank)
        for j in 0..<(degree * rank) { u.base[j] = PortableMLKEM.centred(u.base[j] &+ e1[j]) }
        let e2 = noise.polynomial(2 * rank)
        let encodedMessage = v.polynomial(1)
        MLKEMEncoding.fromMessage(encodedMessage, message)
        for j in 0..<degree {
            v.base[j] = PortableMLKEM.centred(v.base[j] &+ e2[j] &+ encodedMessage[j])
        }
        for row in 0..<rank {
            MLKEMEncoding.packCompressed(ciphertext + 320 * row, u.polynomial(row), bits: 10)
        }
        MLKEMEncoding.packCompressed(ciphertext + 320 * rank, v.base, bits: 4)
    }

    /// ML-KEM.Encaps_internal (FIPS 203, algorithm 17).
    func encapsulate(
        _ message: UnsafePointer<UInt8>, ciphertext: UnsafeMutablePointer<UInt8>,
        secret: UnsafeMutablePointer<UInt8>
    ) {
        let derived = AlignedBuffer<UInt8>(count: 64, isSecret: true)
        var sponge = Sponge(.sha3Of512Bits, kernels)
        sponge.absorb(message, count: 32)
        digest.withUnsafeBytes { sponge.absorb($0) }
        sponge.finish()
        sponge.squeeze(derived.base, count: 64)
        secret.update(from: derived.base, count: 32)
        encrypt(message, coins: derived.base + 32, into: ciphertext)
    }
}

/// A decapsulation key with everything expanded, wiped at the end.
final class MLKEMDecapsulationMaterial: @unchecked Sendable {
    let kernels: Kernels
    let encapsulation: MLKEMEncapsulationMaterial
    /// The key as FIPS 203 encodes it.
    let encoded: AlignedBuffer<UInt8>
    /// The secret vector in the number-theoretic domain.
    private let secrets: AlignedBuffer<Int16>

    private var rejectionSeed: UnsafePointer<UInt8> {
        UnsafePointer(encoded.base + MLKEMSizes.decapsulationKey - 32)
    }

    /// ML-KEM.KeyGen_internal (FIPS 203, algorithm 16) from d and z.
    init(seed: UnsafePointer<UInt8>, _ kernels: Kernels) throws(PostQuantumError) {
        self.kernels = kernels
        let rank = MLKEMSizes.rank
        encoded = AlignedBuffer(count: MLKEMSizes.decapsulationKey, isSecret: true)
        secrets = AlignedBuffer(count: degree * rank, isSecret: true)
        let seeds = AlignedBuffer<UInt8>(count: 64, isSecret: true)
        var sponge = Sponge(.sha3Of512Bits, kernels)
        sponge.absorb(seed, count: 32)
        sponge.absorb(UInt8(rank))
        sponge.finish()
        sponge.squeeze(seeds.base, count: 64)
        let noise = AlignedBuffer<Int16>(count: degree * 2 * rank, isSecret: true)
        MLKEMSampling.expandNoise(noise, count: 2 * rank, seed: seeds.base + 32, kernels)
        kernels.table.pointee.kem_ntt(noise.base, 2 * rank)
        secrets.base.update(from: noise.base, count: degree * rank)
        let key = Self.publicKey(
            matrixSeed: seeds.base, secrets: noise.base, errors: noise.polynomial(rank), kernels)
        encapsulation = try MLKEMEncapsulationMaterial(encoded: key, kernels)
        encode(rejectionSeed: seed + 32)
    }

    /// The encapsulation key: A * s + e, then the seed of A.
    private static func publicKey(
        matrixSeed: UnsafePointer<UInt8>, secrets: UnsafePointer<Int16>,
        errors: UnsafePointer<Int16>, _ kernels: Kernels
    ) -> [UInt8] {
        let rank = MLKEMSizes.rank
        /// 2^32 modulo q, which takes the factor 2^-16 of a dot product away.
        let scale: Int16 = 1353
        let matrix = AlignedBuffer<Int16>(count: degree * rank * rank, isSecret: false)
        let sum = AlignedBuffer<Int16>(count: degree, isSecret: true)
        MLKEMSampling.expandMatrix(matrix, transposed: false, seed: matrixSeed, kernels)
        return [UInt8](unsafeUninitializedCapacity: MLKEMSizes.encapsulationKey) { key, count in
            guard let bytes = key.baseAddress else { return }
            for row in 0..<rank {
                kernels.table.pointee.kem_dot(
                    sum.base, matrix.polynomial(row * rank), secrets, rank)
                for j in 0..<degree {
                    let product = PortableMLKEM.montgomeryProduct(sum.base[j], scale)
                    sum.base[j] = PortableMLKEM.centred(product &+ errors[degree * row + j])
                }
                MLKEMEncoding.pack12(bytes + MLKEMSizes.polynomialBytes * row, sum.base)
            }
            (bytes + MLKEMSizes.polynomialBytes * rank).update(from: matrixSeed, count: 32)
            count = MLKEMSizes.encapsulationKey
        }
    }

    private func encode(rejectionSeed: UnsafePointer<UInt8>) {
        let rank = MLKEMSizes.rank
        for index in 0..<rank {
            MLKEMEncoding.pack12(
                encoded.base + MLKEMSizes.polynomialBytes * index, secrets.polynomial(index))
        }
        var next = encoded.base + MLKEMSizes.polynomialBytes * rank
        for byte in encapsulation.encoded + encapsulation.digest {
            next.pointee = byte
            next += 1
        }
        next.update(from: rejectionSeed, count: 32)
    }

    /// Decodes a key in the encoding of FIPS 203, with the checks of its section 7.3: the hash
    /// inside must be that of the encapsulation key inside. Beyond the standard, which would
    /// reduce them, every coefficient must be below q, as key generation leaves it.
    ///
    /// - Precondition: `bytes` has the length of a decapsulation key.
    init(expanded bytes: UnsafePointer<UInt8>, _ kernels: Kernels) throws(PostQuantumError) {
        self.kernels = kernels
        let rank = MLKEMSizes.rank
        encoded = AlignedBuffer(count: MLKEMSizes.decapsulationKey, isSecret: true)
        secrets = AlignedBuffer(count: degree * rank, isSecret: true)
        encoded.base.update(from: bytes, count: encoded.count)
        var isCanonical = true
        for index in 0..<rank {
            let polynomial = secrets.polynomial(index)
            MLKEMEncoding.unpack12(polynomial, bytes + MLKEMSizes.polynomialBytes * index)
            if MLKEMEncoding.exceedsModulus(polynomial) { isCanonical = false }
        }
        let key = UnsafeBufferPointer(
            start: bytes + MLKEMSizes.polynomialBytes * rank, count: MLKEMSizes.encapsulationKey)
        encapsulation = try MLKEMEncapsulationMaterial(encoded: Array(key), kernels)
        guard isCanonical else { throw .invalidKeyEncoding }
        let digest = UnsafeBufferPointer(start: key.baseAddress.map { $0 + key.count }, count: 32)
        guard encapsulation.digest.elementsEqual(digest) else { throw .publicKeyMismatch }
    }

    /// ML-KEM.Decaps_internal (FIPS 203, algorithm 18). A ciphertext that encapsulation did not
    /// make gives a secret that depends on the key and the ciphertext alone; that it did is
    /// visible neither in the time nor in the access to memory.
    func decapsulate(
        _ ciphertext: UnsafePointer<UInt8>, secret: UnsafeMutablePointer<UInt8>
    ) {
        let message = AlignedBuffer<UInt8>(count: 32, isSecret: true)
        let repeated = AlignedBuffer<UInt8>(count: MLKEMSizes.ciphertext, isSecret: true)
        let rejected = AlignedBuffer<UInt8>(count: 32, isSecret: true)
        decrypt(ciphertext, into: message.base)
        encapsulation.encapsulate(message.base, ciphertext: repeated.base, secret: secret)
        var sponge = Sponge(.shake256, kernels)
        sponge.absorb(rejectionSeed, count: 32)
        sponge.absorb(ciphertext, count: MLKEMSizes.ciphertext)
        sponge.finish()
        sponge.squeeze(rejected.base, count: 32)
        var difference: UInt64 = 0
        for index in 0..<MLKEMSizes.ciphertext {
            difference |= UInt64(ciphertext[index] ^ repeated.base[index])
        }
        let mask = UInt8(truncatingIfNeeded: (0 &- pq_opaque(difference)) &>> 56)
        for index in 0..<32 {
            secret[index] ^= mask & (secret[index] ^ rejected.base[index])
        }
    }

    /// K-PKE.Decrypt (FIPS 203, algorithm 15).
    private func decrypt(
        _ ciphertext: UnsafePointer<UInt8>, into message: UnsafeMutablePointer<UInt8>
    ) {
        let rank = MLKEMSizes.rank
        let table = kernels.table
        let u = AlignedBuffer<Int16>(count: degree * rank, isSecret: true)
        let product = AlignedBuffer<Int16>(count: degree, isSecret: true)
        let v = AlignedBuffer<Int16>(count: degree, isSecret: true)
        for row in 0..<rank {
            MLKEMEncoding.unpackCompressed(u.polynomial(row), ciphertext + 320 * row, bits: 10)
        }
        MLKEMEncoding.unpackCompressed(v.base, ciphertext + 320 * rank, bits: 4)
        table.pointee.kem_ntt(u.base, rank)
        table.pointee.kem_dot(product.base, secrets.base, u.base, rank)
        table.pointee.kem_inverse_ntt(product.base, 1)
        for j in 0..<degree {
            v.base[j] = PortableMLKEM.centred(v.base[j] &- product.base[j])
        }
        MLKEMEncoding.toMessage(message, v.base)
    }
}
