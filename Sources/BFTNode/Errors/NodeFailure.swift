public import BFTStorage

/// Why a node can't go on. It votes no more, takes no more requests, and says so until it is
/// stopped.
public enum NodeFailure: Error, Sendable, CustomStringConvertible {
    /// The disk has refused something, or what it holds is damaged.
    case storage(StorageError)

    public var description: String {
        switch self {
        case .storage(let error): "\(error)"
        }
    }
}
