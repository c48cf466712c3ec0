public import BFTBase
public import BFTCore

/// What an application is told of the block whose transactions it executes next.
public struct BlockContext: Equatable, Sendable {
    public let height: Height
    /// Agreed time: the same at every replica, never less than the parent's. The only clock that
    /// an application may read.
    public let time: Timestamp
    public let proposer: ValidatorIndex

    public init(height: Height, time: Timestamp, proposer: ValidatorIndex) {
        self.height = height
        self.time = time
        self.proposer = proposer
    }
}

/// Why an application can't take up a state.
public struct ApplicationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Where an application puts what changed. It becomes durable all or none, with the height of the
/// block that it was saved after. Keys have at least one byte.
public protocol StateSink {
    mutating func put(key: RawSpan, value: RawSpan)
    mutating func delete(key: RawSpan)
}

/// Where an application finds the entries that earlier blocks put, in rising order of their keys.
public protocol StateSource {
    func forEach(
        _ body: (_ key: RawSpan, _ value: RawSpan) throws(ApplicationError) -> Void
    ) throws(ApplicationError)
}

/// The replicated state machine: everything that happens to it is in the log.
///
/// A host calls it from one thread. `execute` must be a function of the state, the block and the
/// transaction alone: no clock, no randomness, no order of a hash table. Two replicas that applied
/// the same blocks return the same digest from `end`, and a replica that doesn't is noticed, since
/// blocks carry the digest of an earlier height.
///
/// The shape follows ABCI 2.0 so that an out-of-process application can stand behind it: `judge` is
/// ProcessProposal, `begin` to `end` are FinalizeBlock and Commit, and `query` keeps its name.
public protocol Application: SendableMetatype {
    /// The commands that clients may send, if transactions and queries are command lists.
    static var commandTable: CommandTable? { get }

    /// Whether `judge` looks at proposals. If not, a vote never waits for this application.
    static var judgesProposals: Bool { get }

    /// Takes up the state as it was saved last.
    mutating func load(_ source: some StateSource) throws(ApplicationError)

    /// Whether the validator may vote for a block with these transactions.
    func judge(_ block: BlockContext, _ batches: [Batch]) -> Bool

    mutating func begin(_ block: BlockContext)

    /// Executes one transaction and writes its one result. Never traps, whatever the bytes: a
    /// batch from another validator may hold any, and they have an error for result.
    mutating func execute(_ transaction: RawSpan, result: inout ResultWriter)

    /// Ends the block and returns the digest of the new state.
    mutating func end() -> Digest

    /// Writes every entry that changed since the last call, as it is now, after a block has ended.
    ///
    /// Not called after every block: an entry that changes often is written once. After a crash
    /// the state is loaded as it was saved last, and the blocks since are executed again.
    mutating func save(into changes: inout some StateSink)

    /// The digest of the state now.
    var stateRoot: Digest { get }

    /// Answers `request` from the state now, without changing it.
    func query(_ request: RawSpan, answer: inout ResultWriter)
}

extension Application {
    public static var commandTable: CommandTable? { nil }
    public static var judgesProposals: Bool { false }
    public func judge(_ block: BlockContext, _ batches: [Batch]) -> Bool { true }
}
