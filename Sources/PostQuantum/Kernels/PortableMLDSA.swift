/// The kernels of ML-DSA in Swift alone: the reference that the vector kernels are tested against.
///
/// Loops run over public lengths; no branch, index or division depends on a coefficient, save in
/// ``sampleUniform(_:_:_:_:)``, whose input is public. The numbers are those of FIPS 204 for the
/// two larger parameter sets, which share gamma1 = 2^19 and gamma2 = (q - 1) / 32.
enum PortableMLDSA {
    static let q: Int32 = 8_380_417
    /// The inverse of q modulo 2^32.
    static let qInverse: Int32 = 58_728_449
    static let gamma2: Int32 = (q - 1) / 32
    static let maskBase: Int32 = 1 << 19

    /// The powers of 1753 by bit-reversed exponent, times 2^32 modulo q, centred (FIPS 204,
    /// section 7.5 and appendix B).
    static let zetas: [Int32] = {
        func centred(_ value: Int64) -> Int32 {
            Int32(value > Int64(q) / 2 ? value - Int64(q) : value)
        }
        var power: Int64 = (1 << 32) % Int64(q)
        var powers: [Int32] = []
        for _ in 0..<256 {
            powers.append(centred(power))
            power = power * 1753 % Int64(q)
        }
        return (0..<256).map { index in
            powers[(0..<8).reduce(0) { $0 | ((index >> $1 & 1) << (7 - $1)) }]
        }
    }()

    /// `value` times 2^-32 modulo q, in (-q, q), for |value| < 2^31 q.
    @inline(__always)
    static func montgomeryReduce(_ value: Int64) -> Int32 {
        let factor = Int32(truncatingIfNeeded: value) &* qInverse
        return Int32(truncatingIfNeeded: (value &- Int64(factor) &* Int64(q)) &>> 32)
    }

    @inline(__always)
    static func montgomeryProduct(_ left: Int32, _ right: Int32) -> Int32 {
        montgomeryReduce(Int64(left) &* Int64(right))
    }

    /// The representative nearest zero, for |value| < 2^30.
    @inline(__always)
    static func centred(_ value: Int32) -> Int32 {
        value &- ((value &+ (1 << 22)) &>> 23) &* q
    }

    /// The representative in 0..<q, for |value| < q.
    @inline(__always)
    static func nonNegative(_ value: Int32) -> Int32 { value &+ ((value &>> 31) & q) }

    static func ntt(_ polynomials: UnsafeMutablePointer<Int32>, _ count: Int) {
        zetas.withUnsafeBufferPointer { zetas in
            for index in 0..<count {
                PortableTransform.forward(
                    polynomials + degree &* index, zetas, shortest: 1,
                    product: { montgomeryProduct($0, $1) })
            }
        }
    }

    static func inverseNTT(_ polynomials: UnsafeMutablePointer<Int32>, _ count: Int) {
        /// 2^64 / 256 modulo q.
        let scale: Int32 = 41978
        zetas.withUnsafeBufferPointer { zetas in
            for index in 0..<count {
                let p = polynomials + degree &* index
                PortableTransform.inverse(
                    p, zetas, shortest: 1, reduced: { $0 },
                    product: { montgomeryProduct($0, $1) })
                for j in 0..<degree { p[j] = montgomeryProduct(scale, p[j]) }
            }
        }
    }

    static func dot(
        _ result: UnsafeMutablePointer<Int32>, _ a: UnsafePointer<Int32>,
        _ b: UnsafePointer<Int32>, _ terms: Int
    ) {
        for j in 0..<degree {
            var sum: Int64 = 0
            for term in 0..<terms {
                let position = degree &* term &+ j
                sum &+= Int64(a[position]) &* Int64(b[position])
            }
            result[j] = montgomeryReduce(sum)
        }
    }

    static func sampleUniform(
        _ polynomial: UnsafeMutablePointer<Int32>, _ have: Int, _ bytes: UnsafePointer<UInt8>,
        _ length: Int
    ) -> Int {
        var filled = have
        var position = 0
        while filled < degree, position < length {
            let candidate =
                Int32(bytes[position]) | Int32(bytes[position &+ 1]) &<< 8
                | Int32(bytes[position &+ 2] & 0x7f) &<< 16
            polynomial[filled] = candidate
            filled &+= candidate < q ? 1 : 0
            position &+= 3
        }
        return filled
    }

    static func exceeds(
        _ polynomials: UnsafePointer<Int32>, _ count: Int, _ bound: Int32
    ) -> UInt32 {
        var seen: Int32 = 0
        for j in 0..<(degree &* count) {
            seen |= (bound &- 1 &- polynomials[j]) | (bound &- 1 &+ polynomials[j])
        }
        return UInt32(bitPattern: seen) &>> 31
    }

    static func add(
        _ sum: UnsafeMutablePointer<Int32>, _ addend: UnsafePointer<Int32>, _ count: Int
    ) {
        for j in 0..<(degree &* count) { sum[j] = centred(sum[j] &+ addend[j]) }
    }

    static func subtract(
        _ sum: UnsafeMutablePointer<Int32>, _ subtrahend: UnsafePointer<Int32>, _ count: Int
    ) {
        for j in 0..<(degree &* count) { sum[j] = centred(sum[j] &- subtrahend[j]) }
    }
}
