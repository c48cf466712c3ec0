/// Four messages hashed side by side, one in each lane of Swift's vectors of four words.
///
/// Four is what the registers of every 64-bit platform hold.
struct FourLanes {
    typealias Vector = SIMD4<UInt32>
    typealias Starts = (
        UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer
    )
    typealias Places = (
        UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer,
        UnsafeMutableRawPointer
    )

    private var h0: Vector, h1: Vector, h2: Vector, h3: Vector
    private var h4: Vector, h5: Vector, h6: Vector, h7: Vector
    private let counterLow: Vector
    private let counterHigh: Vector

    @inline(__always)
    init(_ key: ChainingValue, _ counters: (UInt64, UInt64, UInt64, UInt64)) {
        h0 = Vector(repeating: key[0])
        h1 = Vector(repeating: key[1])
        h2 = Vector(repeating: key[2])
        h3 = Vector(repeating: key[3])
        h4 = Vector(repeating: key[4])
        h5 = Vector(repeating: key[5])
        h6 = Vector(repeating: key[6])
        h7 = Vector(repeating: key[7])
        let all = SIMD4<UInt64>(counters.0, counters.1, counters.2, counters.3)
        counterLow = Vector(truncatingIfNeeded: all)
        counterHigh = Vector(truncatingIfNeeded: all &>> SIMD4(repeating: 32))
    }

    /// Compresses the block at `offset` of every message.
    @inline(__always)
    mutating func compress(_ starts: Starts, offset: Int, flags: UInt32) {
        let (m0, m1, m2, m3) = Self.words(starts, offset)
        let (m4, m5, m6, m7) = Self.words(starts, offset &+ 16)
        let (m8, m9, m10, m11) = Self.words(starts, offset &+ 32)
        let (m12, m13, m14, m15) = Self.words(starts, offset &+ 48)
        var s = RoundState<Vector>(
            s0: h0, s1: h1, s2: h2, s3: h3, s4: h4, s5: h5, s6: h6, s7: h7,
            s8: Vector(repeating: initialValue[0]), s9: Vector(repeating: initialValue[1]),
            s10: Vector(repeating: initialValue[2]), s11: Vector(repeating: initialValue[3]),
            s12: counterLow, s13: counterHigh, s14: Vector(repeating: 64),
            s15: Vector(repeating: flags))
        s.rounds(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15)
        h0 = s.s0 ^ s.s8
        h1 = s.s1 ^ s.s9
        h2 = s.s2 ^ s.s10
        h3 = s.s3 ^ s.s11
        h4 = s.s4 ^ s.s12
        h5 = s.s5 ^ s.s13
        h6 = s.s6 ^ s.s14
        h7 = s.s7 ^ s.s15
    }

    /// Writes the chaining values of the first `count` messages, each to its place.
    @inline(__always)
    func store(count: Int, into places: Places) {
        let (a0, a1, a2, a3) = Self.transpose(h0, h1, h2, h3)
        let (b0, b1, b2, b3) = Self.transpose(h4, h5, h6, h7)
        Self.store(a0, b0, places.0)
        if count > 1 { Self.store(a1, b1, places.1) }
        if count > 2 { Self.store(a2, b2, places.2) }
        if count > 3 { Self.store(a3, b3, places.3) }
    }

    @inline(__always)
    private static func store(_ low: Vector, _ high: Vector, _ place: UnsafeMutableRawPointer) {
        place.storeBytes(
            of: ChainingValue(lowHalf: low, highHalf: high), as: ChainingValue.self)
    }

    /// The four words at `offset` of every message, each as a vector.
    @inline(__always)
    private static func words(
        _ starts: Starts, _ offset: Int
    ) -> (Vector, Vector, Vector, Vector) {
        transpose(
            starts.0.loadUnaligned(fromByteOffset: offset, as: Vector.self),
            starts.1.loadUnaligned(fromByteOffset: offset, as: Vector.self),
            starts.2.loadUnaligned(fromByteOffset: offset, as: Vector.self),
            starts.3.loadUnaligned(fromByteOffset: offset, as: Vector.self))
    }

    /// The columns of the matrix with these rows. Taking every second word twice leaves every
    /// fourth.
    @inline(__always)
    private static func transpose(
        _ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector
    ) -> (Vector, Vector, Vector, Vector) {
        let (ab, cd) = (SIMD8(lowHalf: a, highHalf: b), SIMD8(lowHalf: c, highHalf: d))
        let even = SIMD8(lowHalf: ab.evenHalf, highHalf: cd.evenHalf)
        let odd = SIMD8(lowHalf: ab.oddHalf, highHalf: cd.oddHalf)
        return (even.evenHalf, odd.evenHalf, even.oddHalf, odd.oddHalf)
    }
}
