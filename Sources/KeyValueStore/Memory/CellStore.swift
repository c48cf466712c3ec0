/// Where a cell lies in a `CellStore`.
struct CellAddress: Equatable, Sendable {
    fileprivate let chunk: UInt32
    /// The cell's first line in the chunk.
    fileprivate let line: UInt32

    fileprivate init(chunk: UInt32, line: UInt32) {
        self.chunk = chunk
        self.line = line
    }

    /// No cell lies here.
    static let none = CellAddress(chunk: .max, line: 0)

    init(word: UInt64) {
        chunk = UInt32(truncatingIfNeeded: word)
        line = UInt32(truncatingIfNeeded: word >> 32)
    }

    var word: UInt64 { UInt64(chunk) | UInt64(line) << 32 }
}

/// The memory in which cells lie: whole cache lines, so that a cell touches no more of them than
/// it fills.
///
/// Cells with room for equally many lines share chunks of 64 KiB; a cell of more than 2 KiB has a
/// chunk of its own. A chunk whose last cell is freed is given back, so the memory follows what is
/// stored, but for chunks that are kept by a few cells each. A copied store shares every chunk that
/// isn't written to.
struct CellStore: Sendable {
    private static let lineByteCount = LineArray.lineByteCount

    private struct Chunk: Sendable {
        var lines: LineArray
        /// The lines for which each of its cells has room.
        var capacity: Int
        /// The first lines of the cells that are free.
        var free: [UInt32] = []
        /// Its position in the list of chunks that have a free cell, or nil.
        var openPosition: Int?

        var cellCount: Int { lines.count / capacity }
    }

    private static let chunkLineCount = 1024
    /// Larger cells have a chunk of their own.
    private static let sharedCapacity = 32

    private var chunks: [Chunk] = []
    /// The numbers of chunks that are given back.
    private var vacant: [UInt32] = []
    /// By capacity: the chunks that have a free cell.
    private var open: [[UInt32]] = Array(repeating: [], count: sharedCapacity + 1)

    /// The bytes that all chunks take.
    var byteCount: Int { chunks.reduce(0) { $0 + $1.lines.count } * Self.lineByteCount }

    /// For how many lines a cell of `count` lines gets room. Large cells get up to an eighth more,
    /// so that one that grows is seldom moved.
    static func capacity(_ count: Int) -> Int {
        guard count > sharedCapacity else { return count }
        let step = 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount - 3)
        return (count + step - 1) / step * step
    }

    /// The bytes for which the cell at `address` has room.
    @inline(__always)
    func capacity(_ address: CellAddress) -> Int {
        chunks[Int(address.chunk)].capacity * Self.lineByteCount
    }

    // MARK: Making room

    /// Room for a cell of `byteCount` bytes, a positive multiple of 64. What is there is anything.
    mutating func allocate(_ byteCount: Int) -> CellAddress {
        let capacity = Self.capacity(byteCount / Self.lineByteCount)
        guard capacity <= Self.sharedCapacity else {
            return CellAddress(chunk: addChunk(cells: 1, of: capacity), line: 0)
        }
        let number = open[capacity].last ?? addOpenChunk(capacity)
        let line = chunks[Int(number)].free.removeLast()
        if chunks[Int(number)].free.isEmpty { close(number) }
        return CellAddress(chunk: number, line: line)
    }

    private mutating func addOpenChunk(_ capacity: Int) -> UInt32 {
        let count = Self.chunkLineCount / capacity
        let number = addChunk(cells: count, of: capacity)
        chunks[Int(number)].free = (0..<count).reversed().map { UInt32($0 * capacity) }
        openUp(number)
        return number
    }

    private mutating func addChunk(cells count: Int, of capacity: Int) -> UInt32 {
        let chunk = Chunk(
            lines: LineArray(count: count * capacity), capacity: capacity)
        if let number = vacant.popLast() {
            chunks[Int(number)] = chunk
            return number
        }
        chunks.append(chunk)
        return UInt32(chunks.count - 1)
    }

    /// Frees the cell at `address`.
    mutating func free(_ address: CellAddress) {
        let number = Int(address.chunk)
        chunks[number].free.append(address.line)
        if chunks[number].free.count == chunks[number].cellCount {
            close(address.chunk)
            chunks[number] = Chunk(lines: LineArray(count: 0), capacity: 1)
            vacant.append(address.chunk)
        } else if chunks[number].openPosition == nil {
            openUp(address.chunk)
        }
    }

    /// Puts a chunk on the list of those that have a free cell.
    private mutating func openUp(_ number: UInt32) {
        let capacity = chunks[Int(number)].capacity
        chunks[Int(number)].openPosition = open[capacity].count
        open[capacity].append(number)
    }

    /// Takes a chunk off that list, if it is there.
    private mutating func close(_ number: UInt32) {
        guard let position = chunks[Int(number)].openPosition else { return }
        let capacity = chunks[Int(number)].capacity
        chunks[Int(number)].openPosition = nil
        let last = open[capacity].removeLast()
        guard last != number else { return }
        open[capacity][position] = last
        chunks[Int(last)].openPosition = position
    }

    /// Room for `byteCount` bytes for what lies at `address`, where it is or elsewhere. The first
    /// `kept` bytes come along.
    mutating func resize(
        _ address: CellAddress, _ byteCount: Int, keeping kept: Int
    ) -> CellAddress {
        let capacity = Self.capacity(byteCount / Self.lineByteCount)
        guard capacity != chunks[Int(address.chunk)].capacity else { return address }
        // Held, so that it can be read while the target is written to.
        let lines = chunks[Int(address.chunk)].lines
        let target = allocate(byteCount)
        unsafe lines.withBytes { lines in
            let start = Int(address.line) * Self.lineByteCount
            let source = unsafe UnsafeRawBufferPointer(rebasing: lines[start..<start + kept])
            unsafe withMutableBytes(of: target, first: kept) { unsafe $0.copyMemory(from: source) }
        }
        free(address)
        return target
    }

    // MARK: Bytes

    /// Replaces the cell at `address` by `image`, for which there is room.
    @inline(__always)
    mutating func write(_ address: CellAddress, _ image: RawSpan) {
        unsafe withMutableBytes(of: address, first: image.byteCount) { bytes in
            unsafe image.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        }
    }

    /// The cell at `address`.
    subscript(address: CellAddress) -> Cell {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let chunk = chunks[Int(address.chunk)]
            let bytes = unsafe chunk.lines.withBytes { unsafe $0 }
            let start = Int(address.line) * Self.lineByteCount
            let part = unsafe UnsafeRawBufferPointer(
                rebasing: bytes[start..<start + chunk.capacity * Self.lineByteCount])
            // The lines stay where they are for as long as the store isn't changed.
            return unsafe _overrideLifetime(Cell(part.bytes), borrowing: self)
        }
    }

    /// Calls `body` with the first `size` bytes at `address`, to change them.
    ///
    /// - Precondition: the cell has room for as many.
    @inline(__always)
    @unsafe
    mutating func withMutableBytes<Result>(
        of address: CellAddress, first size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        let start = Int(address.line) * Self.lineByteCount
        precondition(size <= capacity(address), "no room for a cell")
        return unsafe chunks[Int(address.chunk)].lines.withMutableBytes {
            unsafe body(UnsafeMutableRawBufferPointer(rebasing: $0[start..<start + size]))
        }
    }

    /// Asks the memory for the first `lineCount` lines at `address`.
    @inline(__always)
    func prefetch(_ address: CellAddress, lineCount: Int) {
        guard address.chunk < chunks.count else { return }
        chunks[Int(address.chunk)].lines.prefetch(Int(address.line), lineCount: lineCount)
    }

    /// Adds where the lines of the first `byteCount` bytes at `address` lie in memory.
    @inline(__always)
    func addLines(of address: CellAddress, _ byteCount: Int, to list: inout [UInt]) {
        let start =
            chunks[Int(address.chunk)].lines.address
            + UInt(address.line) * UInt(Self.lineByteCount)
        for offset in stride(from: 0, to: UInt(byteCount), by: Self.lineByteCount) {
            list.append(start + offset)
        }
    }
}
