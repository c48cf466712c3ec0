/// What is staged for the end of a log file, in memory from which a disk takes it as it stands.
///
/// A disk takes whole blocks only, from memory that is aligned like them. So the buffer begins
/// where a block of the file begins: before what is staged stands what the file's last block holds
/// already, its *lead*, and behind it zeros up to the end of a block. Nothing is copied once it is
/// staged.
///
/// Used by one thread at a time.
public final class LogBuffer {
    /// What descriptors, offsets and memory are aligned to. Enough for every disk.
    package static let blockByteCount = 4096
    private static let smallByteCount = 1 << 20
    /// A buffer that has grown beyond this is given back once it is empty.
    private static let keptByteCount = 8 << 20

    private var memory: UnsafeMutableRawBufferPointer
    /// The bytes at the start that are in the file already: less than a block.
    private var leadByteCount = 0
    /// The bytes of the lead and behind it.
    private var byteCount = 0

    /// An empty buffer for a file whose end is at a multiple of the block size.
    public init() { memory = Self.allocate(Self.smallByteCount) }

    deinit { memory.deallocate() }

    private static func allocate(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        .allocate(byteCount: byteCount, alignment: blockByteCount)
    }

    /// The bytes that are staged.
    public var stagedByteCount: Int { byteCount - leadByteCount }

    public var isEmpty: Bool { stagedByteCount == 0 }

    /// What is staged.
    public var staged: RawSpan {
        @_lifetime(borrow self)
        get {
            let bytes = UnsafeRawBufferPointer(rebasing: memory[leadByteCount..<byteCount])
            return unsafe _overrideLifetime(bytes.bytes, borrowing: self)
        }
    }

    /// The offset of the block in which a file with the end `end` goes on.
    package static func blockStart(_ end: Int) -> Int { end & ~(blockByteCount - 1) }

    /// Drops what is staged, for a file that goes on behind `lead`, which its last block begins
    /// with.
    func begin(behind lead: RawSpan) {
        precondition(lead.byteCount < Self.blockByteCount, "a lead of a block or more")
        lead.withUnsafeBytes { memory.copyMemory(from: $0) }
        leadByteCount = lead.byteCount
        byteCount = lead.byteCount
    }

    /// Stages `count` bytes, which `body` writes.
    func append(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        reserve(byteCount + count)
        body(UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<byteCount + count]))
        byteCount += count
    }

    /// Makes room for so many bytes and the rest of their last block.
    private func reserve(_ count: Int) {
        let needed = Self.blockStart(count + Self.blockByteCount - 1)
        guard needed > memory.count else { return }
        let larger = Self.allocate(max(needed, 2 * memory.count))
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<byteCount]))
        memory.deallocate()
        memory = larger
    }

    /// Calls `body` with the blocks that what is staged belongs to, and with the number of bytes
    /// in them that stand before it.
    package func withBlocks<Result>(
        _ body: (_ blocks: UnsafeRawBufferPointer, _ lead: Int) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let end = Self.blockStart(byteCount + Self.blockByteCount - 1)
        UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<end])
            .initializeMemory(as: UInt8.self, repeating: 0)
        return try body(UnsafeRawBufferPointer(rebasing: memory[..<end]), leadByteCount)
    }

    /// Notes that what was staged is in the file: its last block, unless that is full, leads what
    /// is staged next.
    func noteWritten() {
        let start = Self.blockStart(byteCount)
        let rest = UnsafeRawBufferPointer(rebasing: memory[start..<byteCount])
        if memory.count > Self.keptByteCount {
            let smaller = Self.allocate(Self.smallByteCount)
            smaller.copyMemory(from: rest)
            memory.deallocate()
            memory = smaller
        } else {
            memory.copyMemory(from: rest)
        }
        leadByteCount = rest.count
        byteCount = rest.count
    }
}
