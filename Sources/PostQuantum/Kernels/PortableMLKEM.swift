/// The kernels of ML-KEM in Swift alone: the reference that the vector kernels are tested against.
///
/// No branch, index or division depends on a coefficient, save in ``sampleUniform(_:_:_:_:)``,
/// whose input is public.
enum PortableMLKEM {
    static let q: Int16 = 3329
    /// The inverse of q modulo 2^16.
    static let qInverse: Int16 = -3327

    /// The powers of 17 by bit-reversed exponent, times 2^16 modulo q, centred (FIPS 203,
    /// section 4.3 and appendix A).
    static let zetas: [Int16] = {
        var power = (1 << 16) % Int(q)
        var powers: [Int16] = []
        for _ in 0..<128 {
            powers.append(Int16(power > Int(q) / 2 ? power - Int(q) : power))
            power = power * 17 % Int(q)
        }
        return (0..<128).map { index in
            powers[(0..<7).reduce(0) { $0 | ((index >> $1 & 1) << (6 - $1)) }]
        }
    }()

    /// The product times 2^-16 modulo q, in (-q, q), for a product below 2^15 q.
    @inline(__always)
    static func montgomeryProduct(_ left: Int16, _ right: Int16) -> Int16 {
        let product = Int32(left) &* Int32(right)
        let factor = Int16(truncatingIfNeeded: product) &* qInverse
        return Int16(truncatingIfNeeded: (product &- Int32(factor) &* Int32(q)) &>> 16)
    }

    /// The representative nearest zero.
    @inline(__always)
    static func centred(_ value: Int16) -> Int16 {
        let quotient = (Int32(value) &* 20159 &+ (1 &<< 25)) &>> 26
        return Int16(truncatingIfNeeded: Int32(value) &- quotient &* Int32(q))
    }

    /// The representative in 0..<q, for |value| < q.
    @inline(__always)
    static func nonNegative(_ value: Int16) -> Int16 { value &+ ((value &>> 15) & q) }

    static func ntt(_ polynomials: UnsafeMutablePointer<Int16>, _ count: Int) {
        zetas.withUnsafeBufferPointer { zetas in
            for index in 0..<count {
                let p = polynomials + degree &* index
                PortableTransform.forward(
                    p, zetas, shortest: 2, product: { montgomeryProduct($0, $1) })
                for j in 0..<degree { p[j] = centred(p[j]) }
            }
        }
    }

    static func inverseNTT(_ polynomials: UnsafeMutablePointer<Int16>, _ count: Int) {
        /// 2^32 / 128 modulo q.
        let scale: Int16 = 1441
        zetas.withUnsafeBufferPointer { zetas in
            for index in 0..<count {
                let p = polynomials + degree &* index
                PortableTransform.inverse(
                    p, zetas, shortest: 2, reduced: { centred($0) },
                    product: { montgomeryProduct($0, $1) })
                for j in 0..<degree { p[j] = montgomeryProduct(scale, p[j]) }
            }
        }
    }

    static func dot(
        _ result: UnsafeMutablePointer<Int16>, _ a: UnsafePointer<Int16>,
        _ b: UnsafePointer<Int16>, _ terms: Int
    ) {
        zetas.withUnsafeBufferPointer { zetas in
            for pair in 0..<(degree / 2) {
                let zeta = pair & 1 == 0 ? zetas[64 &+ pair / 2] : 0 &- zetas[64 &+ pair / 2]
                var (even, odd): (Int16, Int16) = (0, 0)
                for term in 0..<terms {
                    let x = a + (degree &* term &+ 2 &* pair)
                    let y = b + (degree &* term &+ 2 &* pair)
                    even &+= montgomeryProduct(montgomeryProduct(x[1], y[1]), zeta)
                    even &+= montgomeryProduct(x[0], y[0])
                    odd &+= montgomeryProduct(x[0], y[1])
                    odd &+= montgomeryProduct(x[1], y[0])
                }
                result[2 &* pair] = centred(even)
                result[2 &* pair &+ 1] = centred(odd)
            }
        }
    }

    static func sampleUniform(
        _ polynomial: UnsafeMutablePointer<Int16>, _ have: Int, _ bytes: UnsafePointer<UInt8>,
        _ length: Int
    ) -> Int {
        var filled = have
        var position = 0
        while filled < degree, position < length {
            let word =
                UInt32(bytes[position]) | UInt32(bytes[position &+ 1]) &<< 8
                | UInt32(bytes[position &+ 2]) &<< 16
            let (first, second) = (Int16(word & 0xfff), Int16(word &>> 12))
            polynomial[filled] = first
            filled &+= first < q ? 1 : 0
            guard filled < degree else { break }
            polynomial[filled] = second
            filled &+= second < q ? 1 : 0
            position &+= 3
        }
        return filled
    }
}
