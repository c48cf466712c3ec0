import BFTBase
import BFTCore

/// The rounds above the last committed view, in rising order of their views.
///
/// - Invariant L1: views rise strictly.
struct SimplexRoundList: Equatable, Sendable {
    private(set) var rounds: [SimplexRound] = []
    private let validators: ValidatorSet
    /// In views up to this one, what was said is not known any more.
    private let floor: View

    init(_ validators: ValidatorSet, floor: View = .zero) {
        self.validators = validators
        self.floor = floor
    }

    /// The round of `view`, if anything is known of it: a copy, of everything that it holds.
    subscript(view: View) -> SimplexRound? { index(of: view).map { rounds[$0] } }

    /// The position of the round of `view`, to look at it where it stands.
    func index(of view: View) -> Int? {
        let position = self.position(of: view)
        guard position < rounds.count, rounds[position].view == view else { return nil }
        return position
    }

    /// Changes the round of `view` where it stands, making it first if need be.
    mutating func update<Result>(_ view: View, _ change: (inout SimplexRound) -> Result) -> Result {
        let position = self.position(of: view)
        if position == rounds.count || rounds[position].view != view {
            var round = SimplexRound(view: view, validators: validators)
            if view <= floor { round.own = .forgotten }
            rounds.insert(round, at: position)
        }
        return change(&rounds[position])
    }

    /// The last round at or after `view` that is over.
    func lastOver(from view: View) -> SimplexRound? {
        for position in rounds.indices.reversed() {
            guard rounds[position].view >= view else { return nil }
            if rounds[position].isOver { return rounds[position] }
        }
        return nil
    }

    /// The last round with a finalized block.
    var lastFinalized: SimplexRound? {
        for position in rounds.indices.reversed() where rounds[position].finalization != nil {
            return rounds[position]
        }
        return nil
    }

    mutating func removeAll(through view: View) {
        rounds.removeFirst(position(of: view.next))
    }

    func block(named digest: Digest) -> Block? {
        for position in rounds.indices.reversed() {
            if let block = rounds[position].block(named: digest) { return block }
        }
        return nil
    }

    /// The block named `digest` of a view before `view`. Asked for one ancestor after another.
    func block(named digest: Digest, before view: View) -> Block? {
        for position in rounds.indices[..<position(of: view)].reversed() {
            if let block = rounds[position].block(named: digest) { return block }
        }
        return nil
    }

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
