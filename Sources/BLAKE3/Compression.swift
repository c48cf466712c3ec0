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

/// The compression function: sixteen output words, of which the first eight chain.
@inline(__always)
func compress(_ value: ChainingValue, _ m: Block, _ role: BlockRole) -> Block {
    var s = RoundState<UInt32>(
        s0: value[0], s1: value[1], s2: value[2], s3: value[3],
        s4: value[4], s5: value[5], s6: value[6], s7: value[7],
        s8: initialValue[0], s9: initialValue[1], s10: initialValue[2], s11: initialValue[3],
        s12: UInt32(truncatingIfNeeded: role.counter),
        s13: UInt32(truncatingIfNeeded: role.counter &>> 32),
        s14: role.byteCount, s15: role.flags)
    s.rounds(
        m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7],
        m[8], m[9], m[10], m[11], m[12], m[13], m[14], m[15])
    let low = ChainingValue(
        s.s0 ^ s.s8, s.s1 ^ s.s9, s.s2 ^ s.s10, s.s3 ^ s.s11,
        s.s4 ^ s.s12, s.s5 ^ s.s13, s.s6 ^ s.s14, s.s7 ^ s.s15)
    let high = ChainingValue(s.s8, s.s9, s.s10, s.s11, s.s12, s.s13, s.s14, s.s15)
    return Block(lowHalf: low, highHalf: high ^ value)
}

/// Compresses consecutive whole blocks of one chunk; `firstFlags` join the flags of the first.
@inline(__always)
func compress(
    _ value: ChainingValue, _ start: UnsafeRawPointer, blocks: Int, counter: UInt64,
    flags: UInt32, firstFlags: UInt32
) -> ChainingValue {
    var value = value
    var role = BlockRole(counter: counter, byteCount: 64, flags: flags | firstFlags)
    for index in 0..<blocks {
        let block = start.loadUnaligned(fromByteOffset: index &* Size.block, as: Block.self)
        value = compress(value, block, role).lowHalf
        role.flags = flags
    }
    return value
}
