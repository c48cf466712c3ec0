import BFTBase

/// How an adversary that says anything behaves for a while.
struct Temper: Sendable {
    /// What becomes of messages of one sort that its own replica would send.
    enum Filter: Sendable {
        case pass
        case drop
        /// To these only, by position.
        case only(UInt64)
        /// To others each time.
        case someone
        /// Some time later.
        case late
        /// With something else in one of its places.
        case altered
        /// Something else of that sort is said instead, now and then.
        case instead
        /// Something else of that sort is said as well.
        case beside
    }

    /// By variety; the last ones are of the ledger's messages.
    private(set) var filters: [Filter]
    /// How many messages it makes each time that it speaks, at most.
    private(set) var eloquence: Int
    /// One in so many messages that it hears is answered by one that it makes.
    private(set) var reticence: Int
    /// One in so many votes of others is cast in its own name as well.
    private(set) var deference: Int
    /// One in so many fields is strange.
    let strangeness: Int
    /// Who hears what it makes: a set by position, or all.
    let audience: UInt64
    /// One in so many occasions gives it another temper.
    let constancy: Int
    /// The sort of message that it makes more often than others.
    let focus: Int
    /// Whether nothing is changed or made up: the mood alone decides what is said to whom.
    private(set) var isPlain = false
    /// Whether it makes up its answers to who catches up.
    private(set) var isInventingHistory: Bool

    static let ledgerVariety = Varieties.limit
    static let count = Varieties.limit + 8

    /// - Parameter repertoire: what the run has of all this.
    init(from random: inout SplitMix64, _ repertoire: Repertoire) {
        filters = Array(repeating: .pass, count: Self.count)
        let changed = random.number(0...3)
        for _ in 0..<changed {
            filters[random.number(0...Self.count - 1)] = Self.filter(&random)
        }
        // The sorts of an agreement are few, and the ones with the low numbers.
        for _ in 0..<changed { filters[random.number(0...6)] = Self.filter(&random) }
        // One thing that is never said: what waits for it goes on without being finished.
        if random.oneIn(3) { filters[random.number(0...6)] = .drop }
        if !repertoire.has(.filters) { filters = Array(repeating: .pass, count: Self.count) }
        // Who leads decides most.
        let lead: Filter? = random.oneIn(2) ? random.oneIn(2) ? .instead : .altered : nil
        if let lead, repertoire.has(.leading) { filters[0] = lead }
        focus = random.oneIn(2) ? 0 : random.number(0...8)
        eloquence = [0, 1, 2, 4].randomElement(using: &random) ?? 1
        reticence = [2, 4, 16, 64].randomElement(using: &random) ?? 4
        deference = [1, 4, 1_000].randomElement(using: &random) ?? 4
        strangeness = [8, 64, 1_000, 1_000_000].randomElement(using: &random) ?? 64
        audience = random.oneIn(2) ? .max : random.next()
        constancy = [30, 200, 2_000].randomElement(using: &random) ?? 200
        isInventingHistory = random.oneIn(2) && repertoire.has(.histories)
        if !repertoire.has(.inventing) { (eloquence, reticence) = (0, .max) }
        if !repertoire.has(.seconding) { deference = .max }
        if random.oneIn(4) { becomePlain() }
    }

    /// The same without anything that is changed or made up.
    var plain: Temper {
        var plain = self
        plain.becomePlain()
        return plain
    }

    private mutating func becomePlain() {
        filters = Array(repeating: .pass, count: Self.count)
        (eloquence, reticence, deference) = (0, .max, .max)
        isInventingHistory = false
        isPlain = true
    }

    private static func filter(_ random: inout SplitMix64) -> Filter {
        switch random.number(0...8) {
        case 0, 1: .drop
        case 2, 3: .only(random.next())
        case 4: .someone
        case 5: .late
        case 6: .instead
        case 7: .altered
        default: .beside
        }
    }
}
