/// A key and the flags that every compression under it carries, one of the three modes, and
/// the instructions to hash with.
struct Mode: Sendable {
    let key: ChainingValue
    let flags: UInt32
    let instructions: InstructionSet

    init(key: ChainingValue, flags: UInt32, instructions: InstructionSet = .best) {
        self.key = key
        self.flags = flags
        self.instructions = instructions
    }

    @inline(__always)
    static var unkeyed: Mode { Mode(key: initialValue, flags: 0) }
}

/// A compression not done yet, because only later is it known whether it is the root.
struct Node {
    var value: ChainingValue
    var block: Block
    var role: BlockRole

    /// The parent of two subtrees.
    @inline(__always)
    init(parentOf left: ChainingValue, _ right: ChainingValue, _ mode: Mode) {
        value = mode.key
        block = Block(lowHalf: left, highHalf: right)
        role = BlockRole(counter: 0, byteCount: 64, flags: mode.flags | Flag.parent)
    }

    /// The last block of a chunk.
    @inline(__always)
    init(value: ChainingValue, block: Block, role: BlockRole) {
        self.value = value
        self.block = block
        self.role = role
    }

    /// The value that a parent above takes in.
    @inline(__always)
    var chainingValue: ChainingValue { compress(value, block, role).lowHalf }

    /// The first 32 bytes of output, with this node as the root.
    @inline(__always)
    var output: BLAKE3.Output { BLAKE3.Output(outputBlock(0).lowHalf) }

    /// The 64 bytes of output with number `counter`, with this node as the root.
    @inline(__always)
    func outputBlock(_ counter: UInt64) -> Block {
        let flags = role.flags | Flag.root
        return compress(
            value, block, BlockRole(counter: counter, byteCount: role.byteCount, flags: flags))
    }
}

/// The tree over input that lies in memory as a whole (BLAKE3 paper, section 2.1).
enum Tree {
    /// The subtrees that are kept side by side, as many as the widest kernel has lanes.
    static let width = 16

    /// The node of a chunk of at most 1024 bytes.
    @inline(__always)
    static func chunk(_ bytes: UnsafeRawBufferPointer, counter: UInt64, _ mode: Mode) -> Node {
        let wholeBlocks = bytes.isEmpty ? 0 : (bytes.count &- 1) / Size.block
        var value = mode.key
        var flags = mode.flags | Flag.chunkEnd
        var last = Block()
        if let start = bytes.baseAddress {
            value = compress(
                value, start, blocks: wholeBlocks, counter: counter, flags: mode.flags,
                firstFlags: Flag.chunkStart)
            last = partialBlock(
                start + wholeBlocks &* Size.block,
                count: bytes.count &- wholeBlocks &* Size.block)
        }
        if wholeBlocks == 0 { flags |= Flag.chunkStart }
        let rest = UInt32(truncatingIfNeeded: bytes.count &- wholeBlocks &* Size.block)
        return Node(
            value: value, block: last,
            role: BlockRole(counter: counter, byteCount: rest, flags: flags))
    }

    /// The first `count` bytes at `start`, at most 64, followed by zeros.
    @inline(__always)
    static func partialBlock(_ start: UnsafeRawPointer, count: Int) -> Block {
        if count == Size.block { return start.loadUnaligned(as: Block.self) }
        var block = Block()
        withUnsafeMutableBytes(of: &block) { bytes in
            bytes.baseAddress?.copyMemory(from: start, byteCount: count)
        }
        return block
    }

    /// The node at the top of all of `bytes`.
    @inline(__always)
    static func root(_ bytes: UnsafeRawBufferPointer, _ mode: Mode) -> Node {
        if bytes.count <= Size.chunk { return chunk(bytes, counter: 0, mode) }
        let (left, right) = children(bytes, counter: 0, mode)
        return Node(parentOf: left, right, mode)
    }

    /// The two children of the node at the top of `bytes`, which are more than one chunk.
    @inline(never)
    static func children(
        _ bytes: UnsafeRawBufferPointer, counter: UInt64, _ mode: Mode
    ) -> (ChainingValue, ChainingValue) {
        withUnsafeTemporaryAllocation(of: ChainingValue.self, capacity: width) { values in
            let values = UnsafeMutableRawBufferPointer(values)
            var count = subtrees(bytes, counter: counter, mode, into: values)
            while count > 2 { count = pairUp(count, in: values, mode) }
            return (
                values.loadUnaligned(as: ChainingValue.self),
                values.loadUnaligned(fromByteOffset: Size.output, as: ChainingValue.self)
            )
        }
    }

    /// Writes at most `width` chaining values of adjacent subtrees that cover `bytes`, and
    /// returns how many: at least two if there is more than one chunk.
    ///
    /// A value on the right may stand for a smaller subtree than the others; pairing from the
    /// left and carrying an odd last value upward gives the paper's tree all the same, because
    /// every left subtree is a power of two.
    private static func subtrees(
        _ bytes: UnsafeRawBufferPointer, counter: UInt64, _ mode: Mode,
        into values: UnsafeMutableRawBufferPointer
    ) -> Int {
        let chunks = (bytes.count &+ Size.chunk &- 1) / Size.chunk
        if chunks <= width { return leaves(bytes, counter: counter, mode, into: values) }
        let leftChunks = 1 << (Int.bitWidth &- 1 &- (chunks &- 1).leadingZeroBitCount)
        let leftCount = leftChunks &* Size.chunk
        return withUnsafeTemporaryAllocation(
            of: ChainingValue.self, capacity: 2 &* width
        ) { both in
            let both = UnsafeMutableRawBufferPointer(both)
            let left = subtrees(
                UnsafeRawBufferPointer(rebasing: bytes[..<leftCount]), counter: counter, mode,
                into: both)
            let right = subtrees(
                UnsafeRawBufferPointer(rebasing: bytes[leftCount...]),
                counter: counter &+ UInt64(leftChunks), mode,
                into: UnsafeMutableRawBufferPointer(rebasing: both[(left &* Size.output)...]))
            let count = pairUp(left &+ right, in: both, mode)
            values.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: both[..<(count &* Size.output)]))
            return count
        }
    }

    /// Writes the chaining values of at most `width` chunks, and returns how many.
    private static func leaves(
        _ bytes: UnsafeRawBufferPointer, counter: UInt64, _ mode: Mode,
        into values: UnsafeMutableRawBufferPointer
    ) -> Int {
        let whole = bytes.count / Size.chunk
        guard let start = bytes.baseAddress, let out = values.baseAddress else { return 0 }
        MessageRun(
            start: start, count: whole, blocks: Size.blocksPerChunk,
            counter: counter, counterStep: 1, flags: mode.flags,
            firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd
        ).hash(mode.key, mode.instructions, into: out)
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(whole &* Size.chunk)...])
        if rest.isEmpty { return whole }
        let last = chunk(rest, counter: counter &+ UInt64(whole), mode).chainingValue
        values.storeBytes(of: last, toByteOffset: whole &* Size.output, as: ChainingValue.self)
        return whole &+ 1
    }

    /// Replaces `count` values by those of their parents, an odd last one by itself, and
    /// returns how many are left.
    private static func pairUp(
        _ count: Int, in values: UnsafeMutableRawBufferPointer, _ mode: Mode
    ) -> Int {
        guard let start = values.baseAddress else { return 0 }
        let pairs = count / 2
        MessageRun(
            start: UnsafeRawPointer(start), count: pairs, blocks: 1,
            counter: 0, counterStep: 0, flags: mode.flags | Flag.parent, firstFlags: 0,
            lastFlags: 0
        ).hash(mode.key, mode.instructions, into: start)
        if count % 2 == 0 { return pairs }
        let odd = values.loadUnaligned(
            fromByteOffset: (count &- 1) &* Size.output, as: ChainingValue.self)
        values.storeBytes(of: odd, toByteOffset: pairs &* Size.output, as: ChainingValue.self)
        return pairs &+ 1
    }
}
