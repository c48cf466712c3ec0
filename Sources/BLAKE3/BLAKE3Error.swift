/// What a caller can get wrong when it makes a hasher.
public enum BLAKE3Error: Error, Equatable, Sendable, CustomStringConvertible {
    /// A key has another length than 32 bytes.
    case keyByteCount(Int)

    public var description: String {
        switch self {
        case .keyByteCount(let count):
            "a BLAKE3 key has 32 bytes, not \(count); derive one with init(derivingKeyFor:)"
        }
    }
}
