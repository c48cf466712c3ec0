public import BFTApplication
import BFTBase
import BFTChain
public import BFTServer
public import BFTSockets
public import BFTStorage
public import BFTWire

/// Why a node can't be opened. Nothing of it is left open then: mend the cause and try again.
public enum NodeOpeningError: Error, Sendable, CustomStringConvertible {
    /// A value of the configuration is one that no node can run with.
    case configuration(String)
    case genesis(GenesisError)
    /// The signing key is not the one that the genesis names for this validator.
    case keyMismatch
    /// The data directory can't be used: another node has it, the disk refuses, a file is damaged.
    case storage(StorageError)
    /// The data directory holds another chain than that of the genesis.
    case otherChain
    case unreadableState(WireError)
    case unreadableRecord(WireError)
    /// The application can't go on from its saved state.
    case application(ApplicationError)
    case socket(SocketError, purpose: String)
    case listen(ListenError, purpose: String)

    public var description: String {
        switch self {
        case .configuration(let text): text
        case .genesis(let error): "\(error)"
        case .keyMismatch:
            "the signing key is not the one that the genesis names for this validator; check which "
                + "key and which validator the configuration names, in node.toml by "
                + "crypto.key_path and node.name"
        case .storage(let error): "\(error)"
        case .otherChain:
            "the data directory belongs to another chain; use the genesis that it was made with, "
                + "or an empty directory"
        case .unreadableState(let error): "the data directory's head is damaged: \(error)"
        case .unreadableRecord(let error): "a record of the safety log is unknown: \(error)"
        case .application(let error): "the application's state: \(error)"
        case .socket(let error, let purpose): "\(purpose): \(error)"
        case .listen(let error, let purpose): "\(purpose): \(error)"
        }
    }
}

extension NodeOpeningError {
    /// Runs `body`, whose errors become those of opening.
    static func wrapping<Value>(
        _ body: () throws(ChainError) -> Value
    ) throws(NodeOpeningError) -> Value {
        do throws(ChainError) {
            return try body()
        } catch {
            throw Self(error)
        }
    }

    init(_ error: ChainError) {
        switch error {
        case .storage(let error): self = .storage(error)
        case .otherChain: self = .otherChain
        case .unreadableState(let error): self = .unreadableState(error)
        case .unreadableRecord(let error): self = .unreadableRecord(error)
        case .application(let error): self = .application(error)
        }
    }
}
