import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// From the code to the specification: what replicas do is what `Specs/Simplex/Simplex.tla` allows.
@Suite struct ModelTests {
    /// What honest validators did in a run, and what the model says of it.
    struct Judged: Sendable {
        let isHonest: [Bool]
        let steps: [ModelStep]
        let refusals: [String]
    }

    /// Runs a world through its faults with the model as the only judge. Of every two seeds one
    /// has a malicious validator.
    static func judge<Rules: SimplexRules>(
        _ rules: Rules.Type, seed: UInt64, plan: FaultPlan? = nil, viewCount: UInt64? = nil
    ) async throws -> Judged {
        let steps = ModelSteps()
        let refusals = try await Seeds.aside { () throws -> [String] in
            let catalogue = AdversaryCatalogue<SimplexReplica<Rules>>.all
            var adversaries: [Int: any Adversary<SimplexReplica<Rules>>] = [:]
            if !seed.isMultiple(of: 2) {
                adversaries[Int(seed / 2 % 4)] =
                    catalogue[Int(seed / 2) % catalogue.count].make()
            }
            var world = try World<SimplexReplica<Rules>>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries,
                oracles: .only([]), guests: [ModelTrace<Rules>.entry(steps)])
            while world.now < world.submitUntil, world.violations.isEmpty,
                steps.all.last.map({ $0.view <= viewCount ?? .max }) ?? true
            {
                world.run(until: world.now.advanced(by: .milliseconds(20)))
            }
            return world.violations
        }
        return Judged(isHonest: steps.isHonest, steps: steps.all, refusals: refusals)
    }

    @Test("What replicas do under faults and attacks is what the model allows")
    func allowed() async throws {
        var (votes, nullified, abstained, supported, finalized, kept) = (0, 0, 0, 0, 0, 0)
        for seed in SimplexSimulationTests.part(10) {
            let judged = try await Self.judge(SimplexSoundRules.self, seed: seed)
            #expect(judged.refusals.isEmpty, "seed \(seed)")
            for step in judged.steps {
                switch step {
                case .notarize: votes += 1
                case .nullify: nullified += 1
                case .abstain: abstained += 1
                case .support: supported += 1
                case .finalize: finalized += 1
                case .keep: kept += 1
                case .enter, .commit: break
                }
            }
        }
        #expect(
            votes > 0 && nullified > 0 && abstained > 0 && supported > 0 && finalized > 0
                && kept > 0)
        print(
            "model: \(votes) notarize, \(nullified) nullify, \(abstained) abstain, "
                + "\(supported) support, \(finalized) finalize steps, "
                + "\(kept) durable certificates")
    }

    @Test("The model refuses a vote before what it stands on is durable")
    func durable() {
        let (a, b) = (ModelBlock(view: 1, number: 1), ModelBlock(view: 3, number: 1))
        var model = SimplexModel(
            powers: [1, 1, 1, 1], isHonest: [true, true, true, false])
        func take(_ steps: ModelStep...) {
            for step in steps {
                let isTaken = model.take(step)
                #expect(isTaken, "\(step)")
            }
        }
        func refuse(_ step: ModelStep) {
            let isTaken = model.take(step)
            #expect(!isTaken, "\(step)")
        }

        take(.notarize(0, a, on: .genesis), .notarize(1, a, on: .genesis), .enter(0, 2))
        refuse(.nullify(0, 2))
        take(.keep(0, .notarization(a)), .nullify(0, 2))
        take(.keep(1, .notarization(a)), .nullify(1, 2), .enter(0, 3))
        refuse(.notarize(0, b, on: a))
        take(.keep(0, .nullification(2)), .notarize(0, b, on: a))
        take(.keep(2, .nullification(2)))
        refuse(.notarize(2, b, on: a))
        take(.support(2, b), .keep(2, .notarization(a)), .notarize(2, b, on: a))
        refuse(.keep(1, .nullification(1)))
    }

    /// Runs seeds until the model refuses one.
    static func firstRefused<Rules: SimplexRules>(
        _ rules: Rules.Type, plan: FaultPlan, viewCount: UInt64? = nil
    ) async throws -> Judged? {
        for seed in UInt64(0)..<400 {
            let judged = try await judge(rules, seed: seed, plan: plan, viewCount: viewCount)
            if !judged.refusals.isEmpty { return judged }
        }
        return nil
    }

    /// The rules with one taken away, by name, and a run of each that the model refuses.
    static func refused(viewCount: UInt64? = nil) async throws -> [(name: String, Judged?)] {
        [
            (
                "NotarizesTwice",
                try await firstRefused(
                    NotarizesTwice.self, plan: Surroundings.cuts.plan, viewCount: viewCount)
            ),
            (
                "FinalizesAfterNullify",
                try await firstRefused(
                    FinalizesAfterNullify.self, plan: Surroundings.ragged.plan,
                    viewCount: viewCount)
            ),
            (
                "NullifiesWithoutEvidence",
                try await firstRefused(
                    NullifiesWithoutEvidence.self, plan: Surroundings.ragged.plan,
                    viewCount: viewCount)
            ),
            (
                "SupportsAnything",
                try await firstRefused(
                    SupportsAnything.self, plan: Surroundings.ragged.plan, viewCount: viewCount)
            ),
            (
                "HalfIsQuorum",
                try await firstRefused(
                    HalfIsQuorum.self, plan: Surroundings.split.plan, viewCount: viewCount)
            ),
            (
                "AnyParentWillDo",
                try await firstRefused(
                    AnyParentWillDo.self, plan: Surroundings.ragged.plan, viewCount: viewCount)
            ),
        ]
    }

    @Test("What replicas do once a rule is taken away, the model refuses")
    func refused() async throws {
        for (name, judged) in try await Self.refused() {
            #expect(judged != nil, "the model allows all that \(name) does")
            print("model: \(name): \(judged?.refusals.first ?? "")")
        }
    }

    /// Where `make verify` wants runs for the model checker.
    private static let directory = ProcessInfo.processInfo.environment["MODEL_TRACES"]

    @Test("Runs are written for the model checker", .enabled(if: directory != nil))
    func write() async throws {
        let directory = URL(filePath: try #require(Self.directory))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func write(_ name: String, _ judged: Judged, _ steps: [ModelStep]) throws {
            try TraceModule(isHonest: judged.isHonest, steps: steps).text.write(
                to: directory.appending(path: "\(name).tla"), atomically: true, encoding: .utf8)
        }
        for seed in UInt64(0)..<8 {
            let judged = try await Self.judge(SimplexSoundRules.self, seed: seed, viewCount: 20)
            // What comes before any step is a run, too.
            try write("allowed-\(seed)", judged, Array(judged.steps.prefix { $0.view <= 20 }))
        }
        for (name, judged) in try await Self.refused(viewCount: 20) {
            let judged = try #require(judged, "the model allows all that \(name) does")
            try write("refused-\(name)", judged, judged.steps)
        }
    }
}
