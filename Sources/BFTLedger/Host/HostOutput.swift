public import BFTBase
public import BFTCore

/// Everything that a host of a replica has to do next, in its order.
public enum HostOutput<P: ConsensusProtocol>: Equatable, Sendable {
    /// Hand the record to the log, and answer with `appended` or, if the log has no room, with
    /// `logIsFull`, before anything else is asked for.
    case append(HostRecord<P>)
    /// Have everything flushed soon that the log was given.
    case flush
    /// Sign, here or elsewhere, and answer with `signed`.
    case sign(SigningRequest<P>)
    /// Check the signature under what an author says of its batch, here or elsewhere, and give the
    /// replica `authorshipChecked`.
    case checkAuthorship(Vote)
    /// Send a message of this validator to its recipient or, if it names none, to every peer. What
    /// it stands on is durable.
    case publish(P.Unsigned, ReplicaMessage<P>)
    /// Give this to the replica, with the time: what came of its own effects.
    case give(ReplicaInput<P>)
    case send(ReplicaMessage<P>, to: ValidatorIndex)
    /// To every peer, not to the sender.
    case broadcast(ReplicaMessage<P>)
    /// Replaces the timer that was set before.
    case setTimer(Instant)
    /// Execute the block and keep it, all or none; then give the replica `executed`. Its batches
    /// are durable, and the places are those of its large ones in the log.
    case execute(CommittedBlock, places: [LogPosition?])
    /// Send the peer what `KeptBlocks` answers, if anything.
    case readBlocks(SyncRequest, for: ValidatorIndex)
    /// Send committed batches to the peer, as `batch`.
    case readBatches([BatchReference], for: ValidatorIndex)
    /// Reads up to this ticket may be served from the state as executed now.
    case readReady(upTo: UInt64)
    case askApplication(Block, [Batch])
    case accuse(Evidence)
    case diverged(Divergence)
    case displaced(Batch)
    case rejected(Rejection)
    case rejectedLedger(LedgerRejection, from: ValidatorIndex)
    case committed(CommittedRun)
    /// Make everything that was executed durable, and answer with `storeSynced`.
    case syncStore
    /// Give up what the log has up to this position: it is durable elsewhere.
    case truncate(upTo: LogPosition)
}

/// Something that this validator has to sign.
public struct SigningRequest<P: ConsensusProtocol>: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        case message(P.Unsigned)
        /// What the author says of a batch of its own.
        case batch(Statement)
    }

    /// What the signature is handed in with.
    public enum Ticket: Hashable, Sendable {
        case message(UInt64)
        case batch(BatchReference)
    }

    public let ticket: Ticket
    public let content: Content

    public var bytes: [UInt8] {
        switch content {
        case .message(let unsigned): unsigned.signingBytes
        case .batch(let statement): statement.signingBytes
        }
    }
}
