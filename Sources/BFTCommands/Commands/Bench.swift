import BFTBase
import BFTConfiguration
import Glibc

/// `bft bench`: a load generator for the RESP servers of nodes.
package struct Bench: ClientCommand {
    package static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Loads nodes with transactions and measures them.",
        discussion: """
            Without --rate, each client sends as fast as answers come. With --rate, requests are
            sent on a schedule whether or not answers come, and latency counts from the time
            that the schedule names. An answer with an error never counts as a transaction.
            The exit code is 1 if no transaction succeeded.
            """,
        examples: [
            "bft bench --resp 127.0.0.1:6400,127.0.0.1:6401 --clients 100 --pipeline 16",
            "bft bench --rate 5000 --seconds 30 --json",
            "bft bench --command mix --cpu-of $(cat .localnet/node0/pid)",
        ])

    @Option(help: "The nodes' RESP servers, with commas. Clients are spread over them.")
    var resp = [Endpoint(host: "127.0.0.1", port: 6400)]
    @Option(help: "The connections in all.") var clients = 50
    @Option(help: "The most requests of one connection that wait for an answer.") var pipeline = 1
    @Option(name: "value-bytes", valueName: "BYTES", help: "The size of a value.")
    var valueBytes = 64
    @Option(help: "How long to measure.") var seconds = 10.0
    @Option(name: "warm-up", valueName: "SECONDS", help: "How long to load before measuring.")
    var warmUp = 1.0
    @Option(help: "Requests a second of all clients together (open loop).") var rate: Double? = nil
    @Option(help: "What is sent.") var command = BenchCommand.set
    @Option(help: "The number of different keys.") var keyspace: UInt64 = 100_000
    @Option(help: "Decides which keys are drawn.") var seed: UInt64 = 1
    @Option(help: "What to send with AUTH.") var password: String? = nil
    @Option(
        name: "cpu-of", valueName: "PID,…",
        help: "Processes whose processor time to report, as a cost for each transaction.")
    var cpuOf: [Int] = []
    @Flag(help: "Show a line each second on standard error, even if that is no terminal.")
    var progress = false
    @Flag(help: "Print the figures as JSON.") var json = false

    package init() {}

    package func validate() throws(UsageError) {
        try Self.check("clients", clients, 1...10_000)
        try Self.check("pipeline", pipeline, 1...10_000)
        try Self.check("value-bytes", valueBytes, 0...(1 << 20))
        try Seconds.check(seconds, name: "seconds")
        guard warmUp == 0 || (warmUp >= 0.001 && warmUp <= 3_600) else {
            throw UsageError("--warm-up can't be \(warmUp)", hint: "give 0 to 3600 seconds")
        }
        guard keyspace >= 1, keyspace <= 1_000_000_000_000 else {
            throw UsageError(
                "--keyspace can't be \(keyspace)", hint: "give 1 to 1000000000000 keys")
        }
        if let rate, !(rate >= 1 && rate <= 10_000_000) {
            throw UsageError("--rate can't be \(rate)", hint: "give 1 to 10000000 a second")
        }
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

    package func run(_ console: Console) throws {
        var plan = BenchPlan(endpoints: resp)
        plan.clients = clients
        plan.pipeline = pipeline
        plan.command = command
        plan.valueBytes = valueBytes
        plan.keyspace = keyspace
        plan.seed = seed
        plan.warmUp = Seconds.interval(warmUp)
        plan.measured = Seconds.interval(seconds)
        plan.rate = rate
        plan.password = password
        plan.processes = cpuOf
        let showsProgress = progress || isatty(2) == 1
        let run = BenchRun(plan)
        var before: UInt64 = 0
        try run.run { progress in
            guard showsProgress else { return }
            let done = progress.succeeded
            let phase = progress.isWarmingUp ? "warming up" : "measuring"
            let new = done >= before ? done - before : done
            console.writeError("\(phase): \(new) tx/s, \(progress.errors) errors\n")
            before = done
        }
        let report = BenchReport(plan: plan, result: run.result)
        console.write(json ? report.json.compact + "\n" : report.text)
        guard run.result.succeeded > 0 else {
            throw CommandFailure(
                "no transaction succeeded",
                hint: "see the errors above, and 'bft status' for whether the chain moves")
        }
    }
}
