import BFTBase
import BFTCore

/// The instances that are not decided, in rising order of view and height.
///
/// - Invariant L1: (view, height) rises strictly.
struct PBFTInstanceList: Equatable, Sendable {
    private(set) var all: [PBFTInstance] = []
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// A copy of everything that is known of one height in one view.
    subscript(view: View, height: Height) -> PBFTInstance? {
        index(of: view, height).map { all[$0] }
    }

    /// The position of the instance, to look at it where it stands.
    func index(of view: View, _ height: Height) -> Int? {
        let position = self.position(of: view, height)
        guard position < all.count, all[position].view == view, all[position].height == height
        else { return nil }
        return position
    }

    /// Changes an instance where it stands, making it first if need be.
    mutating func update<Result>(
        _ view: View, _ height: Height, _ change: (inout PBFTInstance) -> Result
    ) -> Result {
        let position = self.position(of: view, height)
        if position == all.count || all[position].view != view || all[position].height != height {
            let instance = PBFTInstance(view: view, height: height, validators: validators)
            all.insert(instance, at: position)
        }
        return change(&all[position])
    }

    /// The instances of `view`, by rising height.
    func of(_ view: View) -> ArraySlice<PBFTInstance> { all[range(of: view)] }

    /// Where those stand, to look at each without a copy of it: there may be many.
    func range(of view: View) -> Range<Int> {
        position(of: view, .zero)..<position(of: view.next, .zero)
    }

    mutating func removeAll(through height: Height) { all.removeAll { $0.height <= height } }

    mutating func removeAll(before view: View) { all.removeFirst(position(of: view, .zero)) }

    /// The position of the first instance at or after `(view, height)`.
    private func position(of view: View, _ height: Height) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if (all[middle].view, all[middle].height) < (view, height) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
