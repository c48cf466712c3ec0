/// The chunk that a hasher is in the middle of: what is compressed, and the block that is not.
///
/// The last block waits even when it is full, because only more input tells that it is not the
/// last one.
struct PendingChunk: Sendable {
    private var value: ChainingValue
    private var block = Block()
    private var blockByteCount = 0
    private var blocksDone = 0
    let counter: UInt64

    init(_ mode: Mode, counter: UInt64) {
        value = mode.key
        self.counter = counter
    }

    /// The bytes taken in, 0 to 1024.
    var byteCount: Int { blocksDone &* Size.block &+ blockByteCount }

    private var startFlag: UInt32 { blocksDone == 0 ? Flag.chunkStart : 0 }

    /// Takes in `bytes`.
    ///
    /// - Precondition: they fit into the chunk.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ mode: Mode) {
        guard var start = bytes.baseAddress else { return }
        var left = bytes.count
        if blockByteCount > 0 {
            let taken = min(left, Size.block &- blockByteCount)
            fillBlock(start, count: taken)
            start += taken
            left &-= taken
            if left == 0 { return }
            value =
                compress(
                    value, block,
                    BlockRole(counter: counter, byteCount: 64, flags: mode.flags | startFlag)
                ).lowHalf
            blocksDone &+= 1
            block = Block()
            blockByteCount = 0
        }
        let whole = left == 0 ? 0 : (left &- 1) / Size.block
        if whole > 0 {
            value = compress(
                value, start, blocks: whole, counter: counter, flags: mode.flags,
                firstFlags: startFlag)
            blocksDone &+= whole
        }
        fillBlock(start + whole &* Size.block, count: left &- whole &* Size.block)
    }

    private mutating func fillBlock(_ start: UnsafeRawPointer, count: Int) {
        withUnsafeMutableBytes(of: &block) { bytes in
            guard let base = bytes.baseAddress else { return }
            (base + blockByteCount).copyMemory(from: start, byteCount: count)
        }
        blockByteCount &+= count
    }

    /// The compression that ends the chunk.
    func node(_ mode: Mode) -> Node {
        Node(
            value: value, block: block,
            role: BlockRole(
                counter: counter, byteCount: UInt32(truncatingIfNeeded: blockByteCount),
                flags: mode.flags | startFlag | Flag.chunkEnd))
    }
}
