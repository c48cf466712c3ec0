public import BFTBase

/// A value with one canonical encoding.
///
/// - Invariant W1: `decode(encode(x)) == x`.
/// - Invariant W2: if `b` decodes to `x`, then `encode(x) == b`. One value, one byte string.
public protocol WireCodable {
    func encode(into writer: inout Writer)

    @_lifetime(reader: copy reader)
    init(from reader: inout Reader) throws(WireError)
}

extension WireCodable {
    /// The canonical encoding.
    public var encoded: [UInt8] {
        var writer = Writer()
        encode(into: &writer)
        return writer.bytes
    }

    /// The value that `bytes`, all of them, encode.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = Reader(unsafe bytes.span.bytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// The value that `span`, all of it, encodes.
    public init(decoding span: RawSpan) throws(WireError) {
        var reader = Reader(span)
        try self.init(from: &reader)
        try reader.finish()
    }
}

extension Counter where Self: WireCodable {
    public func encode(into writer: inout Writer) { writer.uint64(rawValue) }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(try reader.uint64())
    }
}

extension View: WireCodable {}
extension Height: WireCodable {}
extension Epoch: WireCodable {}
extension BatchSequence: WireCodable {}

extension Timestamp: WireCodable {
    public func encode(into writer: inout Writer) { writer.uint64(milliseconds) }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(milliseconds: try reader.uint64())
    }
}

extension ValidatorIndex: WireCodable {
    /// Two bytes: a validator set holds at most 4,096.
    public func encode(into writer: inout Writer) { writer.uint16(UInt16(rawValue)) }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(Int(try reader.uint16()))
    }
}

extension Digest: WireCodable {
    public func encode(into writer: inout Writer) {
        writer.uint64(word0)
        writer.uint64(word1)
        writer.uint64(word2)
        writer.uint64(word3)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            try reader.uint64(), try reader.uint64(), try reader.uint64(), try reader.uint64())
    }
}

extension Bitmap: WireCodable {
    public func encode(into writer: inout Writer) {
        writer.uint16(UInt16(count))
        writer.raw(bytes)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let count = Int(try reader.uint16())
        guard count <= ValidatorSet.countLimit else {
            throw .tooLarge(limit: ValidatorSet.countLimit, found: UInt64(count))
        }
        let bytes = try reader.copy(byteCount: (count + 7) / 8)
        guard let bitmap = Bitmap(count: count, bytes: bytes) else {
            throw .invalid("a bitmap with bits beyond its count")
        }
        self = bitmap
    }
}
