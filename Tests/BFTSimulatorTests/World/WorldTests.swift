import BFTBase
import BFTCrypto
import BFTSimulator
import ProtocolSimplex
import Testing

@Suite struct WorldTests {
    static func plan(_ text: String) throws -> FaultPlan { try #require(FaultPlan(text)) }

    static func world(
        _ seed: UInt64, _ plan: FaultPlan, count: Int = 4
    ) async throws -> World<Simplex> {
        try await Seeds.aside {
            var world = try World<Simplex>(
                powers: Array(repeating: 1, count: count), seed: seed, plan: plan)
            world.runToRest(within: SimplexSimulationTests.bound)
            return world
        }
    }

    @Test("With the product's own signatures a world does what it does with the stand-in")
    func realSignatures() async throws {
        let plan = try Self.plan("loss=50 duplication=50 heal=400 after=100")
        for seed in UInt64(0)..<2 {
            let expected = try await Self.world(seed, plan)
            #expect(expected.violations.isEmpty)
            for scheme in [SignatureSchemeID.ed25519, .mldsa87] {
                let real = try await Seeds.aside {
                    let signatures = try RealSignatures(scheme, count: 4, seed: seed)
                    var world = try World<Simplex>(
                        powers: [1, 1, 1, 1], seed: seed, plan: plan, signatures: signatures)
                    world.runToRest(within: SimplexSimulationTests.bound)
                    return world
                }
                #expect(real.violations.isEmpty)
                #expect(real.traceHash == expected.traceHash)
                #expect(real.eventCount == expected.eventCount)
            }
        }
    }

    @Test("With the product's own signatures power cuts take nothing that was promised")
    func realSignaturesAndPowerCuts() async throws {
        let plan = try Self.plan("power-cuts=600 blackout=yes heal=600 after=100")
        for scheme in [SignatureSchemeID.ed25519, .mldsa87] {
            let world = try await Seeds.aside {
                let signatures = try RealSignatures(scheme, count: 4, seed: 1)
                var world = try World<Simplex>(
                    powers: [1, 1, 1, 1], seed: 1, plan: plan, signatures: signatures)
                world.runToRest(within: SimplexSimulationTests.bound)
                return world
            }
            #expect(world.violations.isEmpty && world.statistics[.powerCuts] > 4)
        }
    }

    @Test("Every operation of a calm world is answered, and none with an error")
    func answers() async throws {
        let plan = try Self.plan("heal=600")
        for seed in UInt64(0)..<5 {
            let world = try await Self.world(seed, plan)
            #expect(world.violations.isEmpty && world.operations.count > 50)
            for operation in world.operations {
                guard let answer = operation.answer else {
                    Issue.record("seed \(seed): \(operation) was never answered")
                    continue
                }
                if case .error(let text) = answer, !text.contains("not an integer") {
                    Issue.record("seed \(seed): \(operation.action) was answered \(text)")
                }
            }
        }
    }

    @Test("What a client was answered is what the agreed order makes of all operations")
    func exchange() async throws {
        let world = try await Self.world(3, try Self.plan("heal=800 delay=100-20000"))
        // Each value is written once: what `GETSET` answers was written by somebody, and is taken
        // away by nobody else.
        var written: Set<Int64> = []
        for operation in world.operations {
            switch operation.action {
            case .set(_, let value), .setIfAbsent(_, let value), .exchange(_, let value):
                written.insert(value)
            case .add, .delete, .get, .setExpiring: break
            }
        }
        var sums: Set<Int64> = []
        var taken: [Int64] = []
        for operation in world.operations {
            if case .add = operation.action, case .integer(let sum) = operation.answer {
                sums.insert(sum)
            }
            if case .exchange = operation.action, case .value(let old) = operation.answer {
                taken.append(old)
            }
        }
        #expect(!taken.isEmpty)
        for value in taken { #expect(written.contains(value) || sums.contains(value)) }
        #expect(Set(taken).count == taken.count)
    }

    @Test("What a full link has no room for is dropped, and everything comes to rest after it")
    func overflow() async throws {
        let world = try await Self.world(1, try Self.plan("bandwidth=1 heal=600 after=100"))
        #expect(world.violations.isEmpty)
        #expect(world.statistics[.overflowed] > 0)
    }

    @Test("Clocks that jump one after another leave no block that nobody can build on")
    func jumps() async throws {
        let plan = try Self.plan("save=16 heal=1430 clock-jump=34-102/441-1323")
        let world = try await Self.world(2, plan)
        #expect(world.violations.isEmpty, "\(world.violations)")
        #expect(world.statistics[.clockJumps] > 0)
    }

    @Test("A disk that is full stops its node, which comes back when there is room")
    func fullDisk() async throws {
        var sum = WorldStatistics()
        for seed in UInt64(0)..<10 {
            let plan = try Self.plan("full-disk=100-200/200-400 heal=1000 submit=10-50 after=100")
            let world = try await Self.world(seed, plan)
            #expect(world.violations.isEmpty, "seed \(seed)")
            sum = sum + world.statistics
        }
        #expect(sum[.stoppedByFullDisk] > 0 && sum[.refusedStarts] == 0)
        #expect(sum[.starts] > 40)
    }

    @Test("A damaged log is refused with its reason, and the others go on without that validator")
    func corruption() async throws {
        var refusals: [String] = []
        for seed in UInt64(0)..<20 {
            let plan = try Self.plan("corruption=200-400/50-100 heal=1000 submit=20-100 after=100")
            let world = try await Self.world(seed, plan)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            refusals += world.refusals
        }
        #expect(!refusals.isEmpty)
        for refusal in refusals {
            #expect(refusal.contains("corrupt") || refusal.contains("state"), "\(refusal)")
        }
    }

    @Test("Validators whose disks go bad never hold a third of the power")
    func badDisks() throws {
        for seed in UInt64(0)..<200 {
            let powers: [UInt64] = [[1, 1, 1], [1, 1, 1, 1], [5, 1, 3, 3, 2]][Int(seed % 3)]
            let plan = try Self.plan("rollback=100-200/10-20 heal=500")
            let world = try World<Simplex>(powers: powers, seed: seed, plan: plan)
            let bad = world.untrustedValidators.reduce(0) { $0 + powers[$1.rawValue] }
            #expect(3 * bad < powers.reduce(0, +))
            if powers.count > 3 { #expect(bad > 0) }
        }
    }
}
