/// Why bytes are not the encoding of a value.
public enum WireError: Error, Equatable, Sendable {
    /// The bytes end before the value does.
    case truncated(needed: Int, remaining: Int)
    /// The value ends before the bytes do.
    case trailing(byteCount: Int)
    /// A length or count is above its limit. Thrown before anything is allocated.
    case tooLarge(limit: Int, found: UInt64)
    /// A tag that names no case of the type.
    case unknownTag(UInt8)
    /// The bytes spell a value in a way that is not its one canonical way, or spell no value.
    case invalid(StaticReason)
}

/// A reason fixed in the source, so that hostile bytes never reach a log through an error.
public struct StaticReason: Equatable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let description: String
    public init(stringLiteral value: StaticString) { description = "\(value)" }
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let remaining):
            "truncated: \(needed) bytes needed, \(remaining) left"
        case .trailing(let byteCount): "\(byteCount) bytes after the end of the value"
        case .tooLarge(let limit, let found): "a length of \(found) is above the limit of \(limit)"
        case .unknownTag(let tag): "unknown tag \(tag)"
        case .invalid(let reason): reason.description
        }
    }
}
