package import BFTConfiguration
import Glibc
import Synchronization

/// What the commands need from the rest of the system: keys, and a node to run.
///
/// The executable names the implementation, so that this target needs neither cryptography nor a
/// concrete protocol.
package protocol NodeServices: Sendable {
    /// Makes a new key pair from the system's randomness.
    func generateKey(scheme: SignatureSchemeName) throws -> GeneratedKey

    /// The public key that belongs to the contents of a private key file.
    func publicKey(ofKeyFile contents: [UInt8], scheme: SignatureSchemeName) throws -> [UInt8]

    /// Throws, saying why and how to mend it, unless a network carries every message of the chain.
    func checkMessages(of genesis: Genesis) throws

    /// Throws, saying why, unless `proof` shows that its first block is committed on the chain of
    /// `genesis`.
    func verify(_ proof: BlockProof, on genesis: Genesis) throws -> VerifiedBlock

    /// Runs the node of `home` until `stop` asks it to end, and returns once its data is safe.
    /// Throws if it can't start or can't go on.
    func runNode(_ home: NodeHome, stop: StopRequest) throws
}

/// A new key pair.
package struct GeneratedKey: Equatable, Sendable {
    /// What the private key file holds, as the node reads it.
    package let keyFileContents: [UInt8]
    /// The public key in the encoding of its scheme.
    package let publicKey: [UInt8]

    package init(keyFileContents: [UInt8], publicKey: [UInt8]) {
        self.keyFileContents = keyFileContents
        self.publicKey = publicKey
    }
}

/// A block, those after it up to one that has a certificate, and that certificate: all in their
/// canonical encodings.
package struct BlockProof: Equatable, Sendable {
    /// By rising height. Not empty.
    package let blocks: [[UInt8]]
    /// What commits the last of `blocks`.
    package let certificate: [UInt8]

    package init(blocks: [[UInt8]], certificate: [UInt8]) {
        self.blocks = blocks
        self.certificate = certificate
    }
}

/// What a proof shows of its first block.
package struct VerifiedBlock: Equatable, Sendable {
    package let height: UInt64
    /// In hexadecimal.
    package let digest: String
    /// The validators that signed, by index in the genesis file.
    package let signers: [Int]
    /// The voting power of the signers.
    package let power: UInt64
    package let totalPower: UInt64

    package init(height: UInt64, digest: String, signers: [Int], power: UInt64, totalPower: UInt64)
    {
        self.height = height
        self.digest = digest
        self.signers = signers
        self.power = power
        self.totalPower = totalPower
    }
}

/// Tells a running node that it should stop, from whichever thread learns of it.
package final class StopRequest: Sendable {
    private struct State {
        var isRequested = false
        var actions: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    package init() {}

    package var isRequested: Bool { state.withLock(\.isRequested) }

    /// Runs `action` when the request comes, or at once if it is there already.
    package func onRequest(_ action: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            if !state.isRequested { state.actions.append(action) }
            return state.isRequested
        }
        if runsNow { action() }
    }

    /// Makes the request. A second one changes nothing.
    package func request() {
        let actions = state.withLock { state in
            state.isRequested = true
            defer { state.actions = [] }
            return state.actions
        }
        for action in actions { action() }
    }
}

/// A command that needs `NodeServices`.
package protocol NodeCommand: Command, SendableMetatype {
    init(services: any NodeServices)
}
