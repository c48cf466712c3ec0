import BFTBase

/// The links between the machines of a world: which are cut, and which are busy.
struct Links: Sendable {
    /// A part of the network that carries nothing for a while.
    struct Cut: Sendable, Equatable {
        enum Shape: Sendable, Equatable {
            /// Between those for whom it says `true` and those for whom it says `false`. Who has
            /// no side reaches both.
            case split([Bool?])
            case oneWay(from: Int, to: Int)
            /// Between two machines, on and off, each this long, beginning at an instant.
            case flapping(Int, Int, every: Interval, since: Instant)
        }

        let number: Int
        let shape: Shape

        /// The sides of a split that `isMalicious` says who stands across. If all others would be
        /// on one side, one of them is cut off: a split that separates nobody is none, and would
        /// keep other cuts away.
        static func straddled(_ sides: [Bool], by isMalicious: [Bool]) -> [Bool?] {
            var sides = sides
            let first = sides.firstIndex(of: true) ?? 0
            let honest = sides.indices.map { ($0 + first) % sides.count }
                .filter { !isMalicious[$0] }
            guard honest.count > 1 else { return sides }
            if Set(honest.map { sides[$0] }).count == 1 { sides[honest[0]].toggle() }
            return sides.indices.map { isMalicious[$0] ? nil : sides[$0] }
        }
    }

    private let count: Int
    private(set) var cuts: [Cut] = []
    private var cutCount = 0
    /// How many messages each link has carried, by sender and target.
    private var messageCounts: [UInt64]
    /// When each link has sent what was given to it. Empty while links have no limit.
    private var freeAt: [Instant] = []

    init(count: Int) {
        self.count = count
        messageCounts = Array(repeating: 0, count: count * count)
    }

    /// The number of the next message of a link, from 1.
    mutating func nextMessage(from sender: Int, to target: Int) -> UInt64 {
        messageCounts[sender * count + target] += 1
        return messageCounts[sender * count + target]
    }

    func isCut(from sender: Int, to target: Int, at now: Instant) -> Bool {
        cuts.contains { cut in
            switch cut.shape {
            case .split(let side):
                side[sender].map { first in side[target].map { $0 != first } ?? false } ?? false
            case .oneWay(let from, let to): from == sender && to == target
            case .flapping(let first, let second, let period, let start):
                ((first, second) == (sender, target) || (second, first) == (sender, target))
                    && (now.since(start).nanoseconds / period.nanoseconds).isMultiple(of: 2)
            }
        }
    }

    /// Returns the number of the cut.
    mutating func cut(_ shape: Cut.Shape) -> Int {
        cutCount += 1
        cuts.append(Cut(number: cutCount, shape: shape))
        return cutCount
    }

    /// Returns whether there was such a cut.
    mutating func mend(_ number: Int) -> Bool {
        let before = cuts.count
        cuts.removeAll { $0.number == number }
        return cuts.count < before
    }

    /// Whether somebody reaches both sides of a split.
    var isStraddled: Bool {
        cuts.contains { cut in
            if case .split(let side) = cut.shape { side.contains(nil) } else { false }
        }
    }

    /// Who is on the smaller side of the latest split, by position.
    var secluded: UInt64 {
        for cut in cuts.reversed() {
            guard case .split(let side) = cut.shape else { continue }
            let parts = [true, false].map { part in side.indices.filter { side[$0] == part } }
            let smaller = parts[0].count <= parts[1].count ? parts[0] : parts[1]
            return smaller.reduce(0) { $0 | 1 << UInt64($1 % 64) }
        }
        return 0
    }

    mutating func mendAll() {
        cuts = []
        freeAt = []
    }

    /// Sends `byteCount` bytes over a link that carries `rate` bytes a millisecond. Returns when
    /// they are on their way, or `nil` if that is more than `limit` from now.
    mutating func send(
        _ byteCount: Int, from sender: Int, to target: Int, at now: Instant, rate: Int,
        limit: Interval
    ) -> Instant? {
        if freeAt.isEmpty { freeAt = Array(repeating: now, count: count * count) }
        let start = max(now, freeAt[sender * count + target])
        let end = start.advanced(by: Interval(nanoseconds: UInt64(byteCount * 1_000_000 / rate)))
        guard end.since(now) <= limit else { return nil }
        freeAt[sender * count + target] = end
        return end
    }
}

extension Links.Cut.Shape: CustomStringConvertible {
    /// `v0 v2 | v1 v3`, also where v3 reaches both sides: `v0 v2 v3 | v1 v3`; `v0 -x v1`, or
    /// `v0 x-x v1`.
    var description: String {
        switch self {
        case .split(let side):
            [true, false].map { part in
                side.indices.filter { side[$0] ?? part == part }.map { "v\($0)" }.joined(
                    separator: " ")
            }.joined(separator: " | ")
        case .oneWay(let from, let to): "v\(from) -x v\(to)"
        case .flapping(let first, let second, let period, _):
            "v\(first) x-x v\(second) every \(period)"
        }
    }
}
