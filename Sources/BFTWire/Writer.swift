/// Writes canonical encodings: what `Reader` reads, in the one way that it accepts.
public struct Writer {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// A writer with room for `capacity` bytes.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    public mutating func uint8(_ value: UInt8) { bytes.append(value) }
    public mutating func uint16(_ value: UInt16) { integer(value.littleEndian) }
    public mutating func uint32(_ value: UInt32) { integer(value.littleEndian) }
    public mutating func uint64(_ value: UInt64) { integer(value.littleEndian) }
    public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    private mutating func integer<T: FixedWidthInteger>(_ value: T) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
    }

    /// - Precondition: the count fits in 32 bits.
    public mutating func count(_ value: Int) { uint32(UInt32(value)) }

    /// Bytes as they are, with no length before them.
    public mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// Bytes as they are, with no length before them.
    public mutating func raw(_ value: RawSpan) {
        unsafe value.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes behind their 32-bit length.
    public mutating func bytes(_ value: [UInt8]) {
        count(value.count)
        raw(value)
    }

    /// UTF-8 text behind its 32-bit length in bytes.
    public mutating func text(_ value: String) { bytes(Array(value.utf8)) }

    /// Values behind their 32-bit count.
    public mutating func array<Element>(
        _ elements: some Collection<Element>, _ element: (inout Writer, Element) -> Void
    ) {
        count(elements.count)
        for each in elements { element(&self, each) }
    }

    /// A value, or nothing, behind a truth value that says which.
    public mutating func optional<Value>(_ value: Value?, _ some: (inout Writer, Value) -> Void) {
        bool(value != nil)
        if let value { some(&self, value) }
    }
}
