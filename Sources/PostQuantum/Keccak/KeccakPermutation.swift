/// What Keccak-f[1600] needs of a lane: one 64-bit word, or the same word of several states.
protocol KeccakLane: BitwiseCopyable {
    static func ^ (left: Self, right: Self) -> Self
    /// The bits of `other` that `self` lacks.
    func lacking(_ other: Self) -> Self
    func rotated(by bits: UInt64) -> Self
    static func constant(_ value: UInt64) -> Self
}

extension UInt64: KeccakLane {
    @inline(__always) func lacking(_ other: UInt64) -> UInt64 { ~self & other }
    @inline(__always) func rotated(by bits: UInt64) -> UInt64 {
        (self &<< bits) | (self &>> (64 &- bits))
    }
    @inline(__always) static func constant(_ value: UInt64) -> UInt64 { value }
}

// The two halves of a rotation have no bit in common: a sum joins them, and unlike `|` it is
// kept as one vector instruction.
extension SIMD4<UInt64>: KeccakLane {
    @inline(__always) func lacking(_ other: Self) -> Self { ~self & other }
    @inline(__always) func rotated(by bits: UInt64) -> Self {
        (self &<< Self(repeating: bits)) &+ (self &>> Self(repeating: 64 &- bits))
    }
    @inline(__always) static func constant(_ value: UInt64) -> Self { Self(repeating: value) }
}

extension SIMD8<UInt64>: KeccakLane {
    @inline(__always) func lacking(_ other: Self) -> Self { ~self & other }
    @inline(__always) func rotated(by bits: UInt64) -> Self {
        (self &<< Self(repeating: bits)) &+ (self &>> Self(repeating: 64 &- bits))
    }
    @inline(__always) static func constant(_ value: UInt64) -> Self { Self(repeating: value) }
}

/// Keccak-f[1600] of FIPS 202, section 3, over one state or several side by side.
enum KeccakPermutation {
    /// The constants of the step iota, one a round (FIPS 202, section 3.2.5).
    static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a,
        0x8000_0000_8000_8000, 0x0000_0000_0000_808b, 0x0000_0000_8000_0001,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8009, 0x0000_0000_0000_008a,
        0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
        0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089,
        0x8000_0000_0000_8003, 0x8000_0000_0000_8002, 0x8000_0000_0000_0080,
        0x0000_0000_0000_800a, 0x8000_0000_8000_000a, 0x8000_0000_8000_8081,
        0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    static func permuteOne(_ state: UnsafeMutablePointer<UInt64>) { permute(state) }

    static func permuteFour(_ state: UnsafeMutablePointer<UInt64>) {
        let lanes = UnsafeMutableRawPointer(state)
        permute(lanes.assumingMemoryBound(to: SIMD4<UInt64>.self))
    }

    static func permuteEight(_ state: UnsafeMutablePointer<UInt64>) {
        let lanes = UnsafeMutableRawPointer(state)
        permute(lanes.assumingMemoryBound(to: SIMD8<UInt64>.self))
    }

    /// The five sums of theta that are added to every lane of their column.
    @inline(__always)
    private static func theta<Lane: KeccakLane>(
        _ c0: Lane, _ c1: Lane, _ c2: Lane, _ c3: Lane, _ c4: Lane
    ) -> (Lane, Lane, Lane, Lane, Lane) {
        (
            c4 ^ c1.rotated(by: 1), c0 ^ c2.rotated(by: 1), c1 ^ c3.rotated(by: 1),
            c2 ^ c4.rotated(by: 1), c3 ^ c0.rotated(by: 1)
        )
    }

    /// The step chi on one row.
    @inline(__always)
    private static func chi<Lane: KeccakLane>(
        _ b0: Lane, _ b1: Lane, _ b2: Lane, _ b3: Lane, _ b4: Lane
    ) -> (Lane, Lane, Lane, Lane, Lane) {
        (
            b0 ^ b1.lacking(b2), b1 ^ b2.lacking(b3), b2 ^ b3.lacking(b4), b3 ^ b4.lacking(b0),
            b4 ^ b0.lacking(b1)
        )
    }

    /// All 24 rounds, the lanes in local variables throughout.
    @inline(__always)
    private static func permute<Lane: KeccakLane>(_ s: UnsafeMutablePointer<Lane>) {
        var (a0, a1, a2, a3, a4) = (s[0], s[1], s[2], s[3], s[4])
        var (a5, a6, a7, a8, a9) = (s[5], s[6], s[7], s[8], s[9])
        var (a10, a11, a12, a13, a14) = (s[10], s[11], s[12], s[13], s[14])
        var (a15, a16, a17, a18, a19) = (s[15], s[16], s[17], s[18], s[19])
        var (a20, a21, a22, a23, a24) = (s[20], s[21], s[22], s[23], s[24])
        for constant in roundConstants {
            let (d0, d1, d2, d3, d4) = theta(
                a0 ^ a5 ^ a10 ^ a15 ^ a20, a1 ^ a6 ^ a11 ^ a16 ^ a21,
                a2 ^ a7 ^ a12 ^ a17 ^ a22, a3 ^ a8 ^ a13 ^ a18 ^ a23,
                a4 ^ a9 ^ a14 ^ a19 ^ a24)
            let row0 = chi(
                a0 ^ d0, (a6 ^ d1).rotated(by: 44), (a12 ^ d2).rotated(by: 43),
                (a18 ^ d3).rotated(by: 21), (a24 ^ d4).rotated(by: 14))
            let row1 = chi(
                (a3 ^ d3).rotated(by: 28), (a9 ^ d4).rotated(by: 20), (a10 ^ d0).rotated(by: 3),
                (a16 ^ d1).rotated(by: 45), (a22 ^ d2).rotated(by: 61))
            let row2 = chi(
                (a1 ^ d1).rotated(by: 1), (a7 ^ d2).rotated(by: 6), (a13 ^ d3).rotated(by: 25),
                (a19 ^ d4).rotated(by: 8), (a20 ^ d0).rotated(by: 18))
            let row3 = chi(
                (a4 ^ d4).rotated(by: 27), (a5 ^ d0).rotated(by: 36), (a11 ^ d1).rotated(by: 10),
                (a17 ^ d2).rotated(by: 15), (a23 ^ d3).rotated(by: 56))
            let row4 = chi(
                (a2 ^ d2).rotated(by: 62), (a8 ^ d3).rotated(by: 55), (a14 ^ d4).rotated(by: 39),
                (a15 ^ d0).rotated(by: 41), (a21 ^ d1).rotated(by: 2))
            (a0, a1, a2, a3, a4) = row0
            a0 = a0 ^ Lane.constant(constant)
            (a5, a6, a7, a8, a9) = row1
            (a10, a11, a12, a13, a14) = row2
            (a15, a16, a17, a18, a19) = row3
            (a20, a21, a22, a23, a24) = row4
        }
        (s[0], s[1], s[2], s[3], s[4]) = (a0, a1, a2, a3, a4)
        (s[5], s[6], s[7], s[8], s[9]) = (a5, a6, a7, a8, a9)
        (s[10], s[11], s[12], s[13], s[14]) = (a10, a11, a12, a13, a14)
        (s[15], s[16], s[17], s[18], s[19]) = (a15, a16, a17, a18, a19)
        (s[20], s[21], s[22], s[23], s[24]) = (a20, a21, a22, a23, a24)
    }
}
