public import BFTBase

/// What became of one run.
public struct RunOutcome: Sendable, Equatable {
    public let scenario: Scenario
    /// What went wrong. Empty in a good run.
    public let violations: [String]
    public let eventCount: Int
    /// The simulated time at the end.
    public let time: Instant
    /// How many blocks the chain had.
    public let height: Int
    /// Equal for equal runs.
    public let traceHash: UInt64
    /// The decisions that were carried out, if they were asked for.
    public let decisions: [Decision]
    /// What happened, if it was asked for, and how much more there was.
    public let trace: [TraceEvent]
    public let omittedCount: Int
    /// Keys of which nobody knows whether their history is linearizable: too much was under way.
    public let undecidedCount: Int
    /// What was new in it, if that was asked for.
    public let features: [Feature]

    public init(
        scenario: Scenario, violations: [String], eventCount: Int, time: Instant, height: Int,
        traceHash: UInt64, decisions: [Decision], trace: [TraceEvent], omittedCount: Int,
        undecidedCount: Int = 0, features: [Feature] = []
    ) {
        self.scenario = scenario
        self.violations = violations
        self.eventCount = eventCount
        self.time = time
        self.height = height
        self.traceHash = traceHash
        self.decisions = decisions
        self.trace = trace
        self.omittedCount = omittedCount
        self.undecidedCount = undecidedCount
        self.features = features
    }

    /// The name of what found the first violation, which stands before the first colon.
    public var oracle: String? { violations.first.map { String($0.prefix { $0 != ":" }) } }
}

/// What to note of a run beside its outcome.
public struct RunOptions: Sendable {
    /// Whether to note the decisions that were carried out.
    public var isRecordingDecisions = false
    /// Is told of each decision before it is carried out, if they are noted: a run may end before
    /// it has an outcome.
    public var decisionListener: (@Sendable (Decision) -> Void)?
    /// Whether to note what was new in the run.
    public var isRecordingFeatures = false
    /// Keeps a trace, if there is one.
    public var recorder: TraceRecorder?

    public init() {}
}
