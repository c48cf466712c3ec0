/// What happened in a world, by kind: a fault that never occurs tests nothing.
public struct WorldStatistics: Sendable, Equatable {
    public enum Kind: Int, CaseIterable, Sendable {
        case sent, lost, duplicated
        /// Messages that took a hundred times as long as others.
        case delayed
        /// Delays that were doubled at least once.
        case tailed
        /// Messages that crossed between regions.
        case crossed
        /// Messages that waited for their link, and messages that a full link dropped.
        case queued, overflowed
        /// Messages that a cut link dropped.
        case cutOff
        case splits, isolations
        case oneWayCuts
        case flaps
        /// Messages that were decoded from bytes, and those that did not decode.
        case decoded, undecodable
        case powerCuts
        case crashes, pauses
        /// Machines that stopped while the log was being written.
        case tornWrites
        /// Starts that cut an unfinished write off the log.
        case cutTails
        case starts
        /// Blocks that were executed again at a start.
        case replayed
        case slowNodes
        case slowDisks
        case fullDisks
        /// Nodes that stopped because their disk was full, or because a sync failed.
        case stoppedByFullDisk
        case stoppedByFailedSync
        case bitRot
        case misdirectedWrites
        /// Starts that a damaged disk made impossible.
        case refusedStarts
        case rollbacks
        case lostChains
        case clockJumps
        /// Machines whose wall clock is off, and those whose clocks gain or lose.
        case skewedClocks, driftingClocks
        /// Executions that took a millisecond or longer.
        case slowExecutions
        /// Records that a log had no room for.
        case refusedRecords
        /// Segments of logs that were given up.
        case retiredSegments
        /// Times that clients were turned away because too much was under way.
        case refusedBusy
        /// Clients' operations, and those that were answered.
        case operations, answered
        /// Keys with more operations under way at a time than can be followed: nobody knows
        /// whether what clients were told of them is linearizable.
        case undecidedHistories
    }

    private var counts = Array(repeating: 0, count: Kind.allCases.count)

    public init() {}

    public subscript(kind: Kind) -> Int {
        get { counts[kind.rawValue] }
        set { counts[kind.rawValue] = newValue }
    }

    /// What happened in both.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        for position in sum.counts.indices { sum.counts[position] += right.counts[position] }
        return sum
    }
}

extension WorldStatistics: CustomStringConvertible {
    /// `name=count` for each that is not zero.
    public var description: String {
        Kind.allCases.filter { self[$0] > 0 }.map { "\($0)=\(self[$0])" }
            .joined(separator: " ")
    }
}
