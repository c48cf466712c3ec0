public import BFTBase
import BFTCore

/// Everything that decides one run, in terms that a command line can say again.
public struct Scenario: Sendable, Equatable {
    /// A malicious validator: who, and what it does.
    public struct Seat: Sendable, Equatable {
        public let validator: Int
        public let adversary: String
        /// The millisecond from which it says nothing any more. Never, if `nil`.
        public var silentFrom: UInt64?

        public init(validator: Int, adversary: String, silentFrom: UInt64? = nil) {
            self.validator = validator
            self.adversary = adversary
            self.silentFrom = silentFrom
        }
    }

    /// How scenarios are made.
    public enum Method: Sendable, Equatable {
        /// A world whose faults are drawn from the seed.
        case swarm
        /// A replica with a twin; the seed is the number of the scenario.
        case twins(TwinsEnumeration)
        /// Few faults of small scope, drawn from the seed.
        case scope(FaultScope)
    }

    public var method = Method.swarm
    public var powers: [VotingPower]
    public var seed: UInt64
    /// The kinds of faults that the seed may draw.
    public var faults = FaultKind.allCases
    /// The plan to follow instead of one that the seed draws.
    public var givenPlan: FaultPlan?
    public var seats: [Seat] = []
    /// How long faults last. The seed says so if it is `nil`.
    public var faultTime: Interval?
    /// The decisions of the seed that are carried out: all of them if it is `nil`.
    public var decisions: [Decision]?
    /// What malicious validators draw otherwise than the seed says.
    public var turns: [Turn] = []
    /// The millisecond from which nobody hears anything until every view has been given up. Never,
    /// if `nil`.
    public var lullAt: UInt64?

    public init(powers: [VotingPower], seed: UInt64) {
        self.powers = powers
        self.seed = seed
    }

    /// A network, malicious validators and faults, all drawn from `seed`: at most a third of the
    /// power lies.
    public static func drawn(seed: UInt64, adversaries: [String]) -> Scenario {
        var random = SplitMix64(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 0x5EED)
        let count = [4, 4, 4, 5, 7, 10].randomElement(using: &random) ?? 4
        var powers = Array(repeating: VotingPower(1), count: count)
        if Int.random(in: 0..<4, using: &random) == 0 {
            powers = powers.map { _ in UInt64.random(in: 1...4, using: &random) }
        }
        var scenario = Scenario(powers: powers, seed: seed)
        let total = powers.reduce(0, +)
        var lying: VotingPower = 0
        let wanted = adversaries.isEmpty ? 0 : Int.random(in: 0...count / 3, using: &random)
        for validator in powers.indices.shuffled(using: &random)
        where scenario.seats.count < wanted && 3 * (lying + powers[validator]) < total {
            let name = adversaries[Int.random(in: adversaries.indices, using: &random)]
            lying += powers[validator]
            scenario.seats.append(Seat(validator: validator, adversary: name))
        }
        scenario.silence(&random)
        return scenario
    }

    /// Seats validators that say anything, as many as a third of the power allows or fewer.
    ///
    /// No clock jumps: one that is set wrong beside a third of the power that lies is more than
    /// any protocol here bears, as a block from the future is certified then.
    ///
    /// - Parameter drawsPowers: whether the network is drawn, too: four to seven validators.
    public mutating func drawSayers(drawsPowers: Bool) {
        faults.removeAll { $0 == .jumps }
        var random = SplitMix64(seed: seed &* 0x9E6C_63D0_876A_68EF &+ 0xA11)
        if drawsPowers {
            let count = [4, 4, 4, 5, 6, 7].randomElement(using: &random) ?? 4
            let isEven = !random.oneIn(3)
            powers = (0..<count).map { _ in isEven ? 1 : UInt64(random.number(1...4)) }
        }
        let total = powers.reduce(0, +)
        var lying: VotingPower = 0
        let wanted = random.number(1...max(1, (powers.count - 1) / 3))
        for validator in powers.indices.shuffled(using: &random)
        where seats.count < wanted && 3 * (lying + powers[validator]) < total {
            lying += powers[validator]
            seats.append(Seat(validator: validator, adversary: "anything"))
        }
        silence(&random)
    }

    /// Every second of the malicious validators falls silent for good: about when faults end, so
    /// that nobody comes to others' help who would not have to. A trap that an honest answer would
    /// open is seen then.
    mutating func silence(_ random: inout SplitMix64) {
        let end = plan.healAt.nanoseconds / 1_000_000
        for position in seats.indices where Bool.random(using: &random) {
            seats[position].silentFrom =
                random.oneIn(2)
                ? UInt64.random(in: end / 4...end + 200, using: &random) : end
        }
    }

    /// What the lanes of a diagram are called.
    public var laneNames: [String] {
        let names = powers.indices.map { "v\($0)" }
        guard case .twins = method else { return names }
        return names + ["twin of v0"]
    }

    /// What goes wrong.
    public var plan: FaultPlan {
        var random = SplitMix64(seed: seed)
        var plan = givenPlan ?? FaultPlan.drawn(from: &random, kinds: faults)
        if let faultTime { plan.healAt = Instant(nanoseconds: 0).advanced(by: faultTime) }
        return plan
    }

    /// The options of `bft simulate` that say all this, quoted for a shell.
    public var options: [String] {
        arguments.map { $0.isEmpty || $0.contains(where: " #>".contains) ? "'\($0)'" : $0 }
    }

    /// The options of `bft simulate` that say all this, word by word.
    public var arguments: [String] {
        var options = method.options
        if Set(powers) == [1] {
            options += ["--validators", "\(powers.count)"]
        } else {
            options += ["--powers", powers.map(String.init).joined(separator: ",")]
        }
        options += ["--seed", "\(seed)"]
        if let givenPlan {
            options += ["--plan", "\(givenPlan)"]
        } else if faults != FaultKind.allCases {
            let names = faults.isEmpty ? ["none"] : faults.map(\.rawValue)
            options += ["--faults", names.joined(separator: ",")]
        }
        if !seats.isEmpty {
            let seats = seats.map { seat in
                "\(seat.adversary)=\(seat.validator)"
                    + (seat.silentFrom.map { "@\($0)" } ?? "")
            }
            options += ["--adversary", seats.joined(separator: ",")]
        }
        if let faultTime { options += ["--time-limit", faultTime.inSeconds] }
        if let lullAt { options += ["--lull", "\(lullAt)"] }
        if !turns.isEmpty {
            options += ["--turns", turns.map(\.description).joined(separator: ",")]
        }
        if let decisions {
            let names =
                decisions.isEmpty
                ? "none"
                : decisions.map(\.description)
                    .joined(separator: ",")
            options += ["--decisions", names]
        }
        return options
    }
}

extension Scenario.Method {
    fileprivate var options: [String] {
        switch self {
        case .swarm: []
        case .twins(let enumeration):
            ["--search", "twins", "--views", "\(enumeration.viewCount)"]
                + ["--parts", "\(enumeration.partLimit)"]
        case .scope(let scope):
            ["--search", "scope", "--views", "\(scope.viewCount)"]
                + ["--splits", "\(scope.splitLimit)", "--changes", "\(scope.changeLimit)"]
        }
    }
}

extension Interval {
    /// In seconds, to the millisecond.
    fileprivate var inSeconds: String {
        let milliseconds = nanoseconds / 1_000_000
        return "\(milliseconds / 1_000).\(String(1_000 + milliseconds % 1_000).dropFirst())"
    }
}
