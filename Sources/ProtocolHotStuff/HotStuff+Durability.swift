import BFTBase
import BFTCore

// What is durable before something is said. H8.
extension HotStuffReplica {
    /// Says `message`, a vote for `block` or the proposal that it is part of: remembers it,
    /// durably, with what it stands on.
    mutating func say(
        _ message: HotStuffUnsigned, bound statement: Statement, for block: Block,
        showing shown: HotStuffMessage? = nil, into effects: inout [Effect<Self>]
    ) {
        // The parent is certified, so its own parent is what the rules may lock on.
        let parent = self.block(named: block.parent) ?? committed
        let grandparent = self.block(named: parent.parent) ?? committed
        commitments.lockedView = rules.lock(commitments.lockedView, onParent: grandparent.view)
        commitments.votedView = block.view
        if let ancestor = statement.ancestor {
            head.noteVote(at: ancestor.height)
        }
        rounds.update(block.view) { $0.ownVote = statement }
        rounds.keep(block)
        persistFoundation(into: &effects)
        effects.say(message, recording: .voted(block, statement), showing: shown)
    }

    /// Says that it gives a view up: remembers it, durably, with what it knows.
    mutating func say(_ statement: HotStuffTimeoutStatement, into effects: inout [Effect<Self>]) {
        commitments.timedOutView = max(commitments.timedOutView, statement.view)
        ownTimeout = statement
        persistFoundation(into: &effects)
        effects.say(.timeout(statement), recording: .timedOut(statement))
    }

    /// Makes the highest certificate and the lock durable, unless they are.
    mutating func persistFoundation(into effects: inout [Effect<Self>]) {
        if let high, high.statement.view > durableHighView {
            durableHighView = high.statement.view
            effects.append(.persist(.certificate(high)))
        }
        if commitments.lockedView > durableLock {
            durableLock = commitments.lockedView
            effects.append(.persist(.locked(commitments.lockedView)))
        }
    }
}
