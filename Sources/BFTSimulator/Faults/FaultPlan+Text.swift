import BFTBase

// A plan on one line, and back: what a person pastes into a command.
extension FaultPlan: CustomStringConvertible {
    /// Words of the form `name=value`, those that differ from a calm plan: `loss=120
    /// split=100-900/50-300 heal=1500`. Ranges are `low-high`; a schedule is how often and how
    /// long, in milliseconds.
    public var description: String {
        let calm = FaultPlan()
        return FaultPlanField.all.compactMap { field in
            let text = field.text(self)
            return text == field.text(calm) ? nil : "\(field.name)=\(text)"
        }.joined(separator: " ")
    }

    /// The plan that `description` shows. `nil` if a word is none of a plan's.
    public init?(_ description: String) {
        self.init()
        for word in description.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2,
                let field = FaultPlanField.all.first(where: { $0.name == parts[0] }),
                field.read(parts[1], &self)
            else { return nil }
        }
    }
}

extension FaultPlan: LosslessStringConvertible {}

/// One word of a plan.
private struct FaultPlanField {
    let name: String
    let text: (FaultPlan) -> String
    /// Takes the value over, or says that there is none like it.
    let read: (String, inout FaultPlan) -> Bool

    init<Value: FaultPlanValue>(_ name: String, _ path: WritableKeyPath<FaultPlan, Value>) {
        self.name = name
        text = { $0[keyPath: path].planText }
        read = { text, plan in
            guard let value = Value(planText: text) else { return false }
            plan[keyPath: path] = value
            return true
        }
    }

    /// In the order in which they are printed.
    static var all: [FaultPlanField] {
        [
            FaultPlanField("delay", \.delayMicroseconds), FaultPlanField("wan", \.isWide),
            FaultPlanField("tail", \.tailPerMille), FaultPlanField("loss", \.lossPerMille),
            FaultPlanField("duplication", \.duplicationPerMille),
            FaultPlanField("reordering", \.stragglerPerMille),
            FaultPlanField("bandwidth", \.bytesPerMillisecond),
            FaultPlanField("encoding", \.encodesMessages),
            FaultPlanField("power-cuts", \.powerCutsPer100k),
            FaultPlanField("crashes", \.crashesPer100k),
            FaultPlanField("blackout", \.hasMassPowerCut),
            FaultPlanField("execution", \.executionMicroseconds),
            FaultPlanField("drift", \.driftPerMillion),
            FaultPlanField("skew", \.skewMilliseconds),
            FaultPlanField("sync", \.syncMicroseconds),
            FaultPlanField("truncation", \.truncationMilliseconds),
            FaultPlanField("save", \.saveBlockCount),
            FaultPlanField("submit", \.submitPauseMilliseconds),
            FaultPlanField("clients", \.clientCount),
            FaultPlanField("batches", \.batchesPerAuthor),
            FaultPlanField("heal", \.healMilliseconds),
            FaultPlanField("after", \.afterMilliseconds),
        ]
            + ScheduledFault.allCases.map { FaultPlanField($0.rawValue, \.[$0]) }
    }
}

extension FaultPlan {
    fileprivate var healMilliseconds: UInt64 {
        get { healAt.nanoseconds / 1_000_000 }
        set { healAt = Instant(nanoseconds: newValue * 1_000_000) }
    }

    fileprivate var afterMilliseconds: UInt64 {
        get { submitAfterHeal.nanoseconds / 1_000_000 }
        set { submitAfterHeal = .milliseconds(newValue) }
    }
}

/// A value that stands in a plan's line.
private protocol FaultPlanValue {
    var planText: String { get }
    init?(planText: String)
}

/// Numbers in a plan stay where no sum of them overflows.
private let planNumberLimit: UInt64 = 1_000_000_000

extension UInt64: FaultPlanValue {
    fileprivate var planText: String { "\(self)" }

    fileprivate init?(planText: String) {
        guard let number = UInt64(planText), number <= planNumberLimit else { return nil }
        self = number
    }
}

extension Int: FaultPlanValue {
    fileprivate var planText: String { "\(self)" }

    fileprivate init?(planText: String) {
        guard let number = UInt64(planText: planText) else { return nil }
        self = Int(number)
    }
}

extension Bool: FaultPlanValue {
    fileprivate var planText: String { self ? "yes" : "no" }

    fileprivate init?(planText: String) {
        guard planText == "yes" || planText == "no" else { return nil }
        self = planText == "yes"
    }
}

extension ClosedRange: FaultPlanValue where Bound == UInt64 {
    fileprivate var planText: String { "\(lowerBound)-\(upperBound)" }

    fileprivate init?(planText: String) {
        let bounds = planText.split(separator: "-", omittingEmptySubsequences: false)
            .map { UInt64(planText: String($0)) }
        guard bounds.count == 2, let low = bounds[0], let high = bounds[1], low <= high else {
            return nil
        }
        self = low...high
    }
}

extension Schedule?: FaultPlanValue {
    fileprivate var planText: String {
        map { "\($0.every.planText)/\($0.lasting.planText)" } ?? "no"
    }

    fileprivate init?(planText: String) {
        if planText == "no" {
            self = nil
            return
        }
        let parts = planText.split(separator: "/", omittingEmptySubsequences: false)
            .map { ClosedRange<UInt64>(planText: String($0)) }
        guard parts.count == 2, let every = parts[0], let lasting = parts[1] else { return nil }
        self = Schedule(every: every, lasting: lasting)
    }
}
