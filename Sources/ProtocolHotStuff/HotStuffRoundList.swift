import BFTBase
import BFTCore

/// The rounds above the last committed view, in rising order of their views.
///
/// - Invariant L1: views rise strictly.
struct HotStuffRoundList: Equatable, Sendable {
    private(set) var rounds: [HotStuffRound] = []
    /// The blocks of all rounds.
    private var lineage = Lineage()
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// The round of `view`, if anything is known of it.
    subscript(view: View) -> HotStuffRound? { index(of: view).map { rounds[$0] } }

    private func index(of view: View) -> Int? {
        let position = self.position(of: view)
        guard position < rounds.count, rounds[position].view == view else { return nil }
        return position
    }

    /// Changes the round of `view` where it stands, making it first if need be.
    mutating func update<Result>(_ view: View, _ change: (inout HotStuffRound) -> Result) -> Result
    {
        let position = self.position(of: view)
        if position == rounds.count || rounds[position].view != view {
            rounds.insert(HotStuffRound(view: view, validators: validators), at: position)
        }
        return change(&rounds[position])
    }

    /// The last round at or after `view` that is over.
    func lastOver(from view: View) -> HotStuffRound? {
        for position in rounds.indices.reversed() {
            guard rounds[position].view >= view else { return nil }
            if rounds[position].isOver { return rounds[position] }
        }
        return nil
    }

    /// The positions of the rounds at or after `view`.
    func range(from view: View) -> Range<Int> { position(of: view)..<rounds.count }

    mutating func removeAll(through view: View) {
        let end = position(of: view.next)
        for position in 0..<end {
            for block in rounds[position].blocks { lineage.remove(block.digest) }
        }
        rounds.removeFirst(end)
    }

    // MARK: Blocks

    func block(named digest: Digest) -> Block? {
        guard let view = lineage.rank(of: digest), let position = index(of: View(view)) else {
            return nil
        }
        return rounds[position].block(named: digest)
    }

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
        lineage.insert(block, rank: block.view.rawValue)
        // It may be the proposal, too.
        if let givenUp, self[givenUp.view]?.block(named: givenUp.digest) == nil {
            lineage.remove(givenUp.digest)
        }
    }

    /// The lowest block on the way down from the one named `digest`, or `nil` if that one is not
    /// here.
    func foot(of digest: Digest) -> Block? { lineage.foot(of: digest).flatMap(block(named:)) }

    /// Whether all blocks between `block` and the one named `root` are here.
    func stands(_ block: Block, on root: Digest) -> Bool {
        lineage.stands(block, rank: block.view.rawValue, on: root)
    }

    /// Notes how far the way down from the block named `digest` leads: it is asked for again.
    mutating func noteWay(from digest: Digest) { lineage.note(from: digest) }

    // MARK: Order

    /// The position of the first round whose view is `view` or later.
    private func position(of view: View) -> Int {
        var (low, high) = (0, rounds.count)
        while low < high {
            let middle = (low + high) / 2
            if rounds[middle].view < view { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
