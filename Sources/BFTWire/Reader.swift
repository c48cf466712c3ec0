/// Reads canonical encodings from bytes that nobody vouches for.
///
/// Every read checks its bounds and throws; nothing traps and nothing is allocated before its
/// length was held against a limit. Integers are little-endian and of fixed width, so that one
/// value has one spelling.
public struct Reader: ~Escapable {
    private let span: RawSpan
    /// The number of bytes read so far.
    public private(set) var offset = 0

    @_lifetime(copy span)
    public init(_ span: RawSpan) { self.span = span }

    /// The number of bytes not read yet.
    public var remaining: Int { span.byteCount - offset }

    /// Ends the reading: throws unless every byte was read.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailing(byteCount: remaining) }
    }

    private func require(_ byteCount: Int) throws(WireError) {
        guard byteCount <= remaining else {
            throw .truncated(needed: byteCount, remaining: remaining)
        }
    }

    @_lifetime(self: copy self)
    public mutating func uint8() throws(WireError) -> UInt8 {
        try require(1)
        defer { offset += 1 }
        return unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @_lifetime(self: copy self)
    public mutating func uint16() throws(WireError) -> UInt16 {
        UInt16(littleEndian: try integer())
    }

    @_lifetime(self: copy self)
    public mutating func uint32() throws(WireError) -> UInt32 {
        UInt32(littleEndian: try integer())
    }

    @_lifetime(self: copy self)
    public mutating func uint64() throws(WireError) -> UInt64 {
        UInt64(littleEndian: try integer())
    }

    @_lifetime(self: copy self)
    private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>() throws(WireError) -> T {
        try require(MemoryLayout<T>.size)
        defer { offset += MemoryLayout<T>.size }
        return unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// A truth value: one byte, 0 or 1.
    @_lifetime(self: copy self)
    public mutating func bool() throws(WireError) -> Bool {
        switch try uint8() {
        case 0: false
        case 1: true
        default: throw .invalid("a truth value is neither 0 nor 1")
        }
    }

    /// A 32-bit count, at most `limit`.
    @_lifetime(self: copy self)
    public mutating func count(limit: Int) throws(WireError) -> Int {
        let found = try uint32()
        guard found <= limit else { throw .tooLarge(limit: limit, found: UInt64(found)) }
        return Int(found)
    }

    /// The next `byteCount` bytes, where they stand.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func raw(byteCount: Int) throws(WireError) -> RawSpan {
        guard byteCount >= 0 else { throw .invalid("a negative length") }
        try require(byteCount)
        let part = span.extracting(offset..<offset + byteCount)
        offset += byteCount
        return part
    }

    /// The next `byteCount` bytes, copied. The caller vouches for the size.
    @_lifetime(self: copy self)
    public mutating func copy(byteCount: Int) throws(WireError) -> [UInt8] {
        let part = try raw(byteCount: byteCount)
        return unsafe part.withUnsafeBytes { unsafe Array($0) }
    }

    /// Bytes behind their 32-bit length, at most `limit` of them.
    @_lifetime(self: copy self)
    public mutating func bytes(limit: Int) throws(WireError) -> [UInt8] {
        try copy(byteCount: count(limit: limit))
    }

    /// UTF-8 text behind its 32-bit length in bytes, at most `limit` of them.
    @_lifetime(self: copy self)
    public mutating func text(limit: Int) throws(WireError) -> String {
        guard let text = String(validating: try bytes(limit: limit), as: UTF8.self) else {
            throw .invalid("text that is not UTF-8")
        }
        return text
    }

    /// Values behind their 32-bit count, at most `limit` of them. Grows as values arrive, so that
    /// a count alone allocates nothing.
    @_lifetime(self: copy self)
    public mutating func array<Element>(
        limit: Int, _ element: (inout Reader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<(try count(limit: limit)) { elements.append(try element(&self)) }
        return elements
    }

    /// A value, or nothing, behind a truth value that says which.
    @_lifetime(self: copy self)
    public mutating func optional<Value>(
        _ value: (inout Reader) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        guard try bool() else { return nil }
        return try value(&self)
    }
}
