/// The number-theoretic transform of 256 coefficients (FIPS 203, algorithms 9 and 10; FIPS 204,
/// algorithms 41 and 42), as far as the two schemes have it in common.
///
/// They differ in the type of a coefficient, in where they stop, and in when they reduce: what a
/// caller passes is inlined, and costs nothing.
enum PortableTransform {
    /// - Parameters:
    ///   - zetas: powers of the root by bit-reversed exponent.
    ///   - shortest: the distance of two coefficients in the last layer.
    ///   - product: of a power and a coefficient.
    @inline(__always)
    static func forward<Value: FixedWidthInteger>(
        _ p: UnsafeMutablePointer<Value>, _ zetas: UnsafeBufferPointer<Value>, shortest: Int,
        product: (Value, Value) -> Value
    ) {
        var next = 1
        var length = degree / 2
        while length >= shortest {
            var start = 0
            while start < degree {
                let zeta = zetas[next]
                next &+= 1
                for j in start..<(start &+ length) {
                    let t = product(zeta, p[j &+ length])
                    p[j &+ length] = p[j] &- t
                    p[j] = p[j] &+ t
                }
                start &+= 2 &* length
            }
            length /= 2
        }
    }

    /// The inverse, times 2 for each layer, which the caller's scaling takes away.
    ///
    /// - Parameter reduced: what becomes of a sum.
    @inline(__always)
    static func inverse<Value: FixedWidthInteger>(
        _ p: UnsafeMutablePointer<Value>, _ zetas: UnsafeBufferPointer<Value>, shortest: Int,
        reduced: (Value) -> Value, product: (Value, Value) -> Value
    ) {
        var next = zetas.count &- 1
        var length = shortest
        while length < degree {
            var start = 0
            while start < degree {
                let zeta = zetas[next]
                next &-= 1
                for j in start..<(start &+ length) {
                    let t = p[j]
                    p[j] = reduced(t &+ p[j &+ length])
                    p[j &+ length] = product(zeta, p[j &+ length] &- t)
                }
                start &+= 2 &* length
            }
            length *= 2
        }
    }
}
