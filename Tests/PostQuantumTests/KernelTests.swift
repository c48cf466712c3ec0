import CPostQuantumKernels
import Testing

@testable import PostQuantum

/// A small generator whose numbers a failing test can be repeated with.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in next() } }
    private mutating func next() -> UInt8 { UInt8(truncatingIfNeeded: next() as UInt64) }
}

/// Every set of vector kernels against the portable ones.
@Suite struct KernelTests {
    private let vectorKernels = [InstructionSet.avx2, .avx512].compactMap { Kernels.find($0) }
    private let portable = Kernels.available(.portable)
    private let q = PortableMLDSA.q

    private func polynomials<Element: BitwiseCopyable>(
        _ values: [Element]
    ) -> AlignedBuffer<
        Element
    > {
        let buffer = AlignedBuffer(count: values.count, filledWith: values[0], isSecret: false)
        for (index, value) in values.enumerated() { buffer.base[index] = value }
        return buffer
    }

    private func contents<Element>(_ buffer: borrowing AlignedBuffer<Element>) -> [Element] {
        Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
    }

    private func residues(_ buffer: borrowing AlignedBuffer<Int32>) -> [Int32] {
        contents(buffer).map { ($0 % q + q) % q }
    }

    /// Coefficients around the ends of the range, and at random in between.
    private func coefficients(
        _ count: Int, below bound: Int32, _ generator: inout TestGenerator
    ) -> [Int32] {
        (0..<count * degree).map { _ in
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: bound - 1
            case 1: 1 - bound
            case 2: 0
            default: Int32.random(in: 1 - bound...bound - 1, using: &generator)
            }
        }
    }

    @Test("Vector transforms and dot products of ML-DSA agree with the portable ones")
    func transforms() {
        var generator = TestGenerator(seed: 1)
        for kernels in vectorKernels {
            for _ in 0..<20 {
                let values = coefficients(2, below: q, &generator)
                let a = polynomials(values)
                let b = polynomials(values)
                kernels.table.pointee.dsa_ntt(a.base, 2)
                portable.table.pointee.dsa_ntt(b.base, 2)
                #expect(contents(a).allSatisfy { abs($0) < 9 * q })
                kernels.table.pointee.dsa_reorder(b.base, 2)
                #expect(residues(a) == residues(b))

                let c = polynomials(values)
                let d = polynomials(values)
                kernels.table.pointee.dsa_reorder(c.base, 2)
                kernels.table.pointee.dsa_inverse_ntt(c.base, 2)
                portable.table.pointee.dsa_inverse_ntt(d.base, 2)
                #expect(contents(c).allSatisfy { abs($0) < q })
                #expect(residues(c) == residues(d))

                let left = polynomials(coefficients(8, below: q, &generator))
                let right = polynomials(coefficients(8, below: 9 * q, &generator))
                for terms in 1...8 {
                    let x = polynomials(values)
                    let y = polynomials(values)
                    kernels.table.pointee.dsa_dot(x.base, left.base, right.base, terms)
                    portable.table.pointee.dsa_dot(y.base, left.base, right.base, terms)
                    #expect(contents(x) == contents(y))
                    #expect(contents(x).prefix(degree).allSatisfy { abs($0) < q })
                }
            }
        }
    }

    @Test("A transform and its inverse cancel, up to the Montgomery factor")
    func inverse() {
        var generator = TestGenerator(seed: 2)
        for kernels in vectorKernels + [portable] {
            let values = coefficients(1, below: q, &generator)
            let a = polynomials(values)
            kernels.table.pointee.dsa_ntt(a.base, 1)
            for j in 0..<degree { a.base[j] %= q }
            kernels.table.pointee.dsa_inverse_ntt(a.base, 1)
            let factor = (Int64(1) << 32) % Int64(q)
            let expected = values.map { Int32((Int64($0) * factor) % Int64(q)) }
            #expect(residues(a) == expected.map { ($0 + q) % q })
        }
    }

    @Test("Vector rounding, hints and bounds agree with the portable ones on every coefficient")
    func rounding() {
        // Every residue, in polynomials of 256, with a step in between to keep the test short.
        let starts = stride(from: -q + 1, to: q, by: 97 * 256)
        for kernels in vectorKernels {
            for start in starts {
                let values = (0..<256).map { min(start + 97 * $0, q - 1) }
                let p = polynomials(values)
                let outputs = [kernels, portable].map { kernels in
                    let low = polynomials(values)
                    let high = polynomials(values)
                    let packed = polynomials([UInt8](repeating: 0, count: 128))
                    let used = polynomials([UInt8](repeating: 0, count: 128))
                    let hints = polynomials((0..<8).map { UInt32($0) &* 0x9abc_def1 })
                    let made = polynomials([UInt32](repeating: 0, count: 8))
                    let table = kernels.table
                    table.pointee.dsa_decompose(low.base, high.base, packed.base, p.base)
                    table.pointee.dsa_use_hint(used.base, p.base, hints.base)
                    let low2 = contents(low).map { $0 * 101 / 100 }
                    let moved = polynomials(low2)
                    let count = table.pointee.dsa_make_hint(made.base, moved.base, high.base)
                    return "\(contents(low)) \(contents(high)) \(contents(packed)) "
                        + "\(contents(used)) \(contents(made)) \(count)"
                }
                #expect(outputs[0] == outputs[1])
            }
        }
    }

    @Test("A coefficient at a bound is seen wherever it stands")
    func bounds() {
        for kernels in vectorKernels + [portable] {
            let a = polynomials([Int32](repeating: 99, count: 2 * degree))
            #expect(kernels.table.pointee.dsa_exceeds(a.base, 2, 100) == 0)
            for j in 0..<2 * degree {
                for value: Int32 in [100, -100, 1 << 20, -1 << 20] {
                    a.base[j] = value
                    #expect(kernels.table.pointee.dsa_exceeds(a.base, 2, 100) != 0)
                }
                a.base[j] = -99
            }
            #expect(kernels.table.pointee.dsa_exceeds(a.base, 2, 100) == 0)
        }
    }

    @Test("Vector sums and mask encodings of ML-DSA agree with the portable ones")
    func sumsAndMasks() {
        var generator = TestGenerator(seed: 3)
        for kernels in vectorKernels {
            for _ in 0..<20 {
                let bytes = polynomials(generator.bytes(640))
                let a = polynomials(coefficients(2, below: 1 << 20, &generator))
                let b = polynomials(coefficients(2, below: q, &generator))
                let outputs = [kernels, portable].map { kernels in
                    let table = kernels.table
                    let sum = polynomials(contents(a))
                    table.pointee.dsa_add(sum.base, b.base, 2)
                    let difference = polynomials(contents(a))
                    table.pointee.dsa_subtract(difference.base, b.base, 2)
                    let mask = polynomials([Int32](repeating: 0, count: degree))
                    table.pointee.dsa_unpack_mask(mask.base, bytes.base)
                    let packed = polynomials([UInt8](repeating: 0, count: 640))
                    table.pointee.dsa_pack_mask(packed.base, mask.base)
                    #expect(contents(packed) == contents(bytes))
                    return [contents(sum), contents(difference), contents(mask)]
                }
                #expect(outputs[0] == outputs[1])
            }
        }
    }

    @Test("Vector samplers keep what the portable ones keep, for every length of input")
    func samplers() {
        var generator = TestGenerator(seed: 4)
        for kernels in vectorKernels {
            for length in stride(from: 3, through: 840, by: 3) {
                // Bytes that are often all ones make candidates that are rejected.
                let bytes = polynomials(
                    generator.bytes(length).map { $0 & 7 == 0 ? 0xff : $0 })
                let have = length % 200
                let outputs = [kernels, portable].map { kernels in
                    let wide = polynomials([Int32](repeating: 0, count: degree + 16))
                    let count = kernels.table.pointee.dsa_sample_uniform(
                        wide.base, have, bytes.base, length)
                    let narrow = polynomials([Int16](repeating: 0, count: degree + 32))
                    let other = kernels.table.pointee.kem_sample_uniform(
                        narrow.base, have, bytes.base, length)
                    return "\(contents(wide)[..<count]) \(contents(narrow)[..<other])"
                }
                #expect(outputs[0] == outputs[1])
            }
        }
    }

    @Test("The vector kernels of ML-KEM agree with the portable ones")
    func encapsulationKernels() {
        var generator = TestGenerator(seed: 5)
        for kernels in vectorKernels {
            for _ in 0..<20 {
                let values = coefficients(8, below: 3329, &generator).map { Int16($0) }
                let a = polynomials(values)
                let outputs = [kernels, portable].map { kernels in
                    let forward = polynomials(values)
                    let backward = polynomials(values)
                    kernels.table.pointee.kem_ntt(forward.base, 8)
                    kernels.table.pointee.kem_inverse_ntt(backward.base, 8)
                    let product = polynomials([Int16](repeating: 0, count: degree))
                    kernels.table.pointee.kem_dot(
                        product.base, a.base, a.base + 4 * degree, 3)
                    for buffer in [contents(forward), contents(backward), contents(product)] {
                        #expect(buffer.allSatisfy { abs($0) < 3329 })
                    }
                    return [contents(forward), contents(backward), contents(product)].map {
                        $0.map { ($0 % 3329 + 3329) % 3329 }
                    }
                }
                #expect(outputs[0] == outputs[1])
            }
        }
    }

    @Test("Compression by reciprocal is the rounded quotient of FIPS 203 on every residue")
    func compression() {
        for bits: UInt64 in [1, 4, 10] {
            for value in 0..<3329 {
                let rounded = ((value << Int(bits)) * 2 + 3329) / (2 * 3329) % (1 << Int(bits))
                #expect(MLKEMEncoding.compress(Int16(value), bits: bits) == UInt64(rounded))
            }
        }
    }

    @Test("Decompose by reciprocal is that of FIPS 204 on every residue")
    func decomposition() {
        let gamma2 = PortableMLDSA.gamma2
        var differences = 0
        for value in 0..<q {
            var low = value % (2 * gamma2)
            if low > gamma2 { low -= 2 * gamma2 }
            var high = (value - low) / (2 * gamma2)
            if value - low == q - 1 { (high, low) = (0, low - 1) }
            let found = PortableMLDSA.decomposed(value)
            if found.high != high || found.low != low { differences += 1 }
        }
        #expect(differences == 0)
    }
}
