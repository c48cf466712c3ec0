import BFTBase
import BFTConfiguration
import BFTSimulator
import Glibc

/// `bft simulate`: worlds of replicas with faults, from seeds.
struct Simulate: Command {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs replicas in worlds with faults, from seeds.",
        discussion: """
            A seed decides everything about a run: two runs of a seed are the same run. What runs
            is the protocol and the ledger of a node; network, disks and clocks are virtual.
            After faults end, everything that was accepted has to be executed everywhere.

            Runs are carried out in processes of their own: a run that traps, or goes on for longer
            than --run-limit, is one that fails, and the search goes on.

            If a run fails, it is reduced to a short one that fails in the same way, and both are
            shown with the command that repeats them. The exit code is 1 then. Ctrl-C ends the
            search and shows what was found by then.

            --search swarm draws faults at random. --search twins goes through every way to split
            the network and every leader in the first views, with validator 0 run twice under one
            key. --search scope splits the network in few views and lets one validator change few
            of its messages by little. --search steered lets validators that say anything go on
            from where other runs came to something new.
            """,
        examples: [
            "bft simulate --seeds 10000",
            "bft simulate --seed 17 --trace",
            "bft simulate --seed 17 --diagram run.html --from 0 --to 200",
            "bft simulate --draw --seconds 60",
            "bft simulate --adversary anything=3,double-vote=1@800 --powers 1,1,1,1,1,1,1",
            "bft simulate --search steered --seconds 60",
            "bft simulate --search twins --views 2",
            "bft simulate --search scope --views 6 --seconds 60",
        ])

    @Option(name: "protocol", help: "The protocol. The first that there is, if none is given.")
    var protocolName: String? = nil
    @Option(help: "How many validators, of power 1 each.") var validators = 4
    @Option(help: "The validators' voting powers, instead of --validators.")
    var powers: [UInt64] = []
    @Option(help: "Which seeds to run.") var seeds: SeedRange? = nil
    @Option(help: "The one seed to run.") var seed: UInt64? = nil
    @Option(help: "How to look for failures.") var search = SearchMethod.swarm
    @Flag(help: "Draw the network and the adversaries from the seed, too.") var draw = false
    @Option(valueName: "SECONDS", help: "How long to go on with further seeds, in real time.")
    var seconds: Double? = nil
    @Option(
        name: "time-limit", valueName: "SECONDS",
        help: "How long faults last in each run, in simulated time. The seed says it if not given.")
    var timeLimit: Double? = nil
    @Option(help: "The kinds of faults that may be drawn.")
    var faults = FaultNames(kinds: FaultKind.allCases)
    @Option(help: "What goes wrong, instead of what the seed draws.") var plan: PlanArgument? = nil
    @Option(help: "Malicious validators, and from when on they are silent for good.")
    var adversary: [SeatArgument] = []
    @Option(help: "What malicious validators draw otherwise than the seed says.")
    var turns: TurnList? = nil
    @Option(
        valueName: "MILLISECONDS",
        help: "From when nobody hears anything, until all have given up the view.")
    var lull: UInt64? = nil
    @Option(help: "The decisions of the seed to carry out, instead of all.")
    var decisions: DecisionNames? = nil
    @Option(help: "The first views that twins and scope are about.") var views = 2
    @Option(help: "The most parts of the network, for twins.") var parts = 2
    @Option(help: "The most views in which the network splits, for scope.") var splits = 2
    @Option(help: "The most changes of messages, for scope.") var changes = 2
    @Option(help: "Processes. As many as there are processors, if 0.") var jobs = 0
    @Option(
        name: "run-limit", valueName: "SECONDS",
        help: "How much processor time a run may take before it counts as one that never ends.")
    var runLimit = 300.0
    @Flag(name: "keep-going", help: "Do not stop at the first failure.") var keepsGoing = false
    @Flag(name: "no-shrink", help: "Do not reduce what failed.") var doesNotShrink = false
    @Flag(help: "Print one line for each event of the run.") var trace = false
    @Option(valueName: "FILE.html|.svg", help: "Draw the run.") var diagram: String? = nil
    @Option(valueName: "MILLISECONDS", help: "From when to show the run.") var from: UInt64 = 0
    @Option(valueName: "MILLISECONDS", help: "Until when to show the run.") var to: UInt64? = nil
    @Flag(help: "Show a line each second on standard error, even if that is no terminal.")
    var progress = false
    @Flag(help: "Print the result as JSON.") var json = false

    let protocols: [SimulatedProtocol]
    let version: String

    init(protocols: [SimulatedProtocol], version: String) {
        self.protocols = protocols
        self.version = version
    }

    func validate() throws(UsageError) {
        _ = try simulated
        try Self.check("validators", validators, 1...1_000)
        try Self.check("jobs", jobs, 0...1_024)
        try Self.check("views", views, 1...16)
        try Self.check("parts", parts, 1...5)
        try Self.check("splits", splits, 0...16)
        try Self.check("changes", changes, 0...16)
        if let seconds { try Seconds.check(seconds, name: "seconds") }
        if let timeLimit { try Seconds.check(timeLimit, name: "time-limit") }
        if let lull, lull > SeatArgument.timeLimit {
            throw UsageError(
                "--lull can't be \(lull)", hint: "give at most \(SeatArgument.timeLimit)")
        }
        try Seconds.check(runLimit, name: "run-limit")
        if search == .twins, network.count > 7 {
            throw UsageError(
                "--search twins can't go through networks of \(network.count)",
                hint: "give at most 7 validators")
        }
        guard (try? ValidatorSet(network)) != nil else {
            throw UsageError("--powers can't be \(powers)", hint: "give numbers from 1 on")
        }
        if seed != nil, seeds != nil {
            throw UsageError("--seed and --seeds are both given", hint: "keep one of them")
        }
        if seed == nil, trace || diagram != nil || decisions != nil {
            throw UsageError(
                "--trace, --diagram and --decisions are about one run", hint: "name it with --seed")
        }
        if let diagram, !diagram.hasSuffix(".html"), !diagram.hasSuffix(".svg") {
            throw UsageError(
                "--diagram can't be '\(diagram)'", hint: "name a file that ends in .html or .svg")
        }
        if let to, to < from {
            throw UsageError("--to is before --from", hint: "give the later time to --to")
        }
        try checkSeats()
    }

    private static func check(
        _ name: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(UsageError) {
        guard range.contains(value) else {
            throw UsageError(
                "--\(name) can't be \(value)",
                hint: "give \(range.lowerBound) to \(range.upperBound)")
        }
    }

    private func checkSeats() throws(UsageError) {
        let names = try simulated.adversaryNames
        for seat in adversary where !names.contains(seat.adversary) {
            throw UsageError(
                "no adversary '\(seat.adversary)' is known",
                hint: "the adversaries are \(names.joined(separator: ", "))")
        }
        let seats = self.seats
        guard Set(seats.map(\.validator)).count == seats.count,
            seats.allSatisfy({ $0.validator < network.count })
        else {
            throw UsageError(
                "the adversaries need validators of their own",
                hint: "give each an index from 0 to \(network.count - 1)")
        }
    }

    // MARK: What is asked for

    var simulated: SimulatedProtocol {
        get throws(UsageError) {
            try SimulatedProtocol.named(protocolName, among: protocols)
        }
    }

    var network: [UInt64] { powers.isEmpty ? Array(repeating: 1, count: validators) : powers }

    /// Each adversary with its place: the first free one, if none was named.
    private var seats: [Scenario.Seat] {
        var taken = Set(adversary.compactMap(\.validator))
        return adversary.map { seat in
            var place = seat.validator ?? 0
            if seat.validator == nil {
                while taken.contains(place) { place += 1 }
                taken.insert(place)
            }
            return Scenario.Seat(
                validator: place, adversary: seat.adversary, silentFrom: seat.silentFrom)
        }
    }

    private var method: Scenario.Method {
        switch search {
        case .swarm, .steered: .swarm
        case .twins:
            .twins(
                TwinsEnumeration(
                    validatorCount: network.count, viewCount: views, partLimit: parts))
        case .scope:
            .scope(FaultScope(viewCount: views, splitLimit: splits, changeLimit: changes))
        }
    }

    private var source: ScenarioSource {
        get throws(UsageError) {
            var template = Scenario(powers: network, seed: 0)
            template.seats = seats
            template.method = method
            template.faults = faults.kinds
            template.givenPlan = plan?.plan
            template.decisions = decisions?.decisions
            template.turns = turns?.turns ?? []
            template.lullAt = lull
            template.faultTime = timeLimit.map {
                .milliseconds(UInt64(($0 * 1_000).rounded()))
            }
            return ScenarioSource(
                seeds: seedRange, template: template, drawsNetwork: draw,
                adversaryNames: try simulated.adversaryNames, isSteered: search == .steered)
        }
    }

    private var seedRange: SeedRange {
        if let seed { return SeedRange(first: seed, last: seed) }
        if let seeds { return seeds }
        if case .twins(let enumeration) = method {
            return SeedRange(first: 0, last: (enumeration.count ?? .max) - 1)
        }
        let last: UInt64 = seconds == nil ? 999 : .max
        return SeedRange(first: 0, last: last)
    }

    // MARK: Doing it

    func run(_ console: Console) throws {
        let stop = StopRequest()
        StopSignals.deliver(to: stop)
        let simulated = try simulated
        if seed != nil, trace || diagram != nil { return try show(simulated, console, stop) }
        let source = try source
        let report = SimulationReport(
            protocolName: simulated.name, version: version, commit: SourceCommit.current(),
            method: search, seeds: source.seeds)
        let (name, limit) = (simulated.name, Seconds.interval(runLimit))
        let run = SimulationRun(
            source, by: { RunWorker(name, limit: limit) },
            within: seconds.map(Seconds.interval), keepsGoing: keepsGoing, stop: stop)
        let totals = try run.run(jobs: processCount, progress: progressLine(console))
        var shrunken: ShrunkenRun?
        if let first = totals.failures.first, !doesNotShrink, !stop.isRequested {
            // Each attempt may take as long as a run that never ends.
            let isEndless = first.oracle == RunWorker.endless
            shrunken = try ShrunkenRun(
                first, by: RunWorker(name, limit: limit),
                until: isEndless ? Deadline(limit.scaled(by: Self.attemptLimit)) : nil,
                explainer: RunWorker(name, limit: limit, isExplaining: true), stop: stop)
        }
        console.write(
            json
                ? report.json(totals, shrunken).compact + "\n"
                : report.text(totals, shrunken, wasStopped: stop.isRequested))
        try failIfAny(totals.failures.map { $0.violations }, runCount: totals.runCount)
    }

    /// For how many runs that never end one is reduced.
    private static let attemptLimit: UInt64 = 10

    private var processCount: Int {
        jobs > 0 ? jobs : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    private func failIfAny(_ failures: [[String]], runCount: UInt64) throws {
        guard let first = failures.first?.first else { return }
        throw CommandFailure(
            "\(failures.count) of \(runCount) runs failed: \(first)",
            hint: "repeat a run with the command above")
    }

    private func progressLine(_ console: Console) -> (SimulationTotals) -> Void {
        let isShown = progress || isatty(2) == 1
        var due = MonotonicClock.nanoseconds + 1_000_000_000
        return { totals in
            guard isShown, MonotonicClock.nanoseconds >= due else { return }
            due += 1_000_000_000
            console.writeError(SimulationReport.progress(totals) + "\n")
        }
    }

    /// The one scenario that a seed names.
    var scenario: Scenario {
        get throws(UsageError) { try source.scenario(seed ?? 0) }
    }

    /// Runs one scenario and shows what happened.
    private func show(
        _ simulated: SimulatedProtocol, _ console: Console, _ stop: StopRequest
    ) throws {
        var options = RunOptions()
        let window =
            Instant(
                nanoseconds: from * 1_000_000)...Instant(
                nanoseconds: to.map { $0 * 1_000_000 } ?? .max)
        options.recorder = TraceRecorder(window: window)
        let scenario = try scenario
        let worker = RunWorker(
            simulated.name, limit: Seconds.interval(runLimit), isExplaining: true)
        guard let outcome = try worker.run(scenario, options, isOver: { stop.isRequested }) else {
            return
        }
        if let diagram {
            let picture = SequenceDiagram(
                of: outcome.trace, laneNames: scenario.laneNames,
                title: "\(simulated.name), seed \(scenario.seed)"
                    + (outcome.violations.first.map { ": \($0)" } ?? ""),
                subtitle: SimulationReport.command(simulated.name, scenario),
                omittedCount: outcome.omittedCount)
            try HomeFiles.write(
                diagram.hasSuffix(".svg") ? picture.svg : picture.html, to: diagram)
        }
        if trace { console.write(SimulationReport.lines(outcome.trace)) }
        if json {
            console.print(SimulationReport.json(outcome).compact)
        } else {
            let lines = [SimulationReport.summary(outcome)] + worker.lastWords
            console.writeError(lines.joined(separator: "\n") + "\n")
        }
        try failIfAny(outcome.oracle == nil ? [] : [outcome.violations], runCount: 1)
    }
}

/// How failures are looked for.
enum SearchMethod: String, CaseIterable, ExpressibleByArgument {
    case swarm
    case twins
    case scope
    case steered
}
