import BFTBase
import BFTCore
import BFTSimulator
import Glibc

/// A bug that was put in on purpose, and the world in which it has to be found.
///
/// Another protocol adds its own: wrong rules or a `ReplicaMistake` around it, a table of these,
/// and a line in `PlantedBugs.all`.
struct PlantedBug: Sendable {
    let protocolName: String
    /// What it does wrong, in a few words.
    let name: String
    let surroundings: Surroundings
    /// How many seeds it may take.
    let seedLimit: UInt64
    /// Runs a seed. Returns what was violated first.
    private let run: @Sendable (UInt64) throws -> String?
    /// Runs a seed of the same world without the bug.
    private let runSoundly: @Sendable (UInt64) throws -> String?

    /// How a bug was found.
    struct Finding: Sendable {
        let seed: UInt64
        let violation: String
        /// Of the processor.
        let seconds: Double

        /// The name of what noticed.
        var oracle: String { String(violation.prefix { $0 != ":" }) }
    }

    /// A wrong protocol.
    ///
    /// - Parameter oracle: judges alone, if one is named.
    init<Wrong: Attackable, Sound: Attackable>(
        _ protocolName: String, _ name: String, _ surroundings: Surroundings, within limit: UInt64,
        _ wrong: Wrong.Type, insteadOf sound: Sound.Type, judgedBy oracle: String? = nil
    ) {
        let oracles = oracle.map { OracleSelection.only([$0]) } ?? .all
        self.init(protocolName, name, surroundings, within: limit, sound: sound) {
            var world = try surroundings.world(wrong, seed: $0, oracles: oracles)
            guard oracles != .all else { return Self.violation(world) }
            // What is left of a network that is broken asks in vain for long.
            world.run(until: world.submitUntil)
            return world.violations.first
        }
    }

    /// A wrong host of a sound protocol.
    init<Sound: Attackable>(
        _ protocolName: String, _ name: String, _ surroundings: Surroundings, within limit: UInt64,
        hosting sound: Sound.Type, _ change: @Sendable (inout HostMistakes<Sound>) -> Void
    ) {
        var changed = HostMistakes<Sound>()
        change(&changed)
        let mistakes = changed
        self.init(protocolName, name, surroundings, within: limit, sound: sound) {
            try Self.violation(surroundings.world(sound, seed: $0, mistakes: mistakes))
        }
    }

    private init<Sound: Attackable>(
        _ protocolName: String, _ name: String, _ surroundings: Surroundings, within limit: UInt64,
        sound: Sound.Type, run: @escaping @Sendable (UInt64) throws -> String?
    ) {
        self.protocolName = protocolName
        self.name = name
        self.surroundings = surroundings
        seedLimit = limit
        self.run = run
        runSoundly = { try Self.violation(surroundings.world(sound, seed: $0)) }
    }

    private static func violation<P: ConsensusProtocol>(_ world: World<P>) -> String? {
        var world = world
        world.runToRest(within: World<P>.viewTimeout.scaled(by: 100))
        return world.violations.first
    }

    /// Runs seeds until one is violated.
    func hunt() throws -> Finding? {
        let start = Self.processorSeconds
        for seed in 0..<seedLimit {
            if let violation = try RunsInFlight.note("\(self), seed \(seed)", { try run(seed) }) {
                return Finding(
                    seed: seed, violation: violation, seconds: Self.processorSeconds - start)
            }
        }
        return nil
    }

    /// What this thread has used of the processor.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// What the product does wrong where the bug was found. Nothing, if the world is a fair one.
    func violationWithoutBug(_ seed: UInt64) throws -> String? { try runSoundly(seed) }
}

extension PlantedBug: CustomStringConvertible {
    var description: String { "\(protocolName): \(name)" }
}
