@_spi(Verification) import BFTBase
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
                sent.batch == batch && sent.authorship?.signature == [9]
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
            let store = try #require(effects.firstIndex(of: .store(BatchCopy(batch))))
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

    @Test(
        "An own batch is sent once it is durable and signed, and not before",
        arguments: [true, false])
    func sending(isSignedFirst: Bool) throws {
        for own in 0..<4 {
            var replica = Self.replica(own: own)
            let batch = Fixture.batch(own, 1)
            let peer = ValidatorIndex((own + 1) % 4)
            let request = ReplicaInput<Simplex>.received(
                Verified(.ledger(.batchRequest([batch.reference]))), from: peer)
            var effects = Self.give(.started, to: &replica)
            effects += Self.give(.sealed(batch), to: &replica)
            let statement = try #require(
                effects.compactMap { effect -> Statement? in
                    guard case .signBatch(batch.reference, let statement) = effect else {
                        return nil
                    }
                    return statement
                }.first)
            #expect(statement == batch.reference.statement(chain: Fixture.chain, epoch: .zero))
            let signed = ReplicaInput<Simplex>.batchSigned(batch.reference, signature: [9])
            let stored = ReplicaInput<Simplex>.stored(batch.reference)
            effects += Self.give(.connected(peer), to: &replica)
            effects += Self.give(isSignedFirst ? signed : stored, to: &replica)
            effects += Self.give(.connected(peer), to: &replica)
            effects += Self.give(request, to: &replica)
            #expect(!Self.sends(batch, effects))
            effects = Self.give(isSignedFirst ? stored : signed, to: &replica)
            #expect(Self.sends(batch, effects))
            #expect(Self.sends(batch, Self.give(.connected(peer), to: &replica)))
            #expect(Self.sends(batch, Self.give(request, to: &replica)))
        }
    }

    @Test("After a restart own batches are signed again, and peers' signatures are still here")
    func restart() {
        let (own, theirs) = (Fixture.batch(2, 1), Fixture.batch(1, 1))
        var replica = Replica<Simplex>(
            configuration: Fixture.ledger(own: 2).configuration, limits: LedgerLimits(),
            state: .genesis(Fixture.genesis, validatorCount: 4),
            recovered: [.batch(BatchCopy(own)), .batch(Fixture.signed(theirs))])
        let statement = own.reference.statement(chain: Fixture.chain, epoch: .zero)
        let effects = Self.give(.started, to: &replica)
        #expect(effects.contains(.signBatch(own.reference, statement)))
        let answers = Self.give(
            .received(
                Verified(.ledger(.batchRequest([own.reference, theirs.reference]))),
                from: ValidatorIndex(3)), to: &replica)
        // What a peer's signature is worth, the log does not say.
        let vote = Fixture.signed(theirs).authorship?.vote(for: theirs.reference)
        #expect(answers.contains { if case .checkAuthorship(vote) = $0 { true } else { false } })
        let given = Effects.Element.send(
            .ledger(.batch(Fixture.signed(theirs))), to: ValidatorIndex(3))
        #expect(!answers.contains(given))
        if let vote {
            let checked = Self.give(.authorshipChecked(vote, isGenuine: true), to: &replica)
            #expect(checked.contains(given))
        }
        #expect(!Self.sends(own, answers))
        let signed = Self.give(.batchSigned(own.reference, signature: [9]), to: &replica)
        #expect(Self.sends(own, signed))
        #expect(replica.liveRecords.contains(.batch(Fixture.signed(theirs))))
    }
}
