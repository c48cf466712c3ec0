import Glibc

/// A queue of bytes in one contiguous block: appended at the back, consumed at the front.
///
/// Consuming moves an index. Appending moves the bytes that are left to the front, or to a block
/// twice as large, only when the room behind them is used up, so that every byte costs amortised
/// constant time. The limit bounds what the block may hold and thereby what it may grow to.
public struct ByteFIFO: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var head = 0
    private var tail = 0
    /// The bytes that the block has room for.
    public private(set) var capacity = 0
    /// The most bytes that may wait here.
    public internal(set) var limit: Int
    /// Whether bytes were refused because of the limit.
    public private(set) var isOverflown = false

    public init(limit: Int = .max) { self.limit = limit }

    deinit { base?.deallocate() }

    /// The number of bytes that wait.
    public var count: Int { tail - head }
    public var isEmpty: Bool { head == tail }

    /// The bytes that wait, oldest first. Valid until the queue is changed.
    public var readable: UnsafeRawBufferPointer {
        guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + head, count: tail - head)
    }

    /// The bytes that wait, oldest first.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = RawSpan(_unsafeBytes: readable)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// Removes the `byteCount` oldest bytes.
    ///
    /// - Precondition: so many are there.
    public mutating func consume(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count, "more consumed than there is")
        head += byteCount
        if head == tail { removeAll() }
    }

    /// Removes every byte and keeps the block.
    public mutating func removeAll() {
        head = 0
        tail = 0
    }

    public mutating func append(_ byte: UInt8) {
        guard makeRoom(for: 1), let base else { return }
        base.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Appends `bytes`, all of them or, if they don't fit below the limit, none.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        guard makeRoom(for: bytes.count), let base else { return }
        memcpy(base + tail, source, bytes.count)
        tail += bytes.count
    }

    /// Appends `bytes`, all of them or, if they don't fit below the limit, none.
    public mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends `bytes`, all of them or, if they don't fit below the limit, none.
    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends fixed text: no allocation.
    public mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
    }

    /// Lets `write` fill up to `byteCount` bytes in place; it says how many it filled. Does
    /// nothing, and says `false`, if so many don't fit below the limit.
    @discardableResult
    public mutating func append(
        upTo byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Bool {
        guard byteCount > 0 else { return true }
        guard makeRoom(for: byteCount), let base else { return false }
        let room = UnsafeMutableRawBufferPointer(start: base + tail, count: byteCount)
        commit(write(room), of: byteCount)
        return true
    }

    /// Counts `byteCount` bytes, written behind the last, as appended.
    mutating func commit(_ byteCount: Int, of room: Int) {
        precondition(byteCount >= 0 && byteCount <= room, "more written than there was room for")
        precondition(byteCount <= capacity - tail, "more written than there was room for")
        tail += byteCount
    }

    /// Room behind the last byte for a read of about `wanted` bytes, empty at the limit.
    mutating func room(wanted: Int) -> UnsafeMutableRawBufferPointer {
        let allowed = limit - count
        guard allowed > 0 else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        if capacity - tail < min(wanted / 4, allowed) { relocate(for: min(wanted, allowed)) }
        return UnsafeMutableRawBufferPointer(
            start: base.map { $0 + tail }, count: min(capacity - tail, allowed))
    }

    private mutating func makeRoom(for byteCount: Int) -> Bool {
        if byteCount <= capacity - tail, byteCount <= limit - count { return true }
        guard byteCount <= limit - count else {
            isOverflown = true
            return false
        }
        relocate(for: byteCount)
        return true
    }

    /// Moves the bytes to the front of the block or of a larger one.
    private mutating func relocate(for byteCount: Int) {
        let needed = count + byteCount
        let grown = min(max(capacity * 2, needed, 512), max(limit, needed))
        if needed <= capacity, count <= capacity / 2 || grown <= capacity, let base {
            memmove(base, base + head, count)
        } else {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
            if let base {
                memcpy(larger, base + head, count)
                base.deallocate()
            }
            base = larger
            capacity = grown
        }
        tail -= head
        head = 0
    }
}

/// Blocks that no queue holds at present, so that an idle connection holds no memory and a busy
/// one allocates none.
struct BlockPool: ~Copyable {
    static let blockBytes = 65_536
    private static let blockLimit = 64
    private var blocks: [UnsafeMutableRawPointer] = []

    init() { blocks.reserveCapacity(Self.blockLimit) }

    deinit { for block in blocks { block.deallocate() } }

    fileprivate mutating func take() -> UnsafeMutableRawPointer {
        blocks.popLast() ?? .allocate(byteCount: Self.blockBytes, alignment: 16)
    }

    fileprivate mutating func give(_ block: UnsafeMutableRawPointer) {
        if blocks.count < Self.blockLimit { blocks.append(block) } else { block.deallocate() }
    }
}

extension ByteFIFO {
    /// Takes a block from `pool` unless the queue has one.
    mutating func borrowBlock(from pool: inout BlockPool) {
        guard capacity == 0 else { return }
        base = pool.take()
        capacity = BlockPool.blockBytes
    }

    /// Gives the block up if no bytes wait.
    mutating func returnBlock(to pool: inout BlockPool) {
        guard isEmpty, let block = base else { return }
        if capacity == BlockPool.blockBytes { pool.give(block) } else { block.deallocate() }
        base = nil
        capacity = 0
        removeAll()
    }
}
