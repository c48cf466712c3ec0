/// The results of transactions or queries, one after another in one buffer.
public struct ResultWriter: Sendable, Equatable {
    /// All results, in order.
    public private(set) var bytes: [UInt8] = []
    /// Where each result ends.
    public private(set) var ends: [Int] = []

    public init() {}

    public var count: Int { ends.count }

    /// The bytes of result `position`.
    public func result(_ position: Int) -> ArraySlice<UInt8> {
        bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }

    /// Writes to the result that is not ended yet.
    @inlinable
    public mutating func write(_ part: RawSpan) {
        unsafe part.withUnsafeBytes { unsafe append($0) }
    }

    /// Writes to the result that is not ended yet.
    @inlinable
    public mutating func write(_ part: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount))
    }

    /// Writes to the result that is not ended yet.
    public mutating func write(_ part: [UInt8]) { bytes.append(contentsOf: part) }

    @usableFromInline
    mutating func append(_ part: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: part)
    }

    /// Ends the result that was being written.
    public mutating func end() { ends.append(bytes.count) }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
}
