import BFTBase
import BFTCore

/// The instances that are not decided, in rising order of view and height.
struct PBFTInstanceList: Equatable, Sendable {
    private(set) var all = OrderedList<PBFTInstance>()
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// A copy of everything that is known of one height in one view.
    subscript(view: View, height: Height) -> PBFTInstance? {
        all.element(at: PBFTPlace(view: view, height: height))
    }

    /// The position of the instance, to look at it where it stands.
    func index(of view: View, _ height: Height) -> Int? {
        all.index(of: PBFTPlace(view: view, height: height))
    }

    /// Changes an instance where it stands, making it first if need be.
    mutating func update<Result>(
        _ view: View, _ height: Height, _ change: (inout PBFTInstance) -> Result
    ) -> Result {
        all.update(
            PBFTPlace(view: view, height: height),
            orInsert: { [validators] in
                PBFTInstance(view: view, height: height, validators: validators)
            }, change)
    }

    /// The instances of `view`, by rising height.
    func of(_ view: View) -> Slice<OrderedList<PBFTInstance>> { all[range(of: view)] }

    /// Where those stand, to look at each without a copy of it: there may be many.
    func range(of view: View) -> Range<Int> { first(of: view)..<first(of: view.next) }

    mutating func removeAll(through height: Height) { all.removeAll { $0.height <= height } }

    mutating func removeAll(before view: View) {
        all.removeAll(before: PBFTPlace(view: view, height: .zero))
    }

    private func first(of view: View) -> Int {
        all.position(of: PBFTPlace(view: view, height: .zero))
    }
}
