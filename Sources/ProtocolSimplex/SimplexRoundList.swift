import BFTBase
import BFTCore

/// The rounds above the last committed view.
struct SimplexRoundList: Equatable, Sendable {
    private(set) var rounds = OrderedList<SimplexRound>()
    private let validators: ValidatorSet
    /// In views up to this one, what was said is not known any more.
    private let floor: View

    init(_ validators: ValidatorSet, floor: View = .zero) {
        self.validators = validators
        self.floor = floor
    }

    /// The round of `view`, if anything is known of it: a copy, of everything that it holds.
    subscript(view: View) -> SimplexRound? { rounds.element(at: view) }

    /// The position of the round of `view`, to look at it where it stands.
    func index(of view: View) -> Int? { rounds.index(of: view) }

    /// Changes the round of `view` where it stands, making it first if need be.
    mutating func update<Result>(_ view: View, _ change: (inout SimplexRound) -> Result) -> Result {
        rounds.update(
            view,
            orInsert: { [validators, floor] in
                var round = SimplexRound(view: view, validators: validators)
                if view <= floor { round.own = .forgotten }
                return round
            }, change)
    }

    /// The last round at or after `view` that is over.
    func lastOver(from view: View) -> SimplexRound? { rounds.last(from: view) { $0.isOver } }

    /// The last round with a finalized block.
    var lastFinalized: SimplexRound? {
        for position in rounds.indices.reversed() where rounds[position].finalization != nil {
            return rounds[position]
        }
        return nil
    }

    /// Whether the leader of `view` has proposed, as far as it is known here.
    func hasProposal(in view: View) -> Bool {
        index(of: view).map { rounds[$0].proposal != nil } ?? false
    }

    mutating func removeAll(through view: View) { rounds.removeAll(before: view.next) }
}

extension SimplexRoundList: BlockSource {
    func block(named digest: Digest) -> Block? {
        for position in rounds.indices.reversed() {
            if let block = rounds[position].block(named: digest) { return block }
        }
        return nil
    }

    /// The block named `digest` of a view before `view`. Asked for one ancestor after another.
    func block(named digest: Digest, before view: View) -> Block? {
        for position in (0..<rounds.position(of: view)).reversed() {
            if let block = rounds[position].block(named: digest) { return block }
        }
        return nil
    }

    func parent(of child: Block) -> Block? { block(named: child.parent, before: child.view) }

    /// Told by the way down alone.
    func mayStand(_ block: Block, on root: Digest) -> Bool { true }
}
