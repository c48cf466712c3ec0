import CPostQuantumKernels

/// Sampling of FIPS 203, section 4.2.2, several polynomials at once.
enum MLKEMSampling {
    /// Fills the matrix or its transpose (SampleNTT), row by row.
    static func expandMatrix(
        _ matrix: borrowing AlignedBuffer<Int16>, transposed: Bool, seed: UnsafePointer<UInt8>,
        _ kernels: Kernels
    ) {
        let rank = MLKEMSizes.rank
        let rate = SpongeKind.shake128.rate
        let blocks = 3
        let bytes = AlignedBuffer<UInt8>(count: 8 * blocks * rate, isSecret: false)
        let sampled = AlignedBuffer<Int16>(count: 8 * (degree + 32), isSecret: false)
        var start = 0
        while start < rank * rank {
            let used = min(8, rank * rank - start)
            let sponges = ParallelSponge(.shake128, for: used, kernels)
            for way in 0..<used {
                let (row, column) = ((start + way) / rank, (start + way) % rank)
                sponges.absorb(seed, count: 32, way: way)
                sponges.absorb(UInt8(transposed ? row : column), at: 32, way: way)
                sponges.absorb(UInt8(transposed ? column : row), at: 33, way: way)
                sponges.finish(at: 34, way: way)
            }
            var filled = Array(repeating: 0, count: used)
            var next = blocks
            while filled.contains(where: { $0 < degree }) {
                sponges.squeeze(bytes.base, blocks: next, stride: next * rate, used: used)
                for way in 0..<used where filled[way] < degree {
                    filled[way] = kernels.table.pointee.kem_sample_uniform(
                        sampled.base + (degree + 32) * way, filled[way],
                        bytes.base + next * rate * way, next * rate)
                }
                next = 1
            }
            for way in 0..<used {
                matrix.polynomial(start + way).update(
                    from: sampled.base + (degree + 32) * way, count: degree)
            }
            start += 8
        }
    }

    /// Fills `count` (at most 8) polynomials from the centred binomial distribution, with the
    /// numbers from 0 on as nonces (PRF with eta = 2).
    static func expandNoise(
        _ noise: borrowing AlignedBuffer<Int16>, count: Int, seed: UnsafePointer<UInt8>,
        _ kernels: Kernels
    ) {
        let rate = SpongeKind.shake256.rate
        let sponges = ParallelSponge(.shake256, for: count, kernels)
        let bytes = AlignedBuffer<UInt8>(count: 8 * rate, isSecret: true)
        for way in 0..<count {
            sponges.absorb(seed, count: 32, way: way)
            sponges.absorb(UInt8(way), at: 32, way: way)
            sponges.finish(at: 33, way: way)
        }
        sponges.squeeze(bytes.base, blocks: 1, stride: rate, used: count)
        for way in 0..<count {
            MLKEMEncoding.sampleBinomial(noise.polynomial(way), bytes.base + rate * way)
        }
    }
}
