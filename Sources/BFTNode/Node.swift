public import BFTApplication
public import BFTBase
public import BFTConfiguration
public import BFTCore
import BFTCrypto
import BFTLogging
import BFTRocksDB
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire

/// A validator: consensus, disk, network and clients around an application.
///
/// ```swift
/// let node = try Node<Simplex, KeyValueStore>(
///     configuration: .load("home"), application: KeyValueStore())
/// ```
///
/// Everything of the node happens on its own threads once `run()` is called. The methods may be
/// called from any task.
public final class Node<P: ConsensusProtocol, App: Application>: Sendable {
    private let running: RunningNode<P, App>

    /// Opens the node's home: locks it, reads keys, log and state, and binds its ports. After
    /// this, what can go wrong at start has not.
    ///
    /// - Throws: `NodeError`, which says what is wrong and how to mend it.
    public init(configuration: NodeHome, application: sending App) throws(NodeError) {
        running = try RunningNode(configuration, application, on: .real)
    }

    /// A node on another disk.
    init(
        configuration: NodeHome, application: sending App, disk: NodeDisk
    ) throws(NodeError) {
        running = try RunningNode(configuration, application, on: disk)
    }

    /// Runs the node until `stop()` is called or it can't go on. Blocks its thread.
    ///
    /// - Throws: why the node could not go on.
    public func run() throws(NodeError) { try running.run() }

    /// Asks the node to stop: no new commands, those under way are finished if that takes less
    /// than a few seconds, then everything is closed and `run()` returns.
    public func stop() { running.stop() }

    /// Orders a transaction and waits until it is committed and executed.
    ///
    /// If this throws `stopped`, the transaction may or may not be carried out. `busy` and
    /// `refused` say what they mean.
    public func submit(_ transaction: [UInt8]) async throws -> Receipt {
        try await running.submit(transaction)
    }

    /// Answers a query, linearizably: the answer shows every transaction whose receipt was given
    /// out anywhere before this was called.
    public func query(_ request: [UInt8]) async throws -> Receipt {
        try await running.query(request)
    }

    /// What the node is and how far it has come.
    public var committedHeight: Height { running.shared.current.status.committedHeight }
    public var appliedHeight: Height { running.shared.current.status.appliedHeight }
    public var view: View { running.shared.current.status.view }

    /// Where clients reach the node: the ports that were bound.
    public var respPort: UInt16? { running.respPort }
    public var httpPort: UInt16? { running.httpPort }
}
