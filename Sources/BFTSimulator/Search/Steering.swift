import BFTBase

/// A search that is steered by what its runs came to: a run that saw something new is kept, and
/// runs that begin like it and go on otherwise are tried.
///
/// Everything follows from the seed and from what the runs came to, which their scenarios decide:
/// so equal searches are equal, and what one finds is repeated by its scenario alone.
///
/// Source: Zalewski, "American Fuzzy Lop" (2013), for the queue of inputs that reached something.
public struct Steering: Sendable {
    private var random: SplitMix64
    private let draw: @Sendable (UInt64) -> Scenario
    private var seen: Set<UInt32> = []
    private var kept: [Kept] = []
    /// Runs that go on from a leap without help from the malicious, still to be made.
    private var unhelped = Deque<Scenario>()
    private var nextSeed: UInt64
    /// In how many runs there was a leap of each kind.
    private var leapCounts: [UInt32: Int] = [:]

    private struct Kept: Sendable {
        let scenario: Scenario
        /// When the run came to what was new.
        let moments: [Moment]
        /// How many runs were made of it.
        var childCount = 0
    }

    private static var keptLimit: Int { 256 }
    private static var turnLimit: Int { 12 }
    private static var unhelpedLimit: Int { 64 }

    /// - Parameter draw: the scenario of a seed.
    public init(seed: UInt64, draw: @escaping @Sendable (UInt64) -> Scenario) {
        random = SplitMix64(seed: seed)
        nextSeed = seed
        self.draw = draw
    }

    /// How many different things were seen.
    public var featureCount: Int { seen.count }
    public var keptCount: Int { kept.count }

    /// Every second run is one of its own; the others go on from one that is kept, beside those
    /// that a leap asks for.
    public mutating func next() -> Scenario {
        if random.oneIn(2), let scenario = unhelped.popFirst() { return scenario }
        guard !kept.isEmpty, random.oneIn(2) else {
            nextSeed &+= 1
            return draw(nextSeed)
        }
        // Of two, the one that was tried less.
        let (first, second) = (random.number(0...kept.count - 1), random.number(0...kept.count - 1))
        let position = kept[first].childCount <= kept[second].childCount ? first : second
        kept[position].childCount += 1
        return changed(kept[position])
    }

    private mutating func changed(_ kept: Kept) -> Scenario {
        var scenario = kept.scenario
        guard let moment = kept.moments.randomElement(using: &random) else { return scenario }
        let occasion = moment.occasion
        // From then on it helps nobody: whoever is trapped stays so.
        if random.oneIn(4) {
            let time = moment.millisecond + UInt64(random.number(0...4))
            for position in scenario.seats.indices { scenario.seats[position].silentFrom = time }
            scenario.lullAt = random.oneIn(2) ? time : nil
            if random.oneIn(2) { return scenario }
        } else if random.oneIn(6) {
            scenario.silence(&random)
        }
        // Just before what was new, as it came about; or after it.
        let distance = UInt64(random.number(0...8))
        let start =
            random.oneIn(2) ? occasion + distance : occasion - min(occasion, distance)
        scenario.turns = scenario.turns.filter { $0.occasion < start || random.oneIn(2) }
        if scenario.turns.count >= Self.turnLimit { scenario.turns.removeFirst() }
        scenario.turns.append(
            Turn(at: start, salt: random.next() >> 32, isLasting: !random.oneIn(3)))
        scenario.turns.sort { $0.occasion < $1.occasion }
        return scenario
    }

    /// The malicious help nobody any more from shortly after a leap on.
    private mutating func noteLeaps(_ features: [Feature], of scenario: Scenario) {
        var leaps = features.filter(\.isLeap)
        if leaps.contains(where: \.isLed) { leaps.removeAll { !$0.isLed } }
        // Who could be told more is told it by others, sooner or later.
        if leaps.contains(where: \.isLast) { leaps.removeAll { !$0.isLast } }
        for kind in Set(leaps.map(\.kind)) { leapCounts[kind, default: 0] += 1 }
        // One of the kind that was seen in the fewest runs.
        let fewest = leaps.map { leapCounts[$0.kind] ?? 0 }.min() ?? 0
        leaps.removeAll { leapCounts[$0.kind] != fewest }
        guard let leap = leaps.randomElement(using: &random) else { return }
        let moment = leap.moment.millisecond
        // Once is enough.
        let isUnhelped = scenario.seats.contains { ($0.silentFrom ?? .max) <= moment + 2 }
        guard !isUnhelped else { return }
        var scenario = scenario
        // What is rare is tried at each moment that it may depend on.
        let isRare = leap.isLast && fewest <= Self.rareLimit
        let delays = isRare ? [0, 1, 2] : [UInt64(random.number(0...2))]
        for time in delays.map({ moment + $0 }) {
            for position in scenario.seats.indices { scenario.seats[position].silentFrom = time }
            // What everybody holds just then has to do for the next view; or this one goes on.
            for hasLull in isRare || unhelped.isEmpty ? [true, false] : [random.oneIn(2)] {
                scenario.lullAt = hasLull ? time : nil
                if unhelped.count >= Self.unhelpedLimit { _ = unhelped.popFirst() }
                unhelped.append(scenario)
            }
        }
    }

    /// A leap of a kind that was seen in so few runs is rare.
    private static var rareLimit: Int { 4 }

    /// What the run of `scenario` came to.
    public mutating func learn(_ features: [Feature], of scenario: Scenario) {
        noteLeaps(features, of: scenario)
        var moments: [Moment] = []
        for feature in features where seen.insert(feature.word).inserted {
            moments.append(feature.moment)
        }
        guard !moments.isEmpty else { return }
        if kept.count >= Self.keptLimit {
            kept.remove(at: random.number(0...kept.count / 2))
        }
        kept.append(Kept(scenario: scenario, moments: moments))
    }
}
