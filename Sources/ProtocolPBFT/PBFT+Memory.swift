import BFTBase
import BFTCore

// What a replica keeps, in numbers that others can hold it to. P11.
extension PBFTReplica {
    /// How many views this replica keeps votes of.
    public var keptViewCount: Int {
        var count = 0
        var last: View?
        for instance in instances.all where instance.view != last {
            count += 1
            last = instance.view
        }
        return count
    }

    /// The most views that it keeps votes of: the one before its own, its own, and those ahead.
    public var keptViewLimit: UInt64 { PBFTBounds.views + 2 }
}
