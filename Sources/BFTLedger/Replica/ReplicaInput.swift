public import BFTBase
public import BFTCore

/// Everything that can happen to a replica.
public enum ReplicaInput<P: ConsensusProtocol>: Equatable, Sendable {
    /// The first input, once.
    case started
    /// From a peer, or the replica's own signed message, durable by then.
    case received(Verified<ReplicaMessage<P>>, from: ValidatorIndex)
    case connected(ValidatorIndex)
    /// The link to this validator broke.
    case disconnected(ValidatorIndex)
    case timerFired
    /// A batch of this validator, with the sequence that `nextOwnSequence` gave.
    case sealed(Batch)
    /// The answer to `store`.
    case stored(BatchReference)
    /// The answer to `signBatch`.
    case batchSigned(BatchReference, signature: [UInt8])
    /// The answer to `checkAuthorship`.
    case authorshipChecked(Vote, isGenuine: Bool)
    /// The answer to `execute`: the digest of the application's state after that height.
    case executed(Height, stateRoot: Digest)
    /// The answer to `askApplication`.
    case applicationJudged(Digest, isValid: Bool)
    /// A client wants to read. Tickets rise.
    case read(ticket: UInt64)
}

/// Everything that a replica can ask of its host.
///
/// Carried out in order. `persist` is durable before a later effect starts, and everything that was
/// to be stored before it is durable by then, too. `store` by itself holds nothing back and is
/// answered by `stored`.
public enum ReplicaEffect<P: ConsensusProtocol>: Equatable, Sendable {
    case persist(P.Durable)
    /// Make the batch durable: an own one soon, for it is sent only then; a peer's with the next
    /// record, or when a block is executed that names it.
    case store(BatchCopy)
    /// Sign what this validator says of its batch, meanwhile. Holds nothing back and is answered by
    /// `batchSigned`.
    case signBatch(BatchReference, Statement)
    /// Check the signature under what an author says of its batch, meanwhile. Holds nothing back
    /// and is answered by `authorshipChecked`.
    case checkAuthorship(Vote)
    /// Sign, then send to the recipient or, if it names none, to every peer; then give it back as a
    /// received message, whomever it is for.
    case sign(P.Unsigned)
    case send(ReplicaMessage<P>, to: ValidatorIndex)
    /// To every peer, not to the sender.
    case broadcast(ReplicaMessage<P>)
    /// Replaces the timer that was set before.
    case setTimer(Instant)
    /// Execute the block and keep it with its batches and certificate, all or none.
    case execute(CommittedBlock)
    /// Send the peer what `KeptBlocks` answers, if anything.
    case readBlocks(SyncRequest, for: ValidatorIndex)
    /// Send committed batches to the peer, as `batch`.
    case readBatches([BatchReference], for: ValidatorIndex)
    /// Reads up to this ticket may be served from the state as executed now.
    case readReady(upTo: UInt64)
    case askApplication(Block, [Batch])
    /// A validator contradicted itself.
    case accuse(Evidence)
    /// A proposer's state differs from ours: one of the two machines is wrong.
    case diverged(Divergence)
    /// A batch of this validator can never be ordered under its sequence: its transactions need
    /// another batch.
    case displaced(Batch)
    case rejected(Rejection)
    case rejectedLedger(LedgerRejection, from: ValidatorIndex)
    /// A run of blocks was committed, in this view.
    case committed(CommittedRun)
}
