public import BFTApplication
public import BFTStorage
public import BFTWire

/// Why a chain on disk can't be taken up.
public enum ChainError: Error, Equatable, Sendable {
    case storage(StorageError)
    /// The disk holds another chain.
    case otherChain
    case unreadableState(WireError)
    case unreadableRecord(WireError)
    case application(ApplicationError)
}

extension ChainError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .otherChain: "the disk holds another chain"
        case .unreadableState(let error): "the head of the chain is damaged: \(error)"
        case .unreadableRecord(let error): "a record of the safety log is unknown: \(error)"
        case .application(let error): "the application's state: \(error)"
        }
    }
}
