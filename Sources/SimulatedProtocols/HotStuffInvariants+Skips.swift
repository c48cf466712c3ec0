import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff

/// H3, what the two-chain rules have of it: an honest validator votes for a block that skips a view
/// only if a quorum can have given up the view before the block's, none of it knowing anything
/// above the parent.
///
/// Not of rules that lock: they need no proof of what others knew.
struct SkipsAreShown<Rules: HotStuffRules>: Oracle {
    private let scene: Scene
    private let isLocking = Rules().lock(.zero, onParent: View(1)) > .zero
    /// By view that was given up: the highest certified view that each honest validator knew.
    private var highViews: [View: [ValidatorIndex: View]] = [:]
    /// Of the blocks that honest validators voted for.
    private var views: [Digest: View] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .signed(.timeout(let said), let sender):
            highViews[said.view, default: [:]][sender] = said.highView
        case .durable(.voted(let block, _), let node):
            views[block.digest] = block.view
            let parent = block.height == Height(1) ? .zero : views[block.parent]
            guard !isLocking, let parent, let previous = block.view.previous, parent < previous
            else { return nil }
            let backing = (highViews[previous] ?? [:]).filter { $0.value <= parent }
            guard !scene.canBeQuorum(Set(backing.keys)) else { return nil }
            return "\(node) votes in view \(block.view) on one of view \(parent), and no quorum "
                + "gave view \(previous) up knowing nothing higher"
        default: break
        }
        return nil
    }
}
