import BFTBase
import BFTCore

// Giving a view up: nullify it or, having notarized in it, once that is safe; abstain; support.
extension SimplexReplica {
    /// Says what may be said in a view that was given up and is not over, and helps others to.
    ///
    /// Nothing here asks for a block, its batches, the time or a state: once all honest votes of
    /// the view have come, what may be said ends it. Either honest validators of more than a third
    /// of the power notarized one block, and all support it; or whoever notarized sees more than
    /// a third that did not, and all nullify.
    mutating func fallBack(into effects: inout [Effect<Self>]) {
        guard let position = rounds.index(of: view) else { return }
        if rules.mayAbstain(rounds.rounds[position].own), !rounds.rounds[position].notarizes.isEmpty
        {
            // Somebody notarized, and can't nullify unless it learns who did not.
            cast(statement(.abstain, in: view), into: &effects)
        }
        guard hasGivenUp else { return }
        nullify(view, into: &effects)
        for backed in supportable {
            cast(
                statement(.support, in: view, at: backed.height, for: backed.digest),
                into: &effects)
        }
    }

    /// Gives a view up, if this replica may.
    mutating func nullify(_ view: View, into effects: inout [Effect<Self>]) {
        let round = rounds[view]
        let own = round?.own ?? SimplexOwnVotes()
        let opposed = own.notarized.flatMap { round?.opposition(to: $0) } ?? 0
        guard rules.mayNullify(own, opposed: opposed, of: configuration.validators) else { return }
        cast(statement(.nullify, in: view), into: &effects)
    }

    /// The blocks of the present view that have to be supported.
    private var supportable: [BlockName] {
        guard let position = rounds.index(of: view) else { return [] }
        let own = rounds.rounds[position].own
        return rounds.rounds[position].notarizes.statements {
            rules.maySupport(own, backing: $0, of: configuration.validators)
        }
        .map { BlockName(height: $0.height, digest: $0.block) }
        .filter { !own.supported.contains($0) }
    }
}
