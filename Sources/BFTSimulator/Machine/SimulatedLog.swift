import BFTBase
import BFTChain
import BFTStorage

/// The node's safety log on a virtual disk, with the group commit of its thread: what gathers while
/// the disk is busy becomes durable together. The world says when a sync is over.
///
/// Used on the world's thread alone.
final class SimulatedLog: @unchecked Sendable {
    private struct Record {
        let type: UInt8
        let parts: [[UInt8]]
    }

    private let log: SafetyLog
    private let directory: MemoryLogDirectory
    private var gathered: [Record] = []
    private var group: [Record] = []
    /// Whether somebody waits for the records that have gathered, or for their room.
    private var isWanted = false
    private var end: LogPosition
    private let recordLimit: Int

    /// - Parameter recordLimit: how many records may be on their way to the disk.
    init(_ log: SafetyLog, on directory: MemoryLogDirectory, recordLimit: Int) {
        self.log = log
        self.directory = directory
        self.recordLimit = recordLimit
        end = log.end
    }

    /// Takes a record and returns its position, or `nil` if there is no room.
    func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool) -> LogPosition? {
        guard gathered.count + group.count < recordLimit else {
            isWanted = true
            return nil
        }
        let position = end
        let byteCount = parts.reduce(0) { $0 + $1.count }
        end = LogPosition(
            end.rawValue + UInt64(LogFormat.recordByteCount(payloadByteCount: byteCount)))
        gathered.append(Record(type: type, parts: parts))
        if isUrgent { isWanted = true }
        return position
    }

    func requestFlush() { if !gathered.isEmpty { isWanted = true } }

    /// Whether a group is on its way to the disk.
    var isBusy: Bool { !group.isEmpty }

    /// Hands what has gathered to the disk, if somebody waits for it and the disk isn't busy. Says
    /// whether a write begins.
    func beginGroup() -> Bool {
        guard !isBusy, isWanted, !gathered.isEmpty else { return false }
        isWanted = false
        swap(&group, &gathered)
        return true
    }

    /// The disk is done: the group is written and synced. Returns the last position.
    func finishGroup() throws(StorageError) -> LogPosition {
        var last = LogPosition.zero
        for record in group { last = try log.append(type: record.type, parts: record.parts) }
        try log.commit()
        group = []
        return last
    }

    /// Gives up segments. What is given up is durable elsewhere by now.
    func truncate(upTo position: LogPosition) throws(StorageError) {
        try log.truncate(upTo: position)
    }

    var segmentCount: Int { log.segmentCount }

    /// The machine stops in the middle of what the disk is doing: some of the operations of the
    /// write under way were carried out, the last of them perhaps in part.
    func tear(_ random: inout SplitMix64) {
        guard isBusy else { return }
        let count = directory.operationCount
        directory.setFaults { $0.powerCutAt = count + Int.random(in: 1...6, using: &random) }
        // It fails, unless it was over within that many operations.
        _ = try? finishGroup()
    }
}
