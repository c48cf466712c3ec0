import CPostQuantumKernels

/// Sampling of FIPS 204, section 7.3.
enum MLDSASampling {
    /// Samples polynomials of the matrix from `seed`, up to eight at once (RejNTTPoly), in the
    /// order of the kernels.
    ///
    /// - Parameters:
    ///   - positions: for each polynomial its column and its row.
    ///   - target: where polynomial `i` goes.
    private static func uniform(
        _ seed: UnsafePointer<UInt8>, _ positions: ArraySlice<(column: Int, row: Int)>,
        _ kernels: Kernels, target: (Int) -> UnsafeMutablePointer<Int32>
    ) {
        let blocks = 5
        let rate = SpongeKind.shake128.rate
        let sponges = ParallelSponge(.shake128, for: positions.count, kernels)
        for (way, position) in positions.enumerated() {
            sponges.absorb(seed, count: 32, way: way)
            sponges.absorb(UInt8(position.column), at: 32, way: way)
            sponges.absorb(UInt8(position.row), at: 33, way: way)
            sponges.finish(at: 34, way: way)
        }
        let bytes = AlignedBuffer<UInt8>(count: 8 * blocks * rate, isSecret: false)
        let polynomials = AlignedBuffer<Int32>(count: 8 * (degree + 16), isSecret: false)
        let sample = kernels.table.pointee.dsa_sample_uniform
        sponges.squeeze(bytes.base, blocks: blocks, stride: blocks * rate, used: positions.count)
        var filled = (0..<positions.count).map { way in
            sample(
                polynomials.base + (degree + 16) * way, 0, bytes.base + blocks * rate * way,
                blocks * rate)
        }
        while filled.contains(where: { $0 < degree }) {
            sponges.squeeze(bytes.base, blocks: 1, stride: rate, used: positions.count)
            for way in filled.indices where filled[way] < degree {
                filled[way] = sample(
                    polynomials.base + (degree + 16) * way, filled[way], bytes.base + rate * way,
                    rate)
            }
        }
        for way in filled.indices {
            let polynomial = target(way)
            polynomial.update(from: polynomials.base + (degree + 16) * way, count: degree)
            kernels.table.pointee.dsa_reorder(polynomial, 1)
        }
    }

    /// Fills the matrix (ExpandA): row by row, `stride` polynomials from one row to the next.
    static func expandMatrix(
        _ matrix: borrowing AlignedBuffer<Int32>, stride: Int, seed: UnsafePointer<UInt8>,
        _ parameters: MLDSAParameters, _ kernels: Kernels
    ) {
        let positions = (0..<parameters.rows).flatMap { row in
            (0..<parameters.columns).map { (column: $0, row: row) }
        }
        var start = 0
        while start < positions.count {
            let batch = positions[start..<min(start + 8, positions.count)]
            uniform(seed, batch, kernels) { way in
                let position = positions[start + way]
                return matrix.polynomial(position.row * stride + position.column)
            }
            start += 8
        }
    }

    /// Fills polynomials with coefficients in -eta...eta (ExpandS, RejBoundedPoly).
    ///
    /// How many half-bytes are rejected shows in the time; which ones are kept does not, and the
    /// two are independent, as the standard allows. The value of a kept half-byte goes through
    /// arithmetic alone.
    static func expandSecrets(
        _ secrets: borrowing AlignedBuffer<Int32>, seed: UnsafePointer<UInt8>,
        _ parameters: MLDSAParameters, _ kernels: Kernels
    ) {
        let count = parameters.rows + parameters.columns
        let rate = SpongeKind.shake256.rate
        let bytes = AlignedBuffer<UInt8>(count: 8 * rate, isSecret: true)
        var start = 0
        while start < count {
            let used = min(8, count - start)
            let sponges = ParallelSponge(.shake256, for: used, kernels)
            for way in 0..<used {
                sponges.absorb(seed, count: 64, way: way)
                sponges.absorb(UInt8(start + way), at: 64, way: way)
                sponges.finish(at: 66, way: way)
            }
            var filled = Array(repeating: 0, count: used)
            while filled.contains(where: { $0 < degree }) {
                sponges.squeeze(bytes.base, blocks: 1, stride: rate, used: used)
                for way in 0..<used {
                    filled[way] = bounded(
                        secrets.polynomial(start + way), filled[way], bytes.base + rate * way,
                        parameters.eta)
                }
            }
            start += 8
        }
    }

    /// Appends what one block of SHAKE256 gives, and returns how many coefficients there are now.
    private static func bounded(
        _ polynomial: UnsafeMutablePointer<Int32>, _ have: Int, _ bytes: UnsafePointer<UInt8>,
        _ eta: Int32
    ) -> Int {
        var filled = have
        var position = 0
        let limit: Int32 = eta == 2 ? 15 : 9
        while filled < degree, position < 2 &* SpongeKind.shake256.rate {
            let half = Int32(bytes[position &>> 1] &>> UInt8(4 &* (position & 1))) & 15
            /// `half` modulo 5 for eta = 2: 205 / 1024 is one fifth, near enough below 15.
            let remainder = eta == 2 ? half &- ((205 &* half) &>> 10) &* 5 : half
            polynomial[filled] = eta &- remainder
            filled &+= Int(truncatingIfNeeded: (half &- limit) &>> 31) & 1
            position &+= 1
        }
        return filled
    }

    /// Fills the masks of one attempt at a signature (ExpandMask).
    static func expandMasks(
        _ masks: borrowing AlignedBuffer<Int32>, seed: UnsafePointer<UInt8>, counter: Int,
        _ parameters: MLDSAParameters, _ kernels: Kernels,
        scratch bytes: borrowing AlignedBuffer<UInt8>
    ) {
        let sponges = ParallelSponge(.shake256, for: parameters.columns, kernels)
        for way in 0..<parameters.columns {
            let nonce = counter + way
            sponges.absorb(seed, count: 64, way: way)
            sponges.absorb(UInt8(truncatingIfNeeded: nonce), at: 64, way: way)
            sponges.absorb(UInt8(truncatingIfNeeded: nonce >> 8), at: 65, way: way)
            sponges.finish(at: 66, way: way)
        }
        sponges.squeeze(
            bytes.base, blocks: maskBlocks, stride: maskStride, used: parameters.columns)
        for way in 0..<parameters.columns {
            kernels.table.pointee.dsa_unpack_mask(
                masks.polynomial(way), bytes.base + maskStride * way)
        }
    }

    /// Blocks of SHAKE256 that hold the 640 bytes of a mask.
    private static let maskBlocks = 5
    private static let maskStride = maskBlocks * 136
    /// The bytes that ``expandMasks(_:seed:counter:_:_:scratch:)`` works in.
    static let maskScratchBytes = 8 * maskStride

    /// Writes the challenge polynomial (SampleInBall). `polynomial` must be all zero.
    ///
    /// The seed is part of the signature; that its positions show in the time is harmless, and
    /// for a rejected attempt the standard allows it (section 5.5 and the remark on loops there).
    static func sampleChallenge(
        _ polynomial: UnsafeMutablePointer<Int32>, seed: UnsafePointer<UInt8>,
        _ parameters: MLDSAParameters, _ sponge: inout Sponge
    ) {
        sponge.reset()
        sponge.absorb(seed, count: parameters.challengeBytes)
        sponge.finish()
        let rate = SpongeKind.shake256.rate
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rate) { block in
            guard let base = block.baseAddress else { return }
            var sampler = ChallengeSampler(parameters)
            repeat {
                sponge.squeeze(base, count: rate)
            } while !sampler.consume(base, count: rate, into: polynomial)
            pq_wipe(base, rate)
        }
    }
}

/// SampleInBall of FIPS 204, algorithm 29, block of output by block of output.
struct ChallengeSampler {
    private var next: Int
    private var signs: UInt64?

    init(_ parameters: MLDSAParameters) { next = degree - parameters.tau }

    /// Goes on with `count` more bytes (at least 8), and says whether the polynomial, which was
    /// all zero at the start, is complete.
    mutating func consume(
        _ bytes: UnsafePointer<UInt8>, count: Int, into polynomial: UnsafeMutablePointer<Int32>
    ) -> Bool {
        var position = 0
        var signs: UInt64 = 0
        if let kept = self.signs {
            signs = kept
        } else {
            signs = UInt64(
                littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
            position = 8
        }
        while next < degree, position < count {
            let j = Int(bytes[position])
            position &+= 1
            guard j <= next else { continue }
            polynomial[next] = polynomial[j]
            polynomial[j] = 1 &- 2 &* Int32(truncatingIfNeeded: signs & 1)
            signs &>>= 1
            next &+= 1
        }
        self.signs = signs
        return next == degree
    }
}
