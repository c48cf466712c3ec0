extension BLAKE3 {
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

        /// The digests under this context of many messages of one size of a few whole blocks:
        /// each equals ``hash(_:)-([UInt8])`` of its message.
        ///
        /// Messages side by side in the lanes of one kernel cost a fraction of what each costs
        /// by itself.
        ///
        /// - Parameters:
        ///   - messages: n messages, one after the other.
        ///   - byteCount: the size of each: a multiple of 64, at most 1024.
        ///   - output: n digests of 32 bytes, elsewhere.
        /// - Precondition: the sizes are as said.
        public func hashMessages(
            _ messages: UnsafeRawBufferPointer, byteCount: Int,
            into output: UnsafeMutableRawBufferPointer
        ) {
            precondition(
                byteCount > 0 && byteCount % Size.block == 0 && byteCount <= Size.chunk,
                "a message is one chunk's whole blocks")
            precondition(messages.count % byteCount == 0, "the last message is not whole")
            let count = messages.count / byteCount
            precondition(output.count == count * Size.output, "a digest has 32 bytes")
            guard let start = messages.baseAddress, let out = output.baseAddress else { return }
            MessageRun(
                start: start, count: count, blocks: byteCount / Size.block,
                counter: 0, counterStep: 0, flags: mode.flags,
                firstFlags: Flag.chunkStart, lastFlags: Flag.chunkEnd | Flag.root
            ).hash(mode.key, mode.instructions, into: out)
        }
    }
}
