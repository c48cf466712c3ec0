import BFTBase
import BFTCore

/// Everything that can happen to a ledger.
enum LedgerInput: Equatable, Sendable {
    case started
    /// From a peer, its signatures checked.
    ///
    /// - `commitVoteHeight`: the height up to which this validator may have voted to commit.
    case received(LedgerMessage, from: ValidatorIndex, commitVoteHeight: Height)
    case connected(ValidatorIndex)
    case timerFired
    /// An own batch, with the sequence that `nextOwnSequence` gave.
    case sealed(Batch)
    /// Own batches may be missing between others: a crash took those that were not durable.
    case mayHaveGaps
    case stored(BatchReference)
    case batchSigned(BatchReference, signature: [UInt8])
    case authorshipChecked(Vote, isGenuine: Bool)
    case executed(Height, stateRoot: Digest)
    case applicationJudged(Digest, isValid: Bool)
    case read(ticket: UInt64)

    // MARK: What the protocol asks for

    /// What to propose in a view on top of the branch.
    ///
    /// - `isCautious`: whether to name only batches whose signatures are checked.
    case draft(view: View, on: Branch, isCautious: Bool)
    case judge(Branch)
    case commit(CommittedRun)
    case fetch(Certificate)
}
