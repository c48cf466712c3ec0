public import BFTBase

/// Things in the order in which they came, a bounded number of them. If there are too many, one of
/// the older half goes, another each time: something of every age stays.
public struct Shelf<Item: Sendable>: Sendable {
    public private(set) var items: [Item] = []
    private let limit: Int
    private var dropped: UInt64 = 0

    public init(limit: Int) { self.limit = limit }

    /// Returns what had to go.
    @discardableResult
    mutating func add(_ item: Item) -> Item? {
        items.append(item)
        guard items.count > limit else { return nil }
        dropped += 1
        var random = SplitMix64(seed: dropped)
        return items.remove(at: Int.random(in: 0..<max(1, limit / 2), using: &random))
    }

    /// One of the last few as often as any.
    public func pick(_ random: inout SplitMix64) -> Item? {
        if random.oneIn(2) { return items.suffix(3).randomElement(using: &random) }
        return items.randomElement(using: &random)
    }

    /// As `pick`, among those that `isFit` holds for.
    public func pick(_ random: inout SplitMix64, where isFit: (Item) -> Bool) -> Item? {
        let fit = items.filter(isFit)
        if random.oneIn(2) { return fit.suffix(3).randomElement(using: &random) }
        return fit.randomElement(using: &random)
    }
}

extension SplitMix64 {
    public mutating func oneIn(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &self) == 0
    }

    public mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }
}
