import BFTBase
import BFTServer
import BFTTransport
import Synchronization

/// What other threads may know of the node, as of the last turn of its loop.
final class SharedReports: Sendable {
    struct Reports {
        var status: StatusReport
        var trouble: String?
        var counters = NodeCounters()
        var pendingBytes = 0
        var waitingChecks = 0
    }

    private let reports: Mutex<Reports>

    init(_ status: StatusReport) { reports = Mutex(Reports(status: status)) }

    var current: Reports { reports.withLock { $0 } }

    func update(_ body: (inout Reports) -> Void) { reports.withLock { body(&$0) } }
}

/// What a node has counted since it started.
struct NodeCounters: Sendable {
    var received: UInt64 = 0
    var malformed: UInt64 = 0
    var verified: UInt64 = 0
    var signed: UInt64 = 0
    var forgeries: UInt64 = 0
    /// For which a validator was kept away.
    var offences = OffenceCounts()
    var dropped: UInt64 = 0
    var rejections: UInt64 = 0
    var evidence: UInt64 = 0
    var committedBlocks: UInt64 = 0
    var submitted: UInt64 = 0
    var executedTransactions: UInt64 = 0
    /// The digest of the state as executed.
    var stateRoot = Digest.zero
}
