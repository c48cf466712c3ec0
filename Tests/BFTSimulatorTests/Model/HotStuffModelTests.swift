import BFTBase
import BFTCore
import BFTSimulator
import BFTWrongRules
import Foundation
import ProtocolHotStuff
import SimulatedProtocols
import Testing

/// From the code to the specification: what replicas do is what `Specs/HotStuff/HotStuff.tla`
/// allows, with restarts, in either variant.
@Suite struct HotStuffModelTests {
    /// What honest validators did in a run, and what the model says of it.
    struct Judged: Sendable {
        let isHonest: [Bool]
        let isTwoChain: Bool
        let steps: [HotStuffStep]
        let refusals: [String]
    }

    /// Which validator of a run is malicious, and how: of every two seeds one has such a one.
    private static func adversaries<Rules: HotStuffRules>(
        _ seed: UInt64
    ) -> [Int: any Adversary<HotStuffReplica<Rules>>] {
        let catalogue = AdversaryCatalogue<HotStuffReplica<Rules>>.all
        switch seed % 4 {
        case 1: return [Int(seed / 4 % 4): catalogue[Int(seed / 4) % catalogue.count].make()]
        case 3 where seed / 16 % 2 == 0: return [Int(seed / 4 % 4): StaleLeader<Rules>()]
        case 3: return [Int(seed / 4 % 4): StaleTimeouts<Rules>()]
        default: return [:]
        }
    }

    static func judge<Rules: HotStuffRules>(
        _ rules: Rules.Type, isTwoChain: Bool, seed: UInt64, plan: FaultPlan? = nil,
        viewCount: UInt64? = nil
    ) async throws -> Judged {
        let steps = HotStuffSteps()
        let refusals = try await Seeds.aside { () throws -> [String] in
            var world = try World<HotStuffReplica<Rules>>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan, adversaries: adversaries(seed),
                oracles: .only([]),
                guests: [HotStuffModelTrace<Rules>.entry(isTwoChain: isTwoChain, steps)])
            while world.now < world.submitUntil, world.violations.isEmpty,
                steps.all.last.map({ $0.view <= viewCount ?? .max }) ?? true
            {
                world.run(until: world.now.advanced(by: .milliseconds(20)))
            }
            return world.violations
        }
        return Judged(
            isHonest: steps.isHonest, isTwoChain: isTwoChain, steps: steps.all, refusals: refusals)
    }

    @Test("What replicas of HotStuff do under faults and attacks is what the model allows")
    func allowed() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type, isTwoChain: Bool) async throws {
            var (votes, timeouts, restarts, commits) = (0, 0, 0, 0)
            for seed in SimplexSimulationTests.part(16) {
                let judged = try await Self.judge(rules, isTwoChain: isTwoChain, seed: seed)
                #expect(judged.refusals.isEmpty, "\(rules), seed \(seed)")
                for step in judged.steps {
                    switch step {
                    case .vote: votes += 1
                    case .giveUp: timeouts += 1
                    case .restart: restarts += 1
                    case .commit: commits += 1
                    case .enter: break
                    }
                }
            }
            #expect(votes > 0 && timeouts > 0 && restarts > 0 && commits > 0, "\(rules)")
            print(
                "model: \(rules): \(votes) votes, \(timeouts) timeouts, \(restarts) restarts, "
                    + "\(commits) commits")
        }
        try await check(HotStuffThreeChainRules.self, isTwoChain: false)
        try await check(HotStuffTwoChainRules.self, isTwoChain: true)
    }

    /// Runs seeds until the model refuses one.
    static func firstRefused<Rules: HotStuffRules>(
        _ rules: Rules.Type, isTwoChain: Bool, in surroundings: Surroundings,
        seeds: some Sequence<UInt64> & Sendable, viewCount: UInt64?
    ) async throws -> Judged? {
        for seed in seeds {
            let judged = try await judge(
                rules, isTwoChain: isTwoChain, seed: seed, plan: surroundings.plan,
                viewCount: viewCount)
            if !judged.refusals.isEmpty { return judged }
        }
        return nil
    }

    /// The rules with one taken away, by name, and a run of each that the model refuses.
    static func refused(viewCount: UInt64? = nil) async throws -> [(name: String, Judged?)] {
        let all = UInt64(0)..<400
        /// With an adversary that leads on old certificates and old timeouts.
        let attacked = stride(from: UInt64(3), to: 3_200, by: 4)
        return [
            (
                "VotesTwice",
                try await firstRefused(
                    HotStuffVotesTwice.self, isTwoChain: false, in: .cuts, seeds: all,
                    viewCount: viewCount)
            ),
            (
                "HalfIsQuorum",
                try await firstRefused(
                    HotStuffHalfIsQuorum.self, isTwoChain: false, in: .split, seeds: all,
                    viewCount: viewCount)
            ),
            (
                "LockNeverRises",
                try await firstRefused(
                    OneViewPerLeader<LockNeverRises>.self, isTwoChain: false, in: .ragged,
                    seeds: attacked,
                    viewCount: viewCount)
            ),
            (
                "AnyTimeoutsJustify",
                try await firstRefused(
                    OneViewPerLeader<AnyTimeoutsJustify>.self, isTwoChain: true, in: .ragged,
                    seeds: attacked,
                    viewCount: viewCount)
            ),
            (
                "TimeoutsOfAnyView",
                try await firstRefused(
                    OneViewPerLeader<TimeoutsOfAnyView>.self, isTwoChain: true, in: .ragged,
                    seeds: attacked,
                    viewCount: viewCount)
            ),
        ]
    }

    @Test("What replicas of HotStuff do once a rule is taken away, the model refuses")
    func refused() async throws {
        for (name, judged) in try await Self.refused() {
            #expect(judged != nil, "the model allows all that \(name) does")
            print("model: \(name): \(judged?.refusals.first ?? "")")
        }
    }

    /// Where `make verify` wants runs for the model checker.
    private static let directory = ProcessInfo.processInfo.environment["MODEL_TRACES"]

    @Test("Runs of HotStuff are written for the model checker", .enabled(if: directory != nil))
    func write() async throws {
        let directory = URL(filePath: try #require(Self.directory))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func write(_ name: String, _ judged: Judged, _ steps: [HotStuffStep]) throws {
            let module = HotStuffTraceModule(
                isHonest: judged.isHonest, isTwoChain: judged.isTwoChain, steps: steps)
            try module.text.write(
                to: directory.appending(path: "hotstuff-\(name).tla"), atomically: true,
                encoding: .utf8)
        }
        for seed in UInt64(0)..<4 {
            let three = try await Self.judge(
                HotStuffThreeChainRules.self, isTwoChain: false, seed: seed, viewCount: 20)
            // What comes before any step is a run, too.
            try write("three-\(seed)", three, Array(three.steps.prefix { $0.view <= 20 }))
            let two = try await Self.judge(
                HotStuffTwoChainRules.self, isTwoChain: true, seed: seed, viewCount: 20)
            try write("two-\(seed)", two, Array(two.steps.prefix { $0.view <= 20 }))
        }
        for (name, judged) in try await Self.refused(viewCount: 20) {
            let judged = try #require(judged, "the model allows all that \(name) does")
            try write("refused-\(name)", judged, judged.steps)
        }
    }
}
