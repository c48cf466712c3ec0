import BFTBase
import BFTCore

/// The rounds above the last committed view.
struct HotStuffRoundList: Equatable, Sendable {
    private(set) var rounds = OrderedList<HotStuffRound>()
    /// The blocks of all rounds.
    var lineage = Lineage()
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// The round of `view`, if anything is known of it: a copy, of everything that it holds.
    subscript(view: View) -> HotStuffRound? { rounds.element(at: view) }

    /// Changes the round of `view` where it stands, making it first if need be.
    mutating func update<Result>(
        _ view: View, _ change: (inout HotStuffRound) -> Result
    ) -> Result {
        rounds.update(
            view,
            orInsert: { [validators] in HotStuffRound(view: view, validators: validators) },
            change)
    }

    /// The last round at or after `view` that is over.
    func lastOver(from view: View) -> HotStuffRound? { rounds.last(from: view) { $0.isOver } }

    /// The positions of the rounds at or after `view`.
    func range(from view: View) -> Range<Int> { rounds.position(of: view)..<rounds.count }

    mutating func removeAll(through view: View) {
        for position in 0..<rounds.position(of: view.next) {
            for block in rounds[position].blocks { lineage.remove(block.digest) }
        }
        rounds.removeAll(before: view.next)
    }

    // MARK: Blocks

    mutating func keep(_ proposal: HotStuffProposal, _ justification: HotStuffJustification) {
        let block = proposal.block
        let givenUp = update(block.view) { $0.keep(proposal, justification) }
        note(block, inPlaceOf: givenUp)
    }

    mutating func keep(_ block: Block) {
        let givenUp = update(block.view) { $0.keep(block) }
        note(block, inPlaceOf: givenUp)
    }

    private mutating func note(_ block: Block, inPlaceOf givenUp: Block?) {
        lineage.insert(block, rank: Self.rank(of: block))
        // It may be the proposal, too.
        if let givenUp, self[givenUp.view]?.block(named: givenUp.digest) == nil {
            lineage.remove(givenUp.digest)
        }
    }
}

extension HotStuffRoundList: LinkedBlocks {
    static func rank(of block: Block) -> UInt64 { block.view.rawValue }

    func block(named digest: Digest) -> Block? {
        guard let view = lineage.rank(of: digest), let position = rounds.index(of: View(view))
        else { return nil }
        return rounds[position].block(named: digest)
    }
}
