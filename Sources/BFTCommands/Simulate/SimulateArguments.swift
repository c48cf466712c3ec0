import BFTSimulator

/// Which seeds: `17..40`, both ends included, or how many from 0.
struct SeedRange: ExpressibleByArgument, Equatable {
    let first: UInt64
    let last: UInt64

    init(first: UInt64, last: UInt64) {
        self.first = first
        self.last = last
    }

    init?(argument: String) {
        if let count = UInt64(argument) {
            guard count > 0 else { return nil }
            self.init(first: 0, last: count - 1)
            return
        }
        let ends = argument.split(separator: ".", omittingEmptySubsequences: false)
        guard ends.count == 3, ends[1].isEmpty, let first = UInt64(ends[0]),
            let last = UInt64(ends[2]), first <= last
        else { return nil }
        self.init(first: first, last: last)
    }

    var defaultValueDescription: String { "\(first)..\(last)" }
    static var valueName: String { "A..B|COUNT" }
}

/// Which kinds of faults there may be: names of kinds or of groups, with commas.
struct FaultNames: ExpressibleByArgument, Equatable {
    let kinds: [FaultKind]

    init(kinds: [FaultKind]) { self.kinds = kinds }

    init?(argument: String) {
        guard case .success(let kinds) = FaultKind.named(argument) else { return nil }
        self.init(kinds: kinds)
    }

    var defaultValueDescription: String {
        kinds == FaultKind.allCases ? "all" : kinds.map(\.rawValue).joined(separator: ",")
    }
    static var valueName: String { "NAME,…" }
    static var allValueStrings: [String] {
        FaultKind.groups.map(\.name) + FaultKind.allCases.map(\.rawValue)
    }
}

/// A plan of faults, as a report shows it.
struct PlanArgument: ExpressibleByArgument, Equatable {
    let plan: FaultPlan

    init?(argument: String) {
        guard let plan = FaultPlan(argument) else { return nil }
        self.plan = plan
    }

    var defaultValueDescription: String { plan.description }
    static var valueName: String { "'NAME=VALUE …'" }
}

/// A malicious validator: `NAME=INDEX`, or `NAME` for the first that has none yet. `@800` after it
/// makes it fall silent for good after 800 simulated milliseconds.
struct SeatArgument: ExpressibleByArgument, Equatable {
    let adversary: String
    let validator: Int?
    let silentFrom: UInt64?

    init?(argument: String) {
        let halves = argument.split(separator: "@", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        if halves.count == 2 {
            guard let time = UInt64(halves[1]), time <= Self.timeLimit else { return nil }
            silentFrom = time
        } else {
            silentFrom = nil
        }
        let parts = halves[0].split(separator: "=", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        adversary = String(name)
        if parts.count == 2 {
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            validator = index
        } else {
            validator = nil
        }
    }

    /// A day.
    static let timeLimit: UInt64 = 86_400_000

    var defaultValueDescription: String {
        (validator.map { "\(adversary)=\($0)" } ?? adversary)
            + (silentFrom.map { "@\($0)" } ?? "")
    }
    static var valueName: String { "NAME[=INDEX][@MILLISECONDS]" }
}

/// What malicious validators draw otherwise than the seed says, with commas.
struct TurnList: ExpressibleByArgument, Equatable {
    let turns: [Turn]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        turns = words.compactMap { Turn(String($0)) }
        guard turns.count == words.count else { return nil }
    }

    var defaultValueDescription: String { turns.map(\.description).joined(separator: ",") }
    static var valueName: String { "OCCASION[+]:SALT,…" }
}

/// Decisions by name: `none`, or names with commas.
struct DecisionNames: ExpressibleByArgument, Equatable {
    let decisions: [Decision]

    init?(argument: String) {
        guard argument != "none" else {
            decisions = []
            return
        }
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        let decisions = names.compactMap { Decision(String($0)) }
        guard decisions.count == names.count else { return nil }
        self.decisions = decisions
    }

    var defaultValueDescription: String {
        decisions.map(\.description).joined(separator: ",")
    }
    static var valueName: String { "none|NAME,…" }
}
