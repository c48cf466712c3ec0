/// Bytes that wait, first in, first out, in one piece of memory: what came from a socket and is not
/// read yet, or what goes to a socket and is not written yet.
///
/// Grows as bytes arrive and keeps its memory, so that a frame costs no allocation; lets large
/// memory go when it is empty.
@safe public struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var head = 0
    private var tail = 0
    private static let keptCapacity = 1 << 20

    /// An empty queue with room for `capacity` bytes.
    public init(capacity: Int = 4_096) {
        self.capacity = max(capacity, 64)
        unsafe base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { unsafe base.deallocate() }

    /// The number of bytes that wait.
    public var count: Int { tail - head }
    public var isEmpty: Bool { head == tail }

    /// Lends the bytes that wait, the oldest first.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe RawSpan(_unsafeStart: base + head, byteCount: count))
    }

    /// Lends some of the bytes that wait, by their place in the queue, to be changed there.
    ///
    /// - Precondition: as many wait.
    public mutating func withMutableBytes<Result: ~Copyable, Failure: Error>(
        in range: Range<Int>, _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "fewer bytes wait")
        var span = unsafe MutableRawSpan(
            _unsafeStart: base + (head + range.lowerBound), byteCount: range.count)
        return try body(&span)
    }

    /// Forgets the oldest `byteCount` bytes.
    ///
    /// - Precondition: as many wait.
    public mutating func consume(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count, "fewer bytes wait")
        head += byteCount
        guard head == tail else { return }
        head = 0
        tail = 0
        if capacity > Self.keptCapacity { move(toCapacity: 4_096) }
    }

    /// Appends `bytes`.
    public mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { source in
            unsafe reserve(source.count).copyMemory(from: source)
        }
        commit(bytes.byteCount)
    }

    /// Appends `bytes`.
    public mutating func append(_ bytes: [UInt8]) { append(unsafe bytes.span.bytes) }

    /// Appends `value` in four bytes, little-endian.
    mutating func append(_ value: UInt32) {
        append(byteCount: 4) { $0.storeBytes(of: value.littleEndian, as: UInt32.self) }
    }

    /// The four bytes at the front as a little-endian number, left where they are; `nil` while
    /// fewer wait.
    func peekLength() -> Int? {
        guard count >= 4 else { return nil }
        return withBytes { Int(unsafe $0.unsafeLoadUnaligned(as: UInt32.self).littleEndian) }
    }

    /// Appends `byteCount` bytes that `write` fills in. They are arbitrary before.
    public mutating func append(byteCount: Int, _ write: (inout MutableRawSpan) -> Void) {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: reserve(byteCount)[..<byteCount])
        var span = unsafe MutableRawSpan(_unsafeBytes: room)
        write(&span)
        commit(byteCount)
    }

    /// Room behind the bytes that wait, for at least `byteCount` more, such as `read(2)` wants.
    /// Valid until the queue is next touched; what was written there is appended by `commit`.
    public mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        if capacity - tail < byteCount {
            let needed = count + byteCount
            // Moving pays once half of the memory is free; otherwise it would happen each time.
            move(toCapacity: needed * 2 <= capacity ? capacity : max(needed, capacity * 2))
        }
        return unsafe UnsafeMutableRawBufferPointer(start: base + tail, count: capacity - tail)
    }

    /// Appends the first `byteCount` bytes of the room that `reserve` gave.
    ///
    /// - Precondition: the room had as many.
    public mutating func commit(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= capacity - tail, "more than was reserved")
        tail += byteCount
    }

    private mutating func move(toCapacity newCapacity: Int) {
        if newCapacity == capacity {
            unsafe base.copyMemory(from: base + head, byteCount: count)
        } else {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
            unsafe larger.copyMemory(from: base + head, byteCount: count)
            unsafe base.deallocate()
            unsafe base = larger
            capacity = newCapacity
        }
        tail = count
        head = 0
    }
}
