extension BLAKE3 {
    /// Which of many messages is hashed and where its digest goes, both counted from the first.
    public struct Way: Sendable {
        public var from: UInt32
        public var to: UInt32

        @inlinable
        public init(from: UInt32, to: UInt32) {
            self.from = from
            self.to = to
        }
    }

    /// A purpose under which bytes are hashed, so that equal bytes hashed for two purposes have
    /// unrelated digests.
    ///
    /// This is BLAKE3's key derivation with its first stage done once: hashing under a context
    /// costs as much as hashing without one.
    ///
    /// The text is fixed, unique to the application and the purpose, and never made from input
    /// (BLAKE3 paper, section 6.2).
    public struct Context: Sendable {
        let mode: Mode

        init(_ mode: Mode) { self.mode = mode }

        /// The context that `context` names.
        public init(_ context: String) {
            var context = context
            let stage = Mode(key: initialValue, flags: Flag.deriveKeyContext)
            let key = context.withUTF8 { text in
                Tree.root(UnsafeRawBufferPointer(text), stage).outputBlock(0).lowHalf
            }
            mode = Mode(key: key, flags: Flag.deriveKeyMaterial)
        }

        /// The digest of `bytes` under this context, without allocating.
        public func hash(_ bytes: RawSpan) -> Output {
            bytes.withUnsafeBytes { Tree.root($0, mode).output }
        }

        /// The digest of `bytes` under this context, without allocating.
        public func hash(_ bytes: [UInt8]) -> Output {
            bytes.withUnsafeBytes { Tree.root($0, mode).output }
        }

        /// The digest of `bytes` under this context, without allocating.
        public func hash(_ bytes: UnsafeRawBufferPointer) -> Output {
            Tree.root(bytes, mode).output
        }

        /// An incremental hasher under this context.
        public func hasher() -> BLAKE3 { BLAKE3(mode) }

        /// The digests under this context of many messages of 64 bytes, such as the pairs of
        /// children in a Merkle tree: each equals ``hash(_:)-([UInt8])`` of its message.
        ///
        /// - Parameters:
        ///   - pairs: n messages of 64 bytes, one after the other.
        ///   - output: n digests of 32 bytes. It may start where `pairs` starts, so that a
        ///     tree's level is replaced by the next; any other overlap is an error.
        /// - Precondition: `pairs` is a multiple of 64 bytes and `output` is half as large.
        public func hashPairs(
            _ pairs: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
        ) {
            precondition(pairs.count % Size.block == 0, "a pair has 64 bytes")
            precondition(output.count == pairs.count / 2, "a pair has a digest of 32 bytes")
            guard let start = pairs.baseAddress, let out = output.baseAddress else { return }
            MessageRun(
                start: start, count: pairs.count / Size.block, blocks: 1,
                counter: 0, counterStep: 0, flags: mode.flags | Flag.root,
                firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd
            ).hash(mode.key, mode.instructions, into: out)
        }

        /// The digests under this context of some of many messages of 64 bytes, each written to
        /// where its way says: as ``hashPairs(_:into:)``, without having the pairs brought
        /// together first.
        ///
        /// - Parameters:
        ///   - pairs: messages of 64 bytes, one after the other.
        ///   - output: room for digests of 32 bytes. It may be the room of `pairs`.
        ///   - ways: which pairs, and where their digests go. No digest may be written into a
        ///     pair that is in the list.
        /// - Precondition: `pairs` and `output` have what the ways name.
        public func hashPairs(
            _ pairs: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
            _ ways: UnsafeBufferPointer<Way>
        ) {
            let (pairCount, digestCount) = (pairs.count / Size.block, output.count / Size.output)
            var isWithin = true
            for way in ways {
                isWithin =
                    isWithin && Int(way.from) < pairCount && Int(way.to) < digestCount
            }
            precondition(isWithin, "a way from or to where nothing is")
            guard let start = pairs.baseAddress, let out = output.baseAddress else { return }
            MessageRun(
                start: start, ways: ways.baseAddress, count: ways.count, blocks: 1,
                counter: 0, counterStep: 0, flags: mode.flags | Flag.root,
                firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd
            ).hash(mode.key, mode.instructions, into: out)
        }

        /// The digests under this context of many messages of one size of a few whole blocks:
        /// each equals ``hash(_:)-([UInt8])`` of its message.
        ///
        /// Messages side by side in the lanes of one kernel cost a fraction of what each costs
        /// by itself.
        ///
        /// - Parameters:
        ///   - messages: n messages, one after the other.
        ///   - byteCount: the size of each: a multiple of 64, at most 2048.
        ///   - output: n digests of 32 bytes, elsewhere.
        ///   - wanted: addresses of memory that the caller needs next. While messages of a chunk
        ///     or less are hashed, the memory is asked for it; nothing else depends on them.
        /// - Precondition: the sizes are as said.
        public func hashMessages(
            _ messages: UnsafeRawBufferPointer, byteCount: Int,
            into output: UnsafeMutableRawBufferPointer,
            askingFor wanted: UnsafeBufferPointer<UInt> = .init(start: nil, count: 0)
        ) {
            precondition(
                byteCount > 0 && byteCount % Size.block == 0 && byteCount <= 2 * Size.chunk,
                "a message is the whole blocks of one chunk or two")
            precondition(messages.count % byteCount == 0, "the last message is not whole")
            let count = messages.count / byteCount
            precondition(output.count == count * Size.output, "a digest has 32 bytes")
            guard let start = messages.baseAddress, let out = output.baseAddress else { return }
            guard byteCount <= Size.chunk else {
                for first in stride(from: 0, to: count, by: Tree.width) {
                    hashTwoChunks(
                        start + first &* byteCount, count: min(Tree.width, count &- first),
                        byteCount: byteCount, into: out + first &* Size.output)
                }
                return
            }
            MessageRun(
                start: start, count: count, blocks: byteCount / Size.block,
                counter: 0, counterStep: 0, flags: mode.flags,
                firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd | Flag.root, wanted: wanted
            ).hash(mode.key, mode.instructions, into: out)
        }

        /// Hashes at most `Tree.width` messages of two chunks, the second of which may be short:
        /// all first chunks side by side, then all second ones, then the pairs of their values.
        private func hashTwoChunks(
            _ start: UnsafeRawPointer, count: Int, byteCount: Int,
            into output: UnsafeMutableRawPointer
        ) {
            let tail = byteCount &- Size.chunk
            let values = 2 &* Size.output
            withUnsafeTemporaryAllocation(
                byteCount: count &* (Size.chunk &+ 2 &* values), alignment: Size.block
            ) { room in
                guard let chunks = room.baseAddress else { return }
                let separate = chunks + count &* Size.chunk
                let pairs = separate + count &* values
                for (counter, size) in [(UInt64(0), Size.chunk), (1, tail)] {
                    for message in 0..<count {
                        (chunks + message &* size).copyMemory(
                            from: start + message &* byteCount + Int(counter) &* Size.chunk,
                            byteCount: size)
                    }
                    MessageRun(
                        start: UnsafeRawPointer(chunks), count: count, blocks: size / Size.block,
                        counter: counter, counterStep: 0, flags: mode.flags,
                        firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd
                    ).hash(mode.key, mode.instructions, into: separate)
                    for message in 0..<count {
                        (pairs + message &* values + Int(counter) &* Size.output).copyMemory(
                            from: separate + message &* Size.output, byteCount: Size.output)
                    }
                }
                MessageRun(
                    start: UnsafeRawPointer(pairs), count: count, blocks: 1,
                    counter: 0, counterStep: 0, flags: mode.flags | Flag.parent | Flag.root,
                    firstFlags: 0, lastFlags: 0
                ).hash(mode.key, mode.instructions, into: output)
            }
        }
    }
}
