import BFTBase
import BFTConfiguration
import BFTSimulator

/// `bft measure`: what a protocol sends, and how long it takes.
struct Measure: Command {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Counts what a simulated network sends, and its delays.",
        discussion: """
            Replicas in a network without losses, with work to order all the time. Disks, executors
            and signatures take no time: what is measured is the protocol and the network. A seed
            decides everything. The result is JSON; times in it are simulated.
            """,
        examples: [
            "bft measure --validators 100 --network wan",
            "bft measure --validators 16 --network uniform --leader-fails",
            "bft measure --validators 31 --byzantine 10 --adversary equivocation",
        ])

    @Option(name: "protocol", help: "The protocol. The first that there is, if none is given.")
    var protocolName: String? = nil
    @Option(help: "How many validators, of power 1 each.") var validators = 4
    @Option(help: "How far they are from each other.") var network = NetworkName(.lan)
    @Option(help: "How many validators are down all the time.") var crashed = 0
    @Option(help: "How many validators are malicious.") var byzantine = 0
    @Option(help: "What those do, by a name of bft simulate, slow-leader or envious-leader.")
    var adversary = "silent-leader"
    @Flag(name: "leader-fails", help: "Stop a leader for good when its view begins.")
    var leaderFails = false
    @Option(help: "How many blocks to look at.") var blocks = 10
    @Option(name: "signature-bytes", help: "The size of a signature.") var signatureBytes = 64
    @Option(help: "What delays are drawn from.") var seed: UInt64 = 0
    @Flag(name: "list", help: "Print the names of the protocols instead.") var lists = false

    let protocols: [SimulatedProtocol]

    init(protocols: [SimulatedProtocol]) { self.protocols = protocols }

    func validate() throws(UsageError) {
        _ = try simulated
        guard (1...10_000).contains(validators) else {
            throw UsageError("--validators can't be \(validators)", hint: "give 1 to 10000")
        }
        guard (1...100_000).contains(blocks) else {
            throw UsageError("--blocks can't be \(blocks)", hint: "give 1 to 100000")
        }
        guard (64...10_000).contains(signatureBytes) else {
            throw UsageError(
                "--signature-bytes can't be \(signatureBytes)", hint: "give 64 to 10000")
        }
        // With one more down there is no quorum, and nothing to measure.
        let most = max(0, (validators - 1) / 3 - (leaderFails ? 1 : 0))
        guard (0...most).contains(crashed) else {
            throw UsageError("--crashed can't be \(crashed)", hint: "give 0 to \(most)")
        }
        guard (0...most - crashed).contains(byzantine) else {
            throw UsageError(
                "--byzantine can't be \(byzantine)", hint: "give 0 to \(most - crashed)")
        }
        let names = try simulated.adversaryNames + simulated.measuredAdversaryNames
        guard names.contains(adversary) else {
            throw UsageError(
                "no adversary '\(adversary)' is known",
                hint: "the adversaries are \(names.joined(separator: ", "))")
        }
    }

    private var simulated: SimulatedProtocol {
        get throws(UsageError) {
            try SimulatedProtocol.named(protocolName, among: protocols)
        }
    }

    func run(_ console: Console) throws {
        var measurement = Measurement()
        measurement.validatorCount = validators
        measurement.network = network.network
        measurement.crashedCount = crashed
        measurement.byzantineCount = byzantine
        measurement.adversary = adversary
        measurement.doesLeaderFail = leaderFails
        measurement.blockCount = blocks
        measurement.seed = seed
        measurement.signatureByteCount = signatureBytes
        if lists {
            for entry in protocols { console.print(entry.name) }
            return
        }
        let simulated = try simulated
        let run = try simulated.measure(measurement)
        console.print(json(run, simulated.name).compact)
        guard run.isComplete else {
            throw CommandFailure(
                "the network stopped before \(blocks) blocks", hint: "look at it with bft simulate")
        }
    }

    private func json(_ run: MeasuredRun, _ name: String) -> JSONText {
        func count(_ number: Int) -> JSONText { .integer(Int128(number)) }
        func microseconds(_ interval: Interval?) -> JSONText {
            guard let interval else { return .null }
            return .integer(Int128(interval.nanoseconds / 1_000))
        }
        let network: [(key: String, value: JSONText)] = [
            ("protocol", .text(name)), ("validators", count(validators)),
            ("network", .text(self.network.network.rawValue)), ("crashed", count(crashed)),
            ("byzantine", count(byzantine)), ("leaderFails", .boolean(leaderFails)),
        ]
        let counts: [(key: String, value: JSONText)] = [
            ("blocks", count(run.blockCount)), ("batches", count(run.batchCount)),
            ("events", count(run.eventCount)),
            ("messages", count(run.messageCount)), ("bytes", count(run.byteCount)),
            ("signatures", count(run.signedCount)), ("verifications", count(run.verifiedCount)),
        ]
        let busiest: [(key: String, value: JSONText)] = [
            ("sentBytesOfBusiest", count(run.busiest.sentByteCount)),
            ("receivedBytesOfBusiest", count(run.busiest.receivedByteCount)),
            ("burstBytesOfBusiest", count(run.busiest.burstByteCount)),
            ("signaturesOfBusiest", count(run.busiest.signedCount)),
            ("verificationsOfBusiest", count(run.busiest.verifiedCount)),
        ]
        let times: [(key: String, value: JSONText)] = [
            ("microseconds", microseconds(run.time)),
            ("latencyMedianMicroseconds", microseconds(run.latency(percent: 50))),
            ("latency99Microseconds", microseconds(run.latency(percent: 99))),
            ("recoveryMicroseconds", microseconds(run.recovery)),
        ]
        return .object(network + counts + busiest + times)
    }
}

/// How far validators are from each other.
struct NetworkName: ExpressibleByArgument, Equatable {
    let network: Measurement.Network

    init(_ network: Measurement.Network) { self.network = network }

    init?(argument: String) {
        guard let network = Measurement.Network(rawValue: argument) else { return nil }
        self.network = network
    }

    var defaultValueDescription: String { network.rawValue }
    static var valueName: String { "NAME" }
    static var allValueStrings: [String] { Measurement.Network.allCases.map(\.rawValue) }
}

extension SimulatedProtocol {
    /// The protocol of that name, or the first.
    static func named(
        _ name: String?, among protocols: [SimulatedProtocol]
    ) throws(UsageError) -> SimulatedProtocol {
        let names = protocols.map(\.name)
        guard let found = protocols.first(where: { $0.name == name ?? names.first }) else {
            throw UsageError(
                "no protocol '\(name ?? "")' is known",
                hint: "the protocols are \(names.joined(separator: ", "))")
        }
        return found
    }
}
