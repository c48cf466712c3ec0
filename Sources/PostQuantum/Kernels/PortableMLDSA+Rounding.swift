/// Packing and rounding kernels of ML-DSA.
extension PortableMLDSA {
    static func unpackMask(_ polynomial: UnsafeMutablePointer<Int32>, _ bytes: UnsafePointer<UInt8>)
    {
        for pair in 0..<(degree / 2) {
            let b = bytes + 5 &* pair
            let first = Int32(b[0]) | Int32(b[1]) &<< 8 | Int32(b[2] & 15) &<< 16
            let second = Int32(b[2]) &>> 4 | Int32(b[3]) &<< 4 | Int32(b[4]) &<< 12
            polynomial[2 &* pair] = maskBase &- first
            polynomial[2 &* pair &+ 1] = maskBase &- second
        }
    }

    static func packMask(_ bytes: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int32>) {
        for pair in 0..<(degree / 2) {
            let b = bytes + 5 &* pair
            let first = maskBase &- polynomial[2 &* pair]
            let second = maskBase &- polynomial[2 &* pair &+ 1]
            b[0] = UInt8(truncatingIfNeeded: first)
            b[1] = UInt8(truncatingIfNeeded: first &>> 8)
            b[2] = UInt8(truncatingIfNeeded: first &>> 16 | second &<< 4)
            b[3] = UInt8(truncatingIfNeeded: second &>> 4)
            b[4] = UInt8(truncatingIfNeeded: second &>> 12)
        }
    }

    /// Decompose of FIPS 204, algorithm 36, for `value` in 0..<q: the high part in 0..<16 and the
    /// low part in -gamma2...gamma2. The division is a product with a rounded reciprocal, exact
    /// on this range.
    @inline(__always)
    static func decomposed(_ value: Int32) -> (high: Int32, low: Int32) {
        let high = (((value &+ 127) &>> 7) &* 1025 &+ (1 &<< 21)) &>> 22 & 15
        var low = value &- high &* (2 &* gamma2)
        low &-= (((q &- 1) / 2 &- low) &>> 31) & q
        return (high, low)
    }

    static func decompose(
        _ low: UnsafeMutablePointer<Int32>, _ high: UnsafeMutablePointer<Int32>,
        _ packedHigh: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int32>
    ) {
        for j in 0..<degree { (high[j], low[j]) = decomposed(nonNegative(polynomial[j])) }
        for pair in 0..<(degree / 2) {
            packedHigh[pair] = UInt8(
                truncatingIfNeeded: high[2 &* pair] | high[2 &* pair &+ 1] &<< 4)
        }
    }

    static func useHint(
        _ packedHigh: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int32>,
        _ hints: UnsafePointer<UInt32>
    ) {
        for pair in 0..<(degree / 2) {
            var packed: Int32 = 0
            for half in 0..<2 {
                let j = 2 &* pair &+ half
                let (high, low) = decomposed(nonNegative(polynomial[j]))
                let hint = Int32(truncatingIfNeeded: hints[j &>> 5] &>> UInt32(j & 31)) & 1
                /// 1 where the low part is positive, otherwise -1.
                let step = 1 &+ 2 &* ((low &- 1) &>> 31)
                packed |= ((high &+ hint &* step) & 15) &<< Int32(4 &* half)
            }
            packedHigh[pair] = UInt8(truncatingIfNeeded: packed)
        }
    }

    static func makeHint(
        _ hints: UnsafeMutablePointer<UInt32>, _ low: UnsafePointer<Int32>,
        _ high: UnsafePointer<Int32>
    ) -> UInt32 {
        var total: UInt32 = 0
        for word in 0..<(degree / 32) {
            var bits: UInt32 = 0
            for bit in 0..<32 {
                let j = 32 &* word &+ bit
                let above = (gamma2 &- low[j]) &>> 31
                let below = (gamma2 &+ low[j]) &>> 31
                /// The lowest value of all rounds to the neighbour unless the high part is zero.
                let isOffEdge = ((low[j] &+ gamma2) | (0 &- low[j] &- gamma2)) &>> 31
                let isHigh = (0 &- high[j]) &>> 31
                let hint = UInt32(bitPattern: above | below | (~isOffEdge & isHigh)) & 1
                bits |= hint &<< UInt32(bit)
                total &+= hint
            }
            hints[word] = bits
        }
        return total
    }
}
