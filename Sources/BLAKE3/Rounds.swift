/// What the rounds are computed on: a word of one message, or the same word of several.
protocol RoundWord {
    static func &+ (left: Self, right: Self) -> Self
    static func ^ (left: Self, right: Self) -> Self
    /// Every 32-bit word rotated right by `count`, 1 to 31.
    func rotatedRight(by count: UInt32) -> Self
}

extension UInt32: RoundWord {
    @inline(__always)
    func rotatedRight(by count: UInt32) -> UInt32 {
        (self &>> count) | (self &<< (32 &- count))
    }
}

extension SIMD4: RoundWord where Scalar == UInt32 {
    /// The parts do not overlap, so their sum is their union; written with `|`, the compiler
    /// takes the vector apart.
    @inline(__always)
    func rotatedRight(by count: UInt32) -> SIMD4<UInt32> {
        (self &>> SIMD4(repeating: count)) &+ (self &<< SIMD4(repeating: 32 &- count))
    }
}

/// The sixteen words that the rounds work on, one by one so that they stay in registers.
struct RoundState<Word: RoundWord> {
    var s0: Word, s1: Word, s2: Word, s3: Word
    var s4: Word, s5: Word, s6: Word, s7: Word
    var s8: Word, s9: Word, s10: Word, s11: Word
    var s12: Word, s13: Word, s14: Word, s15: Word

    /// The quarter round G (BLAKE3 paper, section 2.2).
    @inline(__always)
    private static func mix(
        _ a: inout Word, _ b: inout Word, _ c: inout Word, _ d: inout Word,
        _ first: Word, _ second: Word
    ) {
        a = a &+ first &+ b
        d = (d ^ a).rotatedRight(by: 16)
        c = c &+ d
        b = (b ^ c).rotatedRight(by: 12)
        a = a &+ second &+ b
        d = (d ^ a).rotatedRight(by: 8)
        c = c &+ d
        b = (b ^ c).rotatedRight(by: 7)
    }

    /// One round over the message words in the round's order: the columns, then the diagonals.
    @inline(__always)
    private mutating func round(
        _ m0: Word, _ m1: Word, _ m2: Word, _ m3: Word,
        _ m4: Word, _ m5: Word, _ m6: Word, _ m7: Word,
        _ m8: Word, _ m9: Word, _ m10: Word, _ m11: Word,
        _ m12: Word, _ m13: Word, _ m14: Word, _ m15: Word
    ) {
        Self.mix(&s0, &s4, &s8, &s12, m0, m1)
        Self.mix(&s1, &s5, &s9, &s13, m2, m3)
        Self.mix(&s2, &s6, &s10, &s14, m4, m5)
        Self.mix(&s3, &s7, &s11, &s15, m6, m7)
        Self.mix(&s0, &s5, &s10, &s15, m8, m9)
        Self.mix(&s1, &s6, &s11, &s12, m10, m11)
        Self.mix(&s2, &s7, &s8, &s13, m12, m13)
        Self.mix(&s3, &s4, &s9, &s14, m14, m15)
    }

    /// All seven rounds over the message words m0 to m15.
    ///
    /// The order of the words in each round is the paper's permutation (table 2) applied once
    /// more per round, written out.
    @inline(__always)
    mutating func rounds(
        _ m0: Word, _ m1: Word, _ m2: Word, _ m3: Word,
        _ m4: Word, _ m5: Word, _ m6: Word, _ m7: Word,
        _ m8: Word, _ m9: Word, _ m10: Word, _ m11: Word,
        _ m12: Word, _ m13: Word, _ m14: Word, _ m15: Word
    ) {
        round(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15)
        round(m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8)
        round(m3, m4, m10, m12, m13, m2, m7, m14, m6, m5, m9, m0, m11, m15, m8, m1)
        round(m10, m7, m12, m9, m14, m3, m13, m15, m4, m0, m11, m2, m5, m8, m1, m6)
        round(m12, m13, m9, m11, m15, m10, m14, m8, m7, m2, m5, m3, m0, m1, m6, m4)
        round(m9, m14, m11, m5, m8, m12, m15, m1, m13, m3, m0, m10, m2, m6, m4, m7)
        round(m11, m15, m5, m0, m1, m9, m8, m6, m14, m10, m2, m12, m3, m4, m7, m13)
    }
}
