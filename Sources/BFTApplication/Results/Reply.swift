import BFTWire

/// A result whose parts front ends can tell apart, whatever protocol their clients speak.
///
/// An application writes it with a `ResultWriter`; the encoding is `kind u8` and, by kind,
///
///     0 null      nothing
///     1 ok        nothing
///     2 status    length u32 ‖ text
///     3 error     length u32 ‖ text
///     4 integer   value i64
///     5 value     length u32 ‖ bytes
///     6 list      count u32, then so many replies
///     7 map       count u32, then so many pairs of replies
///
/// Integers are little-endian. Texts are UTF-8 as far as their application cares.
public indirect enum Reply: Equatable, Sendable {
    /// There is no value.
    case null
    /// It is done.
    case ok
    /// A word of the application, which is no error.
    case status([UInt8])
    /// Why it is not done.
    case error([UInt8])
    case integer(Int64)
    case value([UInt8])
    case list([Reply])
    /// Keys and values, in the order in which they were written.
    case map([Entry])

    /// A key of a map, and what stands under it.
    public struct Entry: Equatable, Sendable {
        public let key: Reply
        public let value: Reply

        public init(key: Reply, value: Reply) {
            self.key = key
            self.value = value
        }
    }

    /// Replies within replies are read down to this depth.
    public static let depthLimit = 32

    /// Reads `result`, or returns `nil` if that is not one whole reply.
    public init?(_ result: some Collection<UInt8>) {
        let bytes = Array(result)
        var reader = ReplyReader(unsafe bytes.span.bytes)
        do {
            self = try Self.read(&reader, from: bytes, depth: 0)
            try reader.finish()
        } catch {
            return nil
        }
    }

    @_lifetime(reader: copy reader)
    private static func read(
        _ reader: inout ReplyReader, from bytes: [UInt8], depth: Int
    ) throws(WireError) -> Reply {
        guard depth < depthLimit else {
            throw .tooLarge(limit: depthLimit, found: UInt64(depth) + 1)
        }
        switch try reader.next() {
        case .null: return .null
        case .ok: return .ok
        case .status(let range): return .status(Array(bytes[range]))
        case .error(let range): return .error(Array(bytes[range]))
        case .integer(let value): return .integer(value)
        case .value(let range): return .value(Array(bytes[range]))
        case .list(let count):
            var replies: [Reply] = []
            for _ in 0..<count {
                replies.append(try read(&reader, from: bytes, depth: depth + 1))
            }
            return .list(replies)
        case .map(let count):
            var entries: [Entry] = []
            for _ in 0..<count {
                let key = try read(&reader, from: bytes, depth: depth + 1)
                let value = try read(&reader, from: bytes, depth: depth + 1)
                entries.append(Entry(key: key, value: value))
            }
            return .map(entries)
        }
    }

    /// What stands in front of a reply, or of a part of one.
    enum Kind: UInt8 {
        case null, ok, status, error, integer, value, list, map
    }
}

extension ResultWriter {
    /// There is no value.
    public mutating func null() { append(.null) }

    /// It is done.
    public mutating func ok() { append(.ok) }

    /// A word that is no error.
    public mutating func status(_ text: StaticString) {
        append(.status, UInt32(text.utf8CodeUnitCount))
        write(text)
    }

    /// An error. The text begins with its code, such as `ERR`.
    public mutating func error(_ text: StaticString) {
        append(.error, UInt32(text.utf8CodeUnitCount))
        write(text)
    }

    /// An error whose text may quote what a client sent.
    public mutating func error(_ text: [UInt8]) {
        append(.error, UInt32(text.count))
        write(text)
    }

    public mutating func integer(_ value: Int64) {
        append(.integer)
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe append($0) }
    }

    public mutating func value(_ bytes: RawSpan) {
        append(.value, UInt32(bytes.byteCount))
        write(bytes)
    }

    /// The head of a list. So many replies follow.
    public mutating func list(_ count: Int) { append(.list, UInt32(count)) }

    /// The head of a map. So many pairs of replies follow, each a key and its value.
    public mutating func map(_ count: Int) { append(.map, UInt32(count)) }

    private mutating func append(_ kind: Reply.Kind) {
        unsafe withUnsafeBytes(of: kind.rawValue) { unsafe append($0) }
    }

    private mutating func append(_ kind: Reply.Kind, _ count: UInt32) {
        append(kind)
        unsafe withUnsafeBytes(of: count.littleEndian) { unsafe append($0) }
    }
}
