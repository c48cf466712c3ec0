/// A run of equally long messages that start from one key and lie at a fixed distance.
///
/// Chunks, parent nodes and independent short messages are all such runs; what differs is the
/// flags and whether the counter moves.
struct MessageRun {
    /// Where the first message starts; each is `blocks` whole blocks long.
    var start: UnsafeRawPointer
    var count: Int
    var blocks: Int
    var key: ChainingValue
    /// The counter of the first message.
    var counter: UInt64
    /// What is added to the counter from message to message: 1 for chunks, otherwise 0.
    var counterStep: UInt64
    /// The flags of every block, and those that the first and the last block have besides.
    var flags: UInt32
    var firstFlags: UInt32
    var lastFlags: UInt32
}

/// The three operations that the tree is made of.
enum Kernel {
    /// One block, sixteen words out.
    @inline(__always)
    static func compress(_ value: ChainingValue, _ block: Block, _ role: BlockRole) -> Block {
        compressPortably(value, block, role)
    }

    /// Consecutive whole blocks of one chunk; `firstFlags` join the flags of the first one.
    @inline(__always)
    static func chain(
        _ value: ChainingValue, _ start: UnsafeRawPointer, blocks: Int, counter: UInt64,
        flags: UInt32, firstFlags: UInt32
    ) -> ChainingValue {
        var value = value
        var role = BlockRole(counter: counter, byteCount: 64, flags: flags | firstFlags)
        for index in 0..<blocks {
            let block = start.loadUnaligned(fromByteOffset: index &* Size.block, as: Block.self)
            value = compressPortably(value, block, role).lowHalf
            role.flags = flags
        }
        return value
    }

    /// Every message of `run`, each to its 32-byte chaining value at `output`, in order.
    ///
    /// `output` may be where the run starts: a value is written after its message is read.
    static func hash(_ run: MessageRun, into output: UnsafeMutableRawPointer) {
        for index in 0..<run.count {
            let start = run.start + index &* run.blocks &* Size.block
            let counter = run.counter &+ UInt64(truncatingIfNeeded: index) &* run.counterStep
            var value = run.key
            for block in 0..<run.blocks {
                var role = BlockRole(counter: counter, byteCount: 64, flags: run.flags)
                if block == 0 { role.flags |= run.firstFlags }
                if block == run.blocks &- 1 { role.flags |= run.lastFlags }
                let words = start.loadUnaligned(
                    fromByteOffset: block &* Size.block, as: Block.self)
                value = compressPortably(value, words, role).lowHalf
            }
            output.storeBytes(
                of: value, toByteOffset: index &* Size.output, as: ChainingValue.self)
        }
    }
}
