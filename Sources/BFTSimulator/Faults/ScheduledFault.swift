import BFTBase

/// A fault that begins now and then and lasts for a while.
public enum ScheduledFault: String, CaseIterable, Sendable {
    /// The network falls into two parts.
    case split
    /// One machine hears nobody and is heard by nobody.
    case isolation
    /// Messages from one machine to another are lost, those the other way are not.
    case oneWay = "one-way"
    /// A link goes down and comes back again and again.
    case flapping
    /// A machine is suspended: what happens on it happens later.
    case pause
    /// A machine takes long for each message.
    case slowNode = "slow-node"
    /// A machine's syncs take many times as long.
    case slowDisk = "slow-disk"
    /// A machine's disk has no room.
    case fullDisk = "full-disk"
    /// A sync fails, and what it should have saved is lost at the next power cut.
    case failedSync = "failed-sync"
    /// A sector of a disk changes while the machine is down, or holds what belongs elsewhere.
    case corruption
    /// A machine starts again from an image of its disk that was made earlier.
    case rollback
    /// A wall clock is set wrong.
    case clockJump = "clock-jump"
    /// A machine stops and starts again with its log and without its chain.
    case lostChain = "lost-chain"

    /// Whether it may make a validator forget what it signed. Such a validator counts as
    /// malicious from the beginning, and there are never more of them than the protocol tolerates.
    public var breaksPromises: Bool { self == .corruption || self == .rollback }

    var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// When a scheduled fault begins, and for how long, in milliseconds.
public struct Schedule: Sendable, Equatable {
    /// From one beginning to the next.
    public var every: ClosedRange<UInt64>
    public var lasting: ClosedRange<UInt64>

    public init(every: ClosedRange<UInt64>, lasting: ClosedRange<UInt64>) {
        self.every = every
        self.lasting = lasting
    }

    /// A schedule of its own for a seed: rare or frequent, short or long.
    static func drawn(_ fault: ScheduledFault, from random: inout SplitMix64) -> Schedule {
        func range(_ low: ClosedRange<UInt64>, times: ClosedRange<UInt64>) -> ClosedRange<UInt64> {
            let lower = UInt64.random(in: low, using: &random)
            return lower...lower * UInt64.random(in: times, using: &random)
        }
        let every = range(30...400, times: 2...6)
        let lasting: ClosedRange<UInt64> =
            switch fault {
            case .split, .isolation, .oneWay, .flapping: range(20...300, times: 1...6)
            case .pause: range(10...200, times: 2...8)
            case .slowNode, .slowDisk, .clockJump: range(50...500, times: 1...4)
            case .fullDisk: range(50...300, times: 1...4)
            case .failedSync, .corruption, .rollback, .lostChain: range(10...200, times: 2...4)
            }
        return Schedule(every: every, lasting: lasting)
    }
}
