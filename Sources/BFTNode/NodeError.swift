public import BFTApplication
public import BFTBase
import BFTChain
public import BFTCrypto
public import BFTServer
public import BFTSockets
public import BFTStorage
public import BFTWire

/// Why a node can't start or can't go on.
public enum NodeError: Error, Sendable, CustomStringConvertible {
    case storage(StorageError)
    case socket(SocketError, purpose: String)
    case keyFile(KeyFileError)
    case validators(ValidatorKeysError)
    case application(ApplicationError)
    /// The data directory holds another chain than the genesis file.
    case otherChain
    case unreadableState(WireError)
    case unreadableRecord(WireError)
    /// The key file's public key is not the one that the genesis file names for this validator.
    case keyMismatch
    case unknownScheme(String)
    case validatorSet(ValidatorSetError)
    /// The chain has so many validators that its messages can't be sent.
    case messagesTooLarge(MessageRoom.Excess)
    case listen(ListenError, purpose: String)
    /// There is no room for more work now.
    case busy
    /// The node does not take this, and says why.
    case refused(String)
    case stopped

    public var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .socket(let error, let purpose): "\(purpose): \(error)"
        case .keyFile(let error): "\(error)"
        case .validators(let error): "the genesis file's validators: \(error)"
        case .application(let error): "the application's state: \(error)"
        case .otherChain:
            "the data directory belongs to another chain; use the genesis file that it was made "
                + "with, or an empty directory"
        case .unreadableState(let error): "the data directory's head is damaged: \(error)"
        case .unreadableRecord(let error): "a record of the safety log is unknown: \(error)"
        case .keyMismatch:
            "the validator's key is not the one in the genesis file; check crypto.key_path and "
                + "the node's name in node.toml"
        case .unknownScheme(let name): "this build has no signature scheme \(name)"
        case .validatorSet(let error): "the genesis file's validators: \(error)"
        case .messagesTooLarge(let excess): "\(excess)"
        case .listen(let error, let purpose): "\(purpose): \(error)"
        case .busy: "too much is under way; try again"
        case .refused(let text): text
        case .stopped: "the node has stopped"
        }
    }
}

extension NodeError {
    /// Runs `body`, whose errors become the node's.
    static func wrapping<Value>(
        _ body: () throws(ChainError) -> Value
    ) throws(NodeError) -> Value {
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
