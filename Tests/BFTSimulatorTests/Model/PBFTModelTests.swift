import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolPBFT
import SimulatedProtocols
import Synchronization
import Testing

/// What honest validators did in a run, for whoever wants it after it.
final class PBFTRun: Sendable {
    private let content = Mutex(PBFTPlayed())

    var played: PBFTPlayed { content.withLock { $0 } }

    func begin(_ played: PBFTPlayed) { content.withLock { $0 = played } }
    func note(_ change: (inout PBFTPlayed) -> Void) { content.withLock { change(&$0) } }
}

/// Reads what honest validators do, and finds nothing wrong with it: the model judges it in the
/// end.
struct PBFTModelTrace<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let run: PBFTRun

    static func entry(_ run: PBFTRun) -> OracleEntry<P> {
        OracleEntry("model") { scene in
            run.begin(PBFTPlayed(powers: scene.validators.powers, isHonest: scene.isHonest))
            return Self(run: run)
        }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .durable(.prepared(let block, _), _), .durable(.block(let block), _):
            run.note { $0.note(block) }
        case .signed(let unsigned, let voter):
            run.note { $0.note(unsigned, by: voter.rawValue) }
        case .committed(let committed, _): run.note { $0.noteCommitted(committed) }
        case .powerCut(let node, _): run.note { $0.noteRestart(of: node.rawValue) }
        default: break
        }
        return nil
    }
}

/// From the code to the specification: what replicas of PBFT do is what `Specs/PBFT/PBFT.tla`
/// allows.
@Suite struct PBFTModelTests {
    /// Views that end in every way there is.
    private static let chaos = Surroundings.ragged.plan

    /// Plays a world through its faults. Of every two seeds one has a malicious validator.
    static func play<Rules: PBFTRules>(
        _ rules: Rules.Type, seed: UInt64, plan: FaultPlan? = nil
    ) async throws -> PBFTPlayed {
        try await Seeds.aside {
            let run = PBFTRun()
            let catalogue = AdversaryCatalogue<PBFTReplica<Rules>>.all
            var adversaries: [Int: any Adversary<PBFTReplica<Rules>>] = [:]
            if !seed.isMultiple(of: 2) {
                adversaries[Int(seed / 2 % 4)] =
                    catalogue[Int(seed / 2) % catalogue.count].make()
            }
            var world = try World<PBFTReplica<Rules>>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries,
                oracles: .only([]), guests: [PBFTModelTrace<Rules>.entry(run)])
            world.run(until: world.submitUntil)
            return run.played
        }
    }

    @Test("What replicas do under faults and attacks is what the model allows")
    func allowed() async throws {
        var (reports, jumps, votes, commits, restarts) = (0, 0, 0, 0, 0)
        for seed in SimplexSimulationTests.part(10) {
            let played = try await Self.play(PBFTSoundRules.self, seed: seed)
            #expect(PBFTModel.refusal(of: played) == nil, "seed \(seed)")
            for (view, turn) in played.turns {
                reports += turn.asked.values.count { $0 != nil }
                let hasAll = view == View(1)
                jumps += turn.prepared.keys.count { !hasAll && turn.asked[$0] == nil }
                votes += turn.prepared.values.reduce(0) { $0 + $1.count }
                commits += turn.committed.values.reduce(0) { $0 + $1.count }
                restarts += turn.restarted.count
            }
        }
        #expect(reports > 0 && jumps > 0 && votes > 0 && commits > 0 && restarts > 0)
        print(
            "model of PBFT: \(reports) reports, \(jumps) joined without, \(votes) prepare, "
                + "\(commits) commit votes, \(restarts) restarts")
    }

    /// Plays seeds until the model refuses one.
    private static func firstRefused<Rules: PBFTRules>(
        _ rules: Rules.Type, plan: FaultPlan
    ) async throws -> (PBFTPlayed, String)? {
        for seed in UInt64(0)..<200 {
            let played = try await play(rules, seed: seed, plan: plan)
            if let refusal = PBFTModel.refusal(of: played) { return (played, refusal) }
        }
        return nil
    }

    /// The rules with one taken away, by name, and a run of each that the model refuses.
    private static func refused() async throws -> [(name: String, (PBFTPlayed, String)?)] {
        let split = Surroundings.split.plan
        return [
            ("HalfIsQuorum", try await firstRefused(PBFTHalfIsQuorum.self, plan: split)),
            ("CommitsUnprepared", try await firstRefused(CommitsUnprepared.self, plan: chaos)),
            (
                "VotesAfterViewChange",
                try await firstRefused(VotesAfterViewChange.self, plan: chaos)
            ),
            ("ReportsNothing", try await firstRefused(ReportsNothing.self, plan: chaos)),
            (
                "ReportsCommittedOnly",
                try await firstRefused(ReportsCommittedOnly.self, plan: chaos)
            ),
            ("ForgetsCommitted", try await firstRefused(ForgetsCommitted.self, plan: chaos)),
        ]
    }

    @Test("What replicas do once a rule is taken away, the model refuses")
    func refusals() async throws {
        for (name, refused) in try await Self.refused() {
            #expect(refused != nil, "the model allows all that \(name) does")
            print("model of PBFT: \(name): \(refused?.1 ?? "")")
        }
    }

    /// Where `make verify` wants runs for the model checker.
    private static let directory = ProcessInfo.processInfo.environment["MODEL_TRACES"]

    @Test("Runs of PBFT are written for the model checker", .enabled(if: directory != nil))
    func write() async throws {
        let directory = URL(filePath: try #require(Self.directory))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func write(_ name: String, _ played: PBFTPlayed) throws {
            try PBFTTraceModule(played).text.write(
                to: directory.appending(path: "pbft-\(name).tla"), atomically: true,
                encoding: .utf8)
        }
        for seed in UInt64(0)..<6 {
            // What comes before any view is a run, too.
            let played = try await Self.play(PBFTSoundRules.self, seed: seed)
            try write("allowed-\(seed)", played.prefix(upTo: View(8)))
        }
        for (name, refused) in try await Self.refused() {
            let (played, _) = try #require(refused, "the model allows all that \(name) does")
            try write("refused-\(name)", played)
        }
    }
}
