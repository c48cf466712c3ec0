public import BFTBase
import BFTCore

/// What paces a replica and makes none unsafe: tests put other paces in.
public protocol SimplexPacing {
    /// Does a validator in view `current` keep what it hears of `view`?
    func isNear(_ view: View, to current: View) -> Bool
}

extension SimplexPacing {
    /// S7: nobody can make a validator keep votes for views that may never come.
    public func isNear(_ view: View, to current: View) -> Bool {
        view <= current.advanced(by: SimplexPacemaker.window)
    }
}

/// How long this replica waits for whom. Local opinion: it moves a replica to nullify sooner or
/// later, and only a quorum of those moves the view.
struct SimplexPacemaker: Equatable, Sendable {
    /// How many views ahead of its own a replica keeps votes for.
    static let window: UInt64 = 64

    private let timing: ReplicaConfiguration.Timing
    private let schedule: LeaderSchedule
    /// Whom to wait for, and how long. A turn is a view.
    var watch: LeaderWatch
    /// From this view on, votes to finalize are held back.
    private var graceFrom = View.zero

    /// The part of the timeout for which a vote to finalize is held back, so that everybody's votes
    /// to notarize make it needless.
    private static let graceDivisor: UInt64 = 100

    /// After a grace in vain, there is none until the next view that this divides. All replicas
    /// try again in the same view: one that did not would vote to finalize, and end the others'.
    private static let gracePeriod: UInt64 = 64

    init(_ configuration: ReplicaConfiguration) {
        timing = configuration.timing
        schedule = configuration.leaders
        watch = LeaderWatch(configuration)
    }

    /// Whether the leader of `view` is not waited for.
    func isPassed(_ view: View, committed: View) -> Bool {
        watch.isPassed(
            schedule.leader(of: view), in: schedule.tenure(of: view),
            committed: schedule.tenure(of: committed))
    }

    /// How long the leader of `view` may take. Doubles with every view that was waited for in vain,
    /// so that it comes to exceed the network's delay, whatever that is.
    func timeout(in view: View, committed: View) -> Interval {
        watch.timeout(
            for: schedule.leader(of: view), in: schedule.tenure(of: view),
            committed: schedule.tenure(of: committed))
    }

    /// Whether a vote of `view` shows `validator` to be there, of whom nothing was heard.
    func isLifeSign(of validator: ValidatorIndex, in view: View) -> Bool {
        watch.isLifeSign(of: validator, in: schedule.tenure(of: view))
    }

    mutating func heard(from validator: ValidatorIndex, in view: View) {
        watch.heard(from: validator, in: schedule.tenure(of: view))
    }

    /// The link to `validator` broke in `view`, or the whole of it was waited for in vain.
    mutating func lost(_ validator: ValidatorIndex, in view: View) {
        watch.lost(validator, in: schedule.tenure(of: view))
    }

    /// Learns from `blocks`, committed on top of one of view `parent`, who has delivered and who
    /// has not. After a long gap, of its end.
    mutating func committed(_ blocks: [Block], onParentOf parent: View) {
        var last = parent
        for block in blocks where block.view > last {
            let reach = 2 * schedule.cycleLength
            var skipped = View(
                max(last.next.rawValue, block.view.rawValue - min(block.view.rawValue, reach)))
            while skipped < block.view {
                watch.failed(schedule.leader(of: skipped), in: schedule.tenure(of: skipped))
                skipped = skipped.next
            }
            watch.delivered(block.proposer)
            last = block.view
        }
        watch.committed()
    }

    /// How long a leader without anything to order waits before it proposes an empty block.
    /// Shorter while a block with a payload is not committed: the next block helps it along, if
    /// votes that are under way don't.
    func proposalDelay(isWorkUncommitted: Bool) -> Interval {
        isWorkUncommitted ? min(timing.idleInterval, helpDelay) : timing.idleInterval
    }

    /// How long what is under way may take before it is helped along: as long as most leaders need
    /// for a turn, within a hundredth and an eighth of the timeout.
    private var helpDelay: Interval {
        let timeout = timing.viewTimeout.nanoseconds
        let (least, most) = (
            Interval(nanoseconds: timeout / 100), Interval(nanoseconds: timeout / 8)
        )
        return watch.usualTime.map { min(most, max(least, $0)) } ?? most
    }

    /// How long a leader without anything to order has at least, while a block is not committed.
    var leastTimeToHelp: Interval {
        Interval(nanoseconds: timing.viewTimeout.nanoseconds / 4)
    }

    /// How long to wait for what ended the present view, once somebody is known to be in a later
    /// one: votes overtake each other. Whoever leads there next has its block to propose in time.
    var askAheadDelay: Interval { helpDelay }

    /// How long a leader is waited for that lost its link.
    var lostLinkDelay: Interval {
        Interval(nanoseconds: timing.viewTimeout.nanoseconds / 100)
    }

    /// How long a leader may say nothing before it is shown what made it the leader: as long as
    /// leaders usually need for all of their turn, since a shorter silence says nothing.
    var handOverDelay: Interval {
        let least = Interval(nanoseconds: timing.viewTimeout.nanoseconds / 200)
        return max(least, watch.usualTime ?? .zero)
    }

    /// How long to wait for everybody to notarize a block of `view` that a quorum notarized: not at
    /// all if somebody is known to be away.
    func grace(in view: View) -> Interval {
        guard view >= graceFrom, !watch.isSomebodySilent else { return Interval(nanoseconds: 0) }
        return Interval(nanoseconds: timing.viewTimeout.nanoseconds / Self.graceDivisor)
    }

    /// In `view`, somebody's vote to notarize did not come to everybody in time.
    mutating func missedVotes(in view: View) {
        let last = view.rawValue - view.rawValue % Self.gracePeriod
        graceFrom = max(graceFrom, View(last).advanced(by: Self.gracePeriod))
    }

    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }
}
