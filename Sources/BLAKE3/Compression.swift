#if _endian(big)
#error("BLAKE3 reads its input as little-endian words; no big-endian platform is supported.")
#endif

/// The eight words that link one compression to the next (BLAKE3 paper, section 2.2).
typealias ChainingValue = SIMD8<UInt32>

/// The sixteen words of one 64-byte block.
typealias Block = SIMD16<UInt32>

/// The sizes that the paper fixes (section 2.1), in bytes.
enum Size {
    static let block = 64
    static let chunk = 1024
    static let output = 32
    static let blocksPerChunk = 16
}

/// The domain flags (BLAKE3 paper, table 3).
enum Flag {
    static let chunkStart: UInt32 = 1
    static let chunkEnd: UInt32 = 2
    static let parent: UInt32 = 4
    static let root: UInt32 = 8
    static let keyedHash: UInt32 = 16
    static let deriveKeyContext: UInt32 = 32
    static let deriveKeyMaterial: UInt32 = 64
}

/// The key of the unkeyed mode: SHA-256's initial words (BLAKE3 paper, table 1).
let initialValue = ChainingValue(
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A,
    0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19)

/// What distinguishes one compression of a block from another, the block itself aside.
struct BlockRole {
    /// The chunk's number, the output block's number, or 0 for a parent.
    var counter: UInt64
    /// The bytes of the block that are message, 0 to 64.
    var byteCount: UInt32
    var flags: UInt32
}

/// The sixteen words that the rounds work on, as scalars that the optimiser keeps in registers.
private struct State {
    var s0: UInt32, s1: UInt32, s2: UInt32, s3: UInt32
    var s4: UInt32, s5: UInt32, s6: UInt32, s7: UInt32
    var s8: UInt32, s9: UInt32, s10: UInt32, s11: UInt32
    var s12: UInt32, s13: UInt32, s14: UInt32, s15: UInt32

    @inline(__always)
    init(_ value: ChainingValue, _ role: BlockRole) {
        (s0, s1, s2, s3) = (value[0], value[1], value[2], value[3])
        (s4, s5, s6, s7) = (value[4], value[5], value[6], value[7])
        (s8, s9) = (initialValue[0], initialValue[1])
        (s10, s11) = (initialValue[2], initialValue[3])
        s12 = UInt32(truncatingIfNeeded: role.counter)
        s13 = UInt32(truncatingIfNeeded: role.counter >> 32)
        (s14, s15) = (role.byteCount, role.flags)
    }

    /// One round: the columns, then the diagonals.
    @inline(__always)
    mutating func round(
        _ m0: UInt32, _ m1: UInt32, _ m2: UInt32, _ m3: UInt32,
        _ m4: UInt32, _ m5: UInt32, _ m6: UInt32, _ m7: UInt32,
        _ m8: UInt32, _ m9: UInt32, _ m10: UInt32, _ m11: UInt32,
        _ m12: UInt32, _ m13: UInt32, _ m14: UInt32, _ m15: UInt32
    ) {
        mix(&s0, &s4, &s8, &s12, m0, m1)
        mix(&s1, &s5, &s9, &s13, m2, m3)
        mix(&s2, &s6, &s10, &s14, m4, m5)
        mix(&s3, &s7, &s11, &s15, m6, m7)
        mix(&s0, &s5, &s10, &s15, m8, m9)
        mix(&s1, &s6, &s11, &s12, m10, m11)
        mix(&s2, &s7, &s8, &s13, m12, m13)
        mix(&s3, &s4, &s9, &s14, m14, m15)
    }
}

@inline(__always)
private func rotateRight(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word &>> count) | (word &<< (32 &- count))
}

/// The quarter round G (BLAKE3 paper, section 2.2).
@inline(__always)
private func mix(
    _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32,
    _ first: UInt32, _ second: UInt32
) {
    a = a &+ b &+ first
    d = rotateRight(d ^ a, 16)
    c = c &+ d
    b = rotateRight(b ^ c, 12)
    a = a &+ b &+ second
    d = rotateRight(d ^ a, 8)
    c = c &+ d
    b = rotateRight(b ^ c, 7)
}

/// The compression function: sixteen output words, of which the first eight chain.
///
/// The order of the message words in each round is the paper's permutation (table 2) applied
/// once more per round, written out.
@inline(__always)
func compressPortably(_ value: ChainingValue, _ m: Block, _ role: BlockRole) -> Block {
    var s = State(value, role)
    s.round(
        m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7],
        m[8], m[9], m[10], m[11], m[12], m[13], m[14], m[15])
    s.round(
        m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13],
        m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8])
    s.round(
        m[3], m[4], m[10], m[12], m[13], m[2], m[7], m[14],
        m[6], m[5], m[9], m[0], m[11], m[15], m[8], m[1])
    s.round(
        m[10], m[7], m[12], m[9], m[14], m[3], m[13], m[15],
        m[4], m[0], m[11], m[2], m[5], m[8], m[1], m[6])
    s.round(
        m[12], m[13], m[9], m[11], m[15], m[10], m[14], m[8],
        m[7], m[2], m[5], m[3], m[0], m[1], m[6], m[4])
    s.round(
        m[9], m[14], m[11], m[5], m[8], m[12], m[15], m[1],
        m[13], m[3], m[0], m[10], m[2], m[6], m[4], m[7])
    s.round(
        m[11], m[15], m[5], m[0], m[1], m[9], m[8], m[6],
        m[14], m[10], m[2], m[12], m[3], m[4], m[7], m[13])
    let low = ChainingValue(
        s.s0 ^ s.s8, s.s1 ^ s.s9, s.s2 ^ s.s10, s.s3 ^ s.s11,
        s.s4 ^ s.s12, s.s5 ^ s.s13, s.s6 ^ s.s14, s.s7 ^ s.s15)
    let high = ChainingValue(s.s8, s.s9, s.s10, s.s11, s.s12, s.s13, s.s14, s.s15)
    return Block(lowHalf: low, highHalf: high ^ value)
}
