import BFTBase
import BFTCore

// What a replica keeps, in numbers that others can hold it to. H10.
extension HotStuffReplica {
    /// How many views this replica keeps something of.
    public var keptViewCount: Int { rounds.rounds.count }

    /// The most views that it keeps something of as it stands: those from the committed one to
    /// its own, and the window ahead.
    public var keptViewLimit: UInt64 {
        (view.rawValue - committed.view.rawValue).addingSaturating(HotStuffPacemaker.window)
    }
}
