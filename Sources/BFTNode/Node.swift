public import BFTApplication
public import BFTBase
public import BFTCore
import BFTCrypto
import BFTServer
import Synchronization

/// A validator: consensus, disk, network and clients around an application.
///
/// ```swift
/// let node = try Node<Simplex, KeyValueStore>(
///     configuration: NodeHome.load("home").configuration(), application: KeyValueStore())
/// try await node.run()
/// ```
///
/// Everything of the node happens on its own threads. The methods may be called from any task, and
/// none of them holds a thread of the cooperative pool while it waits. `run()` has the shape that
/// service groups of servers expect.
///
/// A node that nobody holds any more, and that was never run, is closed.
public final class Node<P: ConsensusProtocol, App: Application>: Sendable {
    let running: RunningNode<P, App>

    /// Opens the node: locks the data directory, reads log and state, executes again the blocks
    /// since the state was saved, and binds the ports. After this, what can go wrong at start has
    /// not. Blocks its thread for so long.
    ///
    /// - Throws: what is wrong and how to mend it. Nothing is left open then.
    public init(
        configuration: NodeConfiguration, application: sending App
    ) throws(NodeOpeningError) {
        running = try RunningNode(configuration, application, on: .real)
    }

    /// A node on another disk.
    init(
        configuration: NodeConfiguration, application: sending App, disk: NodeDisk
    ) throws(NodeOpeningError) {
        running = try RunningNode(configuration, application, on: disk)
    }

    deinit { running.closeUnlessRun() }

    // MARK: Life

    /// Runs the node on a thread of its own until the task is cancelled, `stop()` is called, or
    /// both; then finishes, for a few seconds at most, what is under way, closes everything and
    /// returns. The data directory is free for another node as soon as it has.
    ///
    /// A node runs once. One that was stopped before returns at once.
    ///
    /// A disk that fails does not end this: the node falls silent and stays, to tell clients and
    /// operators why, until it is stopped.
    ///
    /// - Throws: why the node could not go on, if it could not.
    public func run() async throws(NodeFailure) { try await running.run() }

    /// Asks the node to stop: no new requests are taken, those under way are finished if that takes
    /// less than a few seconds, then everything is closed and `run()` returns. A node that was
    /// not run is closed before this returns.
    public func stop() { running.stop() }

    // MARK: Requests

    /// Orders a transaction and waits until it is committed and executed. Before the node runs,
    /// this waits for that.
    ///
    /// Cancelling the task ends the wait and nothing else: a transaction that was handed in may be
    /// ordered all the same, and `RequestError.mayHaveTakenEffect` says so.
    ///
    /// - Throws: why there is no receipt.
    public func submit(_ transaction: [UInt8]) async throws(RequestError) -> Receipt {
        try await running.submit(transaction)
    }

    /// Answers a query, linearizably: the answer shows every transaction whose receipt was given
    /// out anywhere before this was called. Waits, and can be cancelled, like `submit`.
    ///
    /// - Throws: why there is no answer.
    public func query(_ request: [UInt8]) async throws(RequestError) -> QueryAnswer {
        try await running.query(request)
    }

    // MARK: What the node is and how far it has come

    /// The last height whose block is committed.
    public var committedHeight: Height { running.shared.current.status.committedHeight }

    /// The height of the state that queries see.
    public var appliedHeight: Height { running.shared.current.status.appliedHeight }

    /// The view that the node is in.
    public var view: View { running.shared.current.status.view }

    /// Whether it is this node's turn to propose.
    public var isLeader: Bool {
        let status = running.shared.current.status
        return status.leader == status.nodeIndex
    }

    /// Why this node votes no more, or `nil` while it does.
    public var failure: NodeFailure? { running.failure.withLock { $0 } }

    /// All metrics, in the text format of Prometheus: what the HTTP server has at `/metrics`.
    public var metrics: String { String(decoding: running.metrics.render(), as: UTF8.self) }

    /// Where clients reach the node: the ports that were bound.
    public var respPort: UInt16? { running.respPort }
    public var httpPort: UInt16? { running.httpPort }
}
