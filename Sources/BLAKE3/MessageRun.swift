internal import CBLAKE3Kernels

/// A run of equally long messages that lie one after the other, or some of such messages.
///
/// Chunks, parent nodes and independent short messages are all such runs; what differs is the
/// flags and whether the counter moves.
struct MessageRun {
    /// Where the first message starts.
    var start: UnsafeRawPointer
    /// Which messages are hashed and where their values go, or nil for all of them, in order.
    var ways: UnsafePointer<BLAKE3.Way>?
    var count: Int
    /// The length of a message in whole blocks.
    var blocks: Int
    /// The counter of the first message.
    var counter: UInt64
    /// What is added to the counter from message to message: 1 for chunks, otherwise 0.
    var counterStep: UInt64
    /// The flags of every block, and those that the first and the last block have besides.
    var flags: UInt32
    var firstFlags: UInt32
    var lastFlags: UInt32
    /// Addresses of memory that the caller needs next, asked for while the messages are hashed.
    var wanted = UnsafeBufferPointer<UInt>(start: nil, count: 0)

    /// Hashes every message, from `key`, to its 32-byte chaining value at `output`.
    ///
    /// `output` may be `start` if the messages are single blocks: kernels write values after
    /// they read the messages at the same place. With ways, no value may overwrite a message.
    @inline(__always)
    func hash(
        _ key: ChainingValue, _ instructions: InstructionSet,
        into output: UnsafeMutableRawPointer
    ) {
        #if arch(x86_64)
        // A lone message in a wide vector takes longer than without vectors.
        if instructions != .portable, count > 1 {
            hashWithKernel(key, instructions, into: output)
            return
        }
        #endif
        hashPortably(key, into: output)
    }

    #if arch(x86_64)
    private func hashWithKernel(
        _ key: ChainingValue, _ instructions: InstructionSet,
        into output: UnsafeMutableRawPointer
    ) {
        let output = output.assumingMemoryBound(to: UInt8.self)
        withUnsafeBytes(of: key) { key in
            guard let key = key.baseAddress else { return }
            var run = cblake3_run(
                start: start.assumingMemoryBound(to: UInt8.self),
                ways: ways.map {
                    UnsafeRawPointer($0).assumingMemoryBound(to: cblake3_way.self)
                },
                count: count, blocks: blocks, key: key.assumingMemoryBound(to: UInt32.self),
                counter: counter,
                counter_step: counterStep, flags: flags, first_flags: firstFlags,
                last_flags: lastFlags, wanted: wanted.baseAddress,
                wanted_count: wanted.count)
            switch instructions {
            case .portable: break
            case .avx2: cblake3_hash_avx2(&run, output)
            case .avx512: cblake3_hash_avx512(&run, output)
            }
        }
    }
    #endif

    /// The same without any kernel: four at a time in Swift's vectors, a lone last one by itself.
    private func hashPortably(_ key: ChainingValue, into output: UnsafeMutableRawPointer) {
        for address in wanted { cblake3_ask_for(address) }
        var done = 0
        while count &- done > 1 {
            let taken = min(4, count &- done)
            hashFour(key, first: done, count: taken, into: output)
            done &+= taken
        }
        if done < count {
            place(of: done, in: output).storeBytes(of: hashOne(key, done), as: ChainingValue.self)
        }
    }

    @inline(__always)
    private func flags(ofBlock block: Int) -> UInt32 {
        var flags = flags
        if block == 0 { flags |= firstFlags }
        if block == blocks &- 1 { flags |= lastFlags }
        return flags
    }

    @inline(__always)
    private func counter(of message: Int) -> UInt64 {
        counter &+ UInt64(truncatingIfNeeded: message) &* counterStep
    }

    @inline(__always)
    private func address(of message: Int) -> UnsafeRawPointer {
        let position = ways.map { Int($0[message].from) } ?? message
        return start + position &* blocks &* Size.block
    }

    @inline(__always)
    private func place(
        of message: Int, in output: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        let position = ways.map { Int($0[message].to) } ?? message
        return output + position &* Size.output
    }

    /// The chaining value of one message.
    private func hashOne(_ key: ChainingValue, _ message: Int) -> ChainingValue {
        let start = address(of: message)
        var value = key
        for block in 0..<blocks {
            let words = start.loadUnaligned(fromByteOffset: block &* Size.block, as: Block.self)
            let role = BlockRole(
                counter: counter(of: message), byteCount: 64, flags: flags(ofBlock: block))
            value = compress(value, words, role).lowHalf
        }
        return value
    }

    /// Hashes the `count` messages, 2 to 4, from `first` on. Lanes without a message repeat the
    /// last one, so that nothing beyond it is read.
    private func hashFour(
        _ key: ChainingValue, first: Int, count: Int, into output: UnsafeMutableRawPointer
    ) {
        let last = first &+ count &- 1
        let (second, third) = (min(first &+ 1, last), min(first &+ 2, last))
        var lanes = FourLanes(
            key, (counter(of: first), counter(of: second), counter(of: third), counter(of: last)))
        let starts = (
            address(of: first), address(of: second), address(of: third), address(of: last)
        )
        for block in 0..<blocks {
            lanes.compress(
                starts, offset: block &* Size.block, flags: flags(ofBlock: block))
        }
        let places = (
            place(of: first, in: output), place(of: second, in: output),
            place(of: third, in: output), place(of: last, in: output)
        )
        lanes.store(count: count, into: places)
    }
}
