/// An incremental BLAKE3 hasher: hash, keyed hash, key derivation, output of any length.
///
/// It is a value: a copy goes its own way, and ``finalize()`` leaves the hasher as it was, so
/// that more input may follow. It allocates once, when the input outgrows a chunk of 1024 bytes.
///
/// Source: O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3: one function, fast everywhere".
public struct BLAKE3: Sendable {
    private let mode: Mode
    private var chunk: PendingChunk
    /// The finished subtrees from left to right. The top two may still be one subtree's halves:
    /// they are merged only when more input shows that their parent is not the root.
    private var subtrees: [ChainingValue] = []

    init(_ mode: Mode) {
        self.mode = mode
        chunk = PendingChunk(mode, counter: 0)
    }

    /// A hasher without a key.
    public init() { self.init(.unkeyed) }

    /// A keyed hasher: a message authentication code or a pseudo-random function.
    ///
    /// - Parameter key: 32 secret bytes.
    /// - Throws: ``BLAKE3Error/keyByteCount(_:)`` if there are not 32 of them.
    public init(key: [UInt8]) throws(BLAKE3Error) {
        guard key.count == Size.output else { throw .keyByteCount(key.count) }
        let value = key.withUnsafeBytes { $0.loadUnaligned(as: ChainingValue.self) }
        self.init(Mode(key: value, flags: Flag.keyedHash))
    }

    /// A hasher that derives keys from the key material it is given.
    ///
    /// - Parameter context: what the key is for: fixed text, unique to the application and the
    ///   purpose, never made from input (BLAKE3 paper, section 6.2). One that is used often is
    ///   better kept as a ``Context``.
    public init(derivingKeyFor context: String) { self = Context(context).hasher() }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            if chunk.byteCount == Size.chunk { closeChunk() }
            if chunk.byteCount == 0 { merge(before: chunk.counter) }
            let taken: Int
            if chunk.byteCount > 0 || rest.count <= Size.chunk {
                taken = min(rest.count, Size.chunk &- chunk.byteCount)
                chunk.append(UnsafeRawBufferPointer(rebasing: rest[..<taken]), mode)
            } else {
                taken = takeSubtree(rest)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
    }

    /// Hashes the largest whole subtree that starts at the current chunk, which is empty, and
    /// returns its size in bytes.
    private mutating func takeSubtree(_ bytes: UnsafeRawBufferPointer) -> Int {
        let available = bytes.count / Size.chunk
        var chunks = 1 << (Int.bitWidth &- 1 &- available.leadingZeroBitCount)
        while chunk.counter & UInt64(chunks &- 1) != 0 { chunks /= 2 }
        let taken = chunks &* Size.chunk
        let input = UnsafeRawBufferPointer(rebasing: bytes[..<taken])
        let counter = chunk.counter
        if chunks == 1 {
            push(Tree.chunk(input, counter: counter, mode).chainingValue, before: counter)
        } else {
            let (left, right) = Tree.children(input, counter: counter, mode)
            push(left, before: counter)
            push(right, before: counter &+ UInt64(chunks / 2))
        }
        chunk = PendingChunk(mode, counter: counter &+ UInt64(chunks))
        return taken
    }

    private mutating func closeChunk() {
        push(chunk.node(mode).chainingValue, before: chunk.counter)
        chunk = PendingChunk(mode, counter: chunk.counter &+ 1)
    }

    private mutating func push(_ value: ChainingValue, before chunks: UInt64) {
        merge(before: chunks)
        if subtrees.isEmpty { subtrees.reserveCapacity(16) }
        subtrees.append(value)
    }

    /// Merges what `chunks`, the number of chunks so far, says is complete now that more input
    /// follows: the subtrees are then as many as that number has bits set.
    private mutating func merge(before chunks: UInt64) {
        while subtrees.count > chunks.nonzeroBitCount {
            let right = subtrees.removeLast()
            let left = subtrees.removeLast()
            subtrees.append(Node(parentOf: left, right, mode).chainingValue)
        }
    }

    /// The node at the top of everything taken in so far.
    private var root: Node {
        var remaining = subtrees.count
        var node: Node
        if chunk.byteCount > 0 || remaining < 2 {
            node = chunk.node(mode)
        } else {
            node = Node(parentOf: subtrees[remaining - 2], subtrees[remaining - 1], mode)
            remaining -= 2
        }
        while remaining > 0 {
            remaining -= 1
            node = Node(parentOf: subtrees[remaining], node.chainingValue, mode)
        }
        return node
    }

    /// The digest of everything taken in so far.
    public func finalize() -> Output { root.output }

    /// Output of any length, the first 32 bytes of which are the digest.
    ///
    /// - Parameters:
    ///   - byteCount: how many bytes.
    ///   - offset: how many bytes of output are passed over before them.
    /// - Precondition: `byteCount` is not negative, and the output ends before byte 2^64.
    public func finalize(byteCount: Int, from offset: UInt64 = 0) -> [UInt8] {
        precondition(byteCount >= 0, "an output has no negative size")
        return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            finalize(into: UnsafeMutableRawBufferPointer(buffer), from: offset)
            count = byteCount
        }
    }

    /// Fills `buffer` with output, without allocating.
    ///
    /// - Parameter offset: how many bytes of output are passed over first.
    /// - Precondition: the output ends before byte 2^64.
    public func finalize(into buffer: UnsafeMutableRawBufferPointer, from offset: UInt64 = 0) {
        let (_, overflow) = offset.addingReportingOverflow(UInt64(buffer.count))
        precondition(!overflow, "BLAKE3's output ends before byte 2^64")
        let root = root
        var position = offset
        var rest = buffer
        while !rest.isEmpty {
            let skipped = Int(position % UInt64(Size.block))
            let taken = min(rest.count, Size.block - skipped)
            withUnsafeBytes(of: root.outputBlock(position / UInt64(Size.block))) { block in
                rest.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: block[skipped..<skipped + taken]))
            }
            position &+= UInt64(taken)
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[taken...])
        }
    }
}

extension BLAKE3 {
    /// The digest of `bytes`, without allocating.
    public static func hash(_ bytes: RawSpan) -> Output {
        bytes.withUnsafeBytes { Tree.root($0, .unkeyed).output }
    }

    /// The digest of `bytes`, without allocating.
    public static func hash(_ bytes: [UInt8]) -> Output {
        bytes.withUnsafeBytes { Tree.root($0, .unkeyed).output }
    }

    /// The digest of `bytes`, without allocating.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Output {
        Tree.root(bytes, .unkeyed).output
    }
}
