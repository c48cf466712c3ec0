public import BFTBase
public import BFTCore
public import BFTLedger

/// What a host of a replica may do wrong. Tests turn one on to show that the world notices.
public struct HostMistakes<P: ConsensusProtocol>: Sendable {
    /// The check of the host that is left out.
    public var skippedCheck: HostCheck?
    /// Hands batches to no log, and says that they are durable.
    public var isKeepingBatchesInMemory = false
    /// Passes messages on whose signatures were not checked.
    public var isSkippingVerification = false
    /// Answers reads from the present state, whatever others have committed.
    public var isReadingAtOnce = false
    /// Which durable records are not read back after a crash.
    public var forgets: @Sendable (ReplicaRecord<P>) -> Bool = { _ in false }
    /// What the replica at a node hears in the place of an input. What it should, unless given.
    public var hears: (@Sendable (ReplicaInput<P>, _ node: ValidatorIndex) -> [ReplicaInput<P>])?
    /// What the host of a node does in the place of an effect. What it should, unless given.
    public var does: (@Sendable (ReplicaEffect<P>, _ node: ValidatorIndex) -> [ReplicaEffect<P>])?
    /// The ledger's limits in the place of the right ones.
    public var limits: @Sendable (LedgerLimits) -> LedgerLimits = { $0 }

    public init() {}

    func heard(_ input: ReplicaInput<P>, at node: ValidatorIndex) -> [ReplicaInput<P>] {
        hears.map { $0(input, node) } ?? [input]
    }

    func done(_ effects: [ReplicaEffect<P>], at node: ValidatorIndex) -> [ReplicaEffect<P>] {
        does.map { does in effects.flatMap { does($0, node) } } ?? effects
    }
}
