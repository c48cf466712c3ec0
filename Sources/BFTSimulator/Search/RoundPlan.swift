import BFTBase

/// What goes wrong in the first views of a run, view by view.
///
/// Runs are made of instances: one replica for each validator, and a second one for each validator
/// that has a twin. A twin has the key of the validator, and a memory of its own.
struct RoundPlan: Sendable, Equatable {
    /// What goes wrong in one view.
    struct Round: Sendable, Equatable {
        let leader: ValidatorIndex
        /// The part of the network in which each instance is.
        let parts: [Int]
    }

    let powers: [VotingPower]
    /// Whoever has a second instance. Those come after the first ones, in this order.
    let twins: [ValidatorIndex]
    /// Views 1, 2, …
    let rounds: [Round]

    /// The validator whose key each instance has.
    var instances: [ValidatorIndex] { powers.indices.map { ValidatorIndex($0) } + twins }

    /// Whether a message gets from one instance to another in a view.
    func connects(_ first: Int, _ second: Int, in view: View) -> Bool {
        guard let round = round(of: view) else { return true }
        return round.parts[first] == round.parts[second]
    }

    func round(of view: View) -> Round? {
        guard view > .zero, view.rawValue <= UInt64(rounds.count) else { return nil }
        return rounds[Int(view.rawValue) - 1]
    }

    /// More views than a run has before it comes to rest.
    private static let cycleLength = 1_024

    /// Who leads views 1, 2, …: the leaders of the rounds, and after them everybody in turn.
    var leaders: [ValidatorIndex] {
        rounds.map(\.leader)
            + (0..<Self.cycleLength).map { ValidatorIndex($0 % powers.count) }
    }
}

/// All scenarios with one twin in which, in each of the first views, the network is split in any
/// way and anybody leads.
///
/// Replicas that follow the protocol differ in nothing but their number, and so do the two twins:
/// of scenarios that are the same but for numbers, one is run. (After these views everybody leads
/// in turn, by number: in that, and in that alone, the runs that are left out differ.)
///
/// Source: Bano et al., "Twins: BFT systems made robust" (OPODIS 2021).
public struct TwinsEnumeration: Sendable, Equatable {
    public let validatorCount: Int
    public let viewCount: Int
    /// The most parts of the network.
    public let partLimit: Int

    /// What may happen in one view.
    private let choices: [RoundPlan.Round]
    /// What each renaming makes of each choice.
    private let images: [[Int]]

    /// - Precondition: there are 1 to 7 validators, and at least one view and one part.
    public init(validatorCount: Int, viewCount: Int, partLimit: Int) {
        precondition((1...7).contains(validatorCount), "too many renamings to try")
        precondition(viewCount > 0 && partLimit > 0, "nothing to enumerate")
        self.validatorCount = validatorCount
        self.viewCount = viewCount
        self.partLimit = partLimit
        let splits = Self.splits(of: validatorCount + 1, into: partLimit)
        let choices = splits.flatMap { parts in
            (0..<validatorCount).map {
                RoundPlan.Round(leader: ValidatorIndex($0), parts: parts)
            }
        }
        self.choices = choices
        images = Self.renamings(validatorCount).map { renaming in
            choices.map { choice in
                let image = Self.rename(choice, renaming, validatorCount)
                return choices.firstIndex(of: image) ?? 0
            }
        }
    }

    /// The number of scenarios, with those that are the same but for numbers: `nil` if it does not
    /// fit.
    public var count: UInt64? {
        var product: UInt64 = 1
        for _ in 0..<viewCount {
            let (next, overflow) = product.multipliedReportingOverflow(by: UInt64(choices.count))
            guard !overflow else { return nil }
            product = next
        }
        return product
    }

    /// The number of scenarios that differ by more than numbers, by Burnside's lemma.
    public var distinctCount: UInt64? {
        guard count != nil else { return nil }
        var sum: UInt64 = 0
        for image in images {
            let fixed = image.indices.count { image[$0] == $0 }
            var product: UInt64 = 1
            for _ in 0..<viewCount { product *= UInt64(fixed) }
            let (next, overflow) = sum.addingReportingOverflow(product)
            guard !overflow else { return nil }
            sum = next
        }
        return sum / UInt64(images.count)
    }

    /// Whether no renaming makes a scenario with a lower number of this one.
    public func isFirstOfItsKind(_ number: UInt64) -> Bool {
        let digits = digits(of: number)
        return images.allSatisfy { image in
            for digit in digits where image[digit] != digit { return image[digit] > digit }
            return true
        }
    }

    func plan(_ number: UInt64, powers: [VotingPower]) -> RoundPlan {
        RoundPlan(
            powers: powers, twins: [ValidatorIndex(0)],
            rounds: digits(of: number).map { choices[$0] })
    }

    /// The choice in each view.
    private func digits(of number: UInt64) -> [Int] {
        var rest = number
        var digits: [Int] = []
        for _ in 0..<viewCount {
            digits.append(Int(rest % UInt64(choices.count)))
            rest /= UInt64(choices.count)
        }
        return digits.reversed()
    }

    // MARK: Making the choices

    /// All ways to put `count` things into at most `limit` parts, numbered as they appear.
    private static func splits(of count: Int, into limit: Int) -> [[Int]] {
        var all: [[Int]] = [[]]
        for _ in 0..<count {
            all = all.flatMap { parts in
                let used = (parts.max() ?? -1) + 1
                return (0..<min(used + 1, limit)).map { parts + [$0] }
            }
        }
        return all
    }

    /// Renamings of instances: any of the validators but the first, and the twins.
    private static func renamings(_ validatorCount: Int) -> [[Int]] {
        var orders: [[Int]] = [[]]
        for validator in 1..<max(1, validatorCount) {
            orders = orders.flatMap { order in
                (0...order.count).map { position in
                    var longer = order
                    longer.insert(validator, at: position)
                    return longer
                }
            }
        }
        return orders.flatMap { order in
            [[0] + order + [validatorCount], [validatorCount] + order + [0]]
        }
    }

    private static func rename(
        _ choice: RoundPlan.Round, _ renaming: [Int], _ validatorCount: Int
    ) -> RoundPlan.Round {
        var parts = choice.parts
        for (instance, name) in renaming.enumerated() { parts[name] = choice.parts[instance] }
        // Parts are numbered as they appear.
        var names: [Int] = []
        let numbered = parts.map { part in
            if let position = names.firstIndex(of: part) { return position }
            names.append(part)
            return names.count - 1
        }
        let leader = choice.leader.rawValue
        let renamed = leader == 0 ? 0 : renaming[leader]
        return RoundPlan.Round(leader: ValidatorIndex(renamed), parts: numbered)
    }
}
