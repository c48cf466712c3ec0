import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

@Suite struct StoreOrderTests {
    private typealias Effects = [ReplicaEffect<Simplex>]

    private static func replica(own: Int) -> Replica<Simplex> {
        Replica<Simplex>(
            configuration: Fixture.ledger(own: own).configuration, limits: LedgerLimits(),
            state: .genesis(Fixture.genesis, validatorCount: 4), recovered: [])
    }

    private static func give(
        _ input: ReplicaInput<Simplex>, to replica: inout Replica<Simplex>
    ) -> Effects {
        var effects: Effects = []
        replica.handle(
            input, at: Fixture.at(1), wallTime: Timestamp(milliseconds: 1), into: &effects)
        return effects
    }

    private static func sends(_ batch: Batch, _ effects: Effects) -> Bool {
        effects.contains { effect in
            switch effect {
            case .broadcast(.ledger(.batch(let sent))), .send(.ledger(.batch(let sent)), _):
                sent == batch
            default: false
            }
        }
    }

    @Test("A leader proposes its batch at once: stored first, persisted behind it, then signed")
    func order() throws {
        var proposerCount = 0
        for own in 0..<4 {
            var replica = Self.replica(own: own)
            let batch = Fixture.batch(own, 1)
            var effects = Self.give(.started, to: &replica)
            effects += Self.give(.sealed(batch), to: &replica)
            let store = try #require(effects.firstIndex(of: .store(batch)))
            let persist = effects.firstIndex { if case .persist = $0 { true } else { false } }
            let sign = effects.firstIndex { if case .sign = $0 { true } else { false } }
            guard let persist, let sign else {
                #expect(persist == nil && sign == nil)
                continue
            }
            proposerCount += 1
            #expect(store < persist && persist < sign)
        }
        #expect(proposerCount == 1)
    }

    @Test("An own batch is sent once it is durable, and not before, to whoever connects either")
    func sending() {
        for own in 0..<4 {
            var replica = Self.replica(own: own)
            let batch = Fixture.batch(own, 1)
            let peer = ValidatorIndex((own + 1) % 4)
            var effects = Self.give(.started, to: &replica)
            effects += Self.give(.sealed(batch), to: &replica)
            effects += Self.give(.connected(peer), to: &replica)
            #expect(!Self.sends(batch, effects))
            effects = Self.give(.stored(batch.reference), to: &replica)
            #expect(Self.sends(batch, effects))
            effects = Self.give(.connected(peer), to: &replica)
            #expect(Self.sends(batch, effects))
        }
    }
}
