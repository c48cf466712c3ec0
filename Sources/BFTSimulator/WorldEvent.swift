import BFTBase
import BFTChain
import BFTCore
import BFTLedger

/// Something that happens in a world at an instant.
enum WorldEvent<P: ConsensusProtocol>: Sendable {
    case deliver(ReplicaMessage<P>, from: ValidatorIndex, to: ValidatorIndex)
    /// A message that the receiver has to decode.
    case deliverBytes([UInt8], from: ValidatorIndex, to: ValidatorIndex)
    /// A slow machine comes to a message that lay there.
    case process(ReplicaMessage<P>, from: ValidatorIndex, to: ValidatorIndex, life: Int)
    case timer(ValidatorIndex, life: Int, at: Instant)
    /// A group of the log's records is on disk.
    case synced(ValidatorIndex, life: Int)
    /// A signature is made.
    case signed(ValidatorIndex, life: Int, SigningRequest<P>.Ticket, [UInt8])
    /// An author's signature is checked.
    case authorshipChecked(ValidatorIndex, life: Int, Vote)
    case executed(ValidatorIndex, life: Int, CommittedBlock, places: [LogPosition?])
    case storeSynced(ValidatorIndex, life: Int)
    /// The snapshot of the state is written beside everything else.
    case stateSaved(ValidatorIndex, life: Int, StateSave)
    case restart(ValidatorIndex)
    /// The operator stops a node whose disk has failed.
    case stopFailed(ValidatorIndex, life: Int)
    case submit(ValidatorIndex)
    case read(ValidatorIndex)
    case truncate(ValidatorIndex)
    case speak(ValidatorIndex)
    /// A scheduled fault may begin.
    case fault(ScheduledFault, ordinal: UInt64)
    /// A cut of the network is over.
    case mend(cut: Int)
    /// Nobody hears anything for a while.
    case lull
    /// There is room on the disk again.
    case diskHasRoom(ValidatorIndex)
    /// A pause of the machine is over, unless another one lasts longer.
    case resume(ValidatorIndex)
    case heal

    /// The machine on which the event happens. A machine that is paused does it later.
    var machine: ValidatorIndex? {
        switch self {
        case .deliver(_, _, let node), .deliverBytes(_, _, let node),
            .process(_, _, let node, _), .timer(let node, _, _), .synced(let node, _),
            .signed(let node, _, _, _), .authorshipChecked(let node, _, _),
            .executed(let node, _, _, _), .storeSynced(let node, _),
            .stateSaved(let node, _, _), .submit(let node), .read(let node), .truncate(let node),
            .speak(let node):
            node
        case .restart, .stopFailed, .fault, .mend, .lull, .diskHasRoom, .resume, .heal: nil
        }
    }

    /// Tells events apart in the trace.
    var tag: UInt64 {
        func tag(_ kind: UInt64, _ node: ValidatorIndex?, _ other: ValidatorIndex? = nil) -> UInt64
        {
            kind << 32 | UInt64(node?.rawValue ?? 0) << 16 | UInt64(other?.rawValue ?? 0)
        }
        return switch self {
        case .deliver(_, let sender, let node): tag(1, node, sender)
        case .timer(let node, _, _): tag(2, node)
        case .synced(let node, _): tag(3, node)
        case .stopFailed(let node, _): tag(4, node)
        case .executed(let node, _, _, _): tag(5, node)
        case .restart(let node): tag(6, node)
        case .submit(let node): tag(7, node)
        case .read(let node): tag(8, node)
        case .truncate(let node): tag(9, node)
        case .speak(let node): tag(10, node)
        case .fault(let fault, _): tag(11, ValidatorIndex(fault.position))
        case .mend: tag(12, nil)
        case .heal: tag(13, nil)
        case .deliverBytes(_, let sender, let node): tag(14, node, sender)
        case .process(_, let sender, let node, _): tag(15, node, sender)
        case .storeSynced(let node, _): tag(16, node)
        case .diskHasRoom(let node): tag(17, node)
        case .resume(let node): tag(18, node)
        case .stateSaved(let node, _, _): tag(19, node)
        case .signed(let node, _, _, _): tag(20, node)
        case .authorshipChecked(let node, _, _): tag(21, node)
        case .lull: tag(22, nil)
        }
    }
}
