import CPrefetch

/// Memory in whole cache lines of 64 bytes, aligned to them.
///
/// What is read together shall lie in one line: two lines are waited for twice. An `Array` can't
/// promise that. It aligns its elements to 16 bytes at most, whatever they consist of, and begins
/// 32 bytes behind what the allocator gave it. So this is memory of its own, with the semantics of
/// a value: a copy shares it until one of the two is changed.
struct LineArray: Sendable {
    static let lineByteCount = 64

    /// Changed only by an array that alone refers to it.
    @safe
    private final class Buffer: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let capacity: Int

        init(capacity: Int) {
            self.capacity = capacity
            unsafe base = UnsafeMutableRawPointer.allocate(
                byteCount: max(capacity, 1) * LineArray.lineByteCount,
                alignment: LineArray.lineByteCount)
        }

        deinit { unsafe base.deallocate() }
    }

    private var buffer: Buffer
    /// The number of lines.
    private(set) var count: Int

    var byteCount: Int { count * Self.lineByteCount }

    /// Lines of zeros.
    init(count: Int) {
        buffer = Buffer(capacity: count)
        self.count = 0
        extend(to: count)
    }

    /// Appends lines of zeros until there are `count`.
    mutating func extend(to count: Int) {
        guard count > self.count else { return }
        if count > buffer.capacity {
            moveTo(capacity: max(count, 2 * buffer.capacity))
        } else {
            makeUnique()
        }
        let size = (count - self.count) * Self.lineByteCount
        unsafe (buffer.base + byteCount).initializeMemory(as: UInt8.self, repeating: 0, count: size)
        self.count = count
    }

    /// Drops all but the first `count` lines, and gives back what they leave.
    mutating func shrink(to count: Int) {
        guard count < self.count else { return }
        self.count = count
        moveTo(capacity: count)
    }

    private mutating func moveTo(capacity: Int) {
        let other = Buffer(capacity: capacity)
        unsafe other.base.copyMemory(from: buffer.base, byteCount: byteCount)
        buffer = other
    }

    @inline(__always)
    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&buffer) else { return }
        moveTo(capacity: buffer.capacity)
    }

    // MARK: Access

    /// Calls `body` with all bytes.
    @inline(__always)
    @unsafe
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let result = unsafe body(UnsafeRawBufferPointer(start: buffer.base, count: byteCount))
        // The memory is there until here, whatever the compiler knows of who needs it.
        return withExtendedLifetime(buffer) { result }
    }

    /// Calls `body` with all bytes, to change them.
    @inline(__always)
    @unsafe
    mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        makeUnique()
        let result = unsafe body(
            UnsafeMutableRawBufferPointer(start: buffer.base, count: byteCount))
        return withExtendedLifetime(buffer) { result }
    }

    /// Where the lines lie, to ask the memory for them and for nothing else.
    @inline(__always)
    var address: UInt { unsafe withBytes { UInt(bitPattern: $0.baseAddress) } }

    /// What stands at `offset`, in bytes.
    @inline(__always)
    func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
        unsafe withBytes { bytes in
            precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count)
            return unsafe bytes.load(fromByteOffset: offset, as: type)
        }
    }

    /// Makes `value` what stands at `offset`, in bytes.
    @inline(__always)
    mutating func store<T: BitwiseCopyable>(_ value: T, _ offset: Int) {
        unsafe withMutableBytes { bytes in
            precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count)
            unsafe bytes.storeBytes(of: value, toByteOffset: offset, as: T.self)
        }
    }

    /// Asks the memory for `lineCount` lines from `line` on, as far as there are any.
    @inline(__always)
    func prefetch(_ line: Int, lineCount: Int = 1) {
        unsafe withBytes { bytes in
            for line in line..<line + lineCount {
                let offset = line * Self.lineByteCount
                guard offset >= 0, offset < bytes.count else { return }
                unsafe bft_prefetch(bytes.baseAddress! + offset)
            }
        }
    }
}
