public import BFTConfiguration
import Glibc
import Synchronization

/// What the commands need from the rest of the system: keys, and a node to run.
///
/// The executable names the implementation, so that this target needs neither cryptography nor a
/// concrete protocol.
public protocol NodeServices: Sendable {
    /// Makes a new key pair from the system's randomness.
    func generateKey(scheme: SignatureSchemeName) throws -> GeneratedKey

    /// The public key that belongs to the contents of a private key file.
    func publicKey(ofKeyFile contents: [UInt8], scheme: SignatureSchemeName) throws -> [UInt8]

    /// Runs the node of `home` until `stop` asks it to end, and returns once its data is safe.
    /// Throws if it can't start or can't go on.
    func runNode(_ home: NodeHome, stop: StopRequest) throws
}

/// A new key pair.
public struct GeneratedKey: Equatable, Sendable {
    /// What the private key file holds, as the node reads it.
    public let keyFileContents: [UInt8]
    /// The public key in the encoding of its scheme.
    public let publicKey: [UInt8]

    public init(keyFileContents: [UInt8], publicKey: [UInt8]) {
        self.keyFileContents = keyFileContents
        self.publicKey = publicKey
    }
}

/// Tells a running node that it should stop, from whichever thread learns of it.
public final class StopRequest: Sendable {
    private struct State {
        var isRequested = false
        var actions: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    public init() {}

    public var isRequested: Bool { state.withLock(\.isRequested) }

    /// Runs `action` when the request comes, or at once if it is there already.
    public func onRequest(_ action: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            if !state.isRequested { state.actions.append(action) }
            return state.isRequested
        }
        if runsNow { action() }
    }

    /// Makes the request. A second one changes nothing.
    public func request() {
        let actions = state.withLock { state in
            state.isRequested = true
            defer { state.actions = [] }
            return state.actions
        }
        for action in actions { action() }
    }
}

/// A command that needs `NodeServices`.
public protocol NodeCommand: Command, SendableMetatype {
    init(services: any NodeServices)
}
