public import BFTWire

/// Reads a reply part by part, where it stands, from bytes that nobody vouches for.
public struct ReplyReader: ~Escapable {
    /// A reply, or the head of one: after `list(n)` come n replies, after `map(n)` twice as many.
    /// Texts and bytes are named by where they stand.
    public enum Part: Equatable, Sendable {
        case null
        case ok
        case status(Range<Int>)
        case error(Range<Int>)
        case integer(Int64)
        case value(Range<Int>)
        case list(Int)
        case map(Int)
    }

    private var reader: Reader

    @_lifetime(copy span)
    public init(_ span: RawSpan) {
        reader = Reader(span)
    }

    /// The next part.
    ///
    /// - Throws: unless there is one. A head counts no more replies than there are bytes left.
    @_lifetime(self: copy self)
    public mutating func next() throws(WireError) -> Part {
        let tag = try reader.uint8()
        guard let kind = Reply.Kind(rawValue: tag) else { throw .unknownTag(tag) }
        switch kind {
        case .null: return .null
        case .ok: return .ok
        case .status: return .status(try text())
        case .error: return .error(try text())
        case .integer: return .integer(Int64(bitPattern: try reader.uint64()))
        case .value: return .value(try text())
        case .list: return .list(try reader.count(limit: reader.remaining))
        case .map: return .map(try reader.count(limit: reader.remaining))
        }
    }

    /// - Throws: unless all bytes are read.
    public func finish() throws(WireError) { try reader.finish() }

    @_lifetime(self: copy self)
    private mutating func text() throws(WireError) -> Range<Int> {
        let count = Int(try reader.uint32())
        let start = reader.offset
        _ = try reader.raw(byteCount: count)
        return start..<start + count
    }
}
