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

/// Which kinds of faults there may be: `all`, `none`, or names with commas.
struct FaultNames: ExpressibleByArgument, Equatable {
    let parts: [FaultPlan.Part]

    init(parts: [FaultPlan.Part]) { self.parts = parts }

    init?(argument: String) {
        switch argument {
        case "all": self.init(parts: FaultPlan.Part.allCases)
        case "none": self.init(parts: [])
        default:
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map {
                FaultPlan.Part(rawValue: String($0))
            }
            guard !parts.contains(nil) else { return nil }
            // In one order, so that equal lists give equal scenarios.
            self.init(parts: FaultPlan.Part.allCases.filter { parts.contains($0) })
        }
    }

    var defaultValueDescription: String {
        parts == FaultPlan.Part.allCases ? "all" : parts.map(\.rawValue).joined(separator: ",")
    }
    static var valueName: String { "all|none|NAME,…" }
    static var allValueStrings: [String] {
        ["all", "none"] + FaultPlan.Part.allCases.map(\.rawValue)
    }
}

/// A malicious validator: `NAME=INDEX`, or `NAME` for the first that has none yet.
struct SeatArgument: ExpressibleByArgument, Equatable {
    let adversary: String
    let validator: Int?

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        adversary = String(name)
        if parts.count == 2 {
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            validator = index
        } else {
            validator = nil
        }
    }

    var defaultValueDescription: String {
        validator.map { "\(adversary)=\($0)" } ?? adversary
    }
    static var valueName: String { "NAME[=INDEX]" }
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
