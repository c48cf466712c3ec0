@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

@Suite struct ReplicaHostTests {
    @Test("N1: a message leaves once the last record before it is durable, and not one earlier")
    func durableBeforeSent() {
        var shell = HostShell()
        #expect(shell.run() == ["started"])
        shell.tell(.persist(.init(1)), .persist(.init(2)), .sign(7, to: nil), .persist(.init(3)))
        // Signed meanwhile, and the record behind it is on its way, too.
        #expect(shell.run() == ["append 1!", "append 2!", "append 3!", "sign 7"])
        shell.signAll()
        #expect(shell.run() == [])
        shell.durable(1)
        #expect(shell.run() == [])
        // Just before the end of the second record.
        shell.host.durable(upTo: LogPosition(HostShell.position(2).rawValue - 1))
        #expect(shell.run() == [])
        shell.durable(2)
        #expect(shell.run() == ["publish 7 [7]", "hear 7 of v0"])
        #expect(shell.host.replica.consensus.heard == [7])
    }

    @Test("N1: a message that is durable waits for its signature, and what follows waits behind it")
    func signatures() {
        var shell = HostShell()
        shell.run()
        shell.tell(.sign(1, to: nil), .broadcast(2), .sign(3, to: 2))
        #expect(shell.run() == ["sign 1", "sign 3"])
        let first = shell.requests[0]
        shell.host.signed(shell.requests[1].ticket, [3])
        #expect(shell.run() == [])
        shell.host.signed(first.ticket, [1])
        // It hears itself once everything that may leave has left.
        #expect(
            shell.run() == [
                "publish 1 [1]", "broadcast 2", "publish 3 [3]", "hear 1 of v0", "hear 3 of v0",
            ])
    }

    /// Restated without the host: what has been said, with the records before it, and the log.
    @Test("N1: whatever is durable and signed when, what leaves is a prefix of what was said")
    func anyOrder() {
        for seed in UInt64(0)..<300 {
            var random = SplitMix64(seed: seed)
            var shell = HostShell()
            if seed.isMultiple(of: 3) { shell.logRoom = 2 }
            shell.run()
            var (records, durable, left) = (0, 0, 0)
            var said: [(word: String, records: Int)] = []
            for number in 1...60 as ClosedRange<UInt8> {
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    shell.tell(.persist(.init(number)))
                    records += 1
                case 1:
                    shell.tell(.sign(number, to: Bool.random(using: &random) ? 1 : nil))
                    said.append(("publish \(number) [\(number)]", records))
                case 2:
                    shell.tell(.broadcast(number))
                    said.append(("broadcast \(number)", records))
                case 3:
                    guard let request = shell.requests.randomElement(using: &random) else { break }
                    shell.host.signed(request.ticket, request.bytes)
                case 4: shell.signAll()
                default:
                    durable = Int.random(in: durable...shell.log.count, using: &random)
                    shell.logRoom = shell.logRoom == .max ? .max : durable + 2
                    shell.durable(durable)
                }
                for word in shell.run()
                where word.hasPrefix("publish") || word.hasPrefix("broadcast") {
                    #expect(word == said[left].word)
                    #expect(said[left].records <= durable, "seed \(seed): \(word)")
                    left += 1
                }
            }
            shell.logRoom = .max
            shell.durable(shell.log.count)
            shell.run()
            shell.signAll()
            shell.durable(shell.log.count)
            shell.run()
            #expect(shell.log.count == records)
            let count = shell.words.count { $0.hasPrefix("publish") || $0.hasPrefix("broadcast") }
            #expect(count == said.count)
        }
    }

    @Test("N2: after the disk has failed nothing comes out, whatever waited and whatever comes")
    func silence() {
        for step in 0..<12 {
            var shell = HostShell()
            shell.run()
            let batch = Fixture.batch(0, 1)
            shell.give(.sealed(batch))
            shell.tell(.persist(.init(1)), .sign(1, to: nil), .broadcast(2))
            _ = shell.commit([batch])
            for _ in 0..<step {
                if let output = shell.host.next() { shell.perform(output) }
            }
            shell.host.fail()
            let replica = shell.host.replica
            shell.signAll()
            shell.durable(9)
            shell.host.truncate()
            shell.host.storeSynced()
            shell.tell(.broadcast(3))
            #expect(shell.run() == [])
            #expect(shell.host.hasFailed && shell.host.replica == replica)
        }
    }

    @Test("An own batch is told to be stored with its record, and leaves once it is signed, too")
    func ownBatch() {
        var shell = HostShell()
        shell.run()
        shell.give(.sealed(Fixture.batch(0, 1)))
        #expect(shell.run().filter { $0 != "timer" } == ["append 1!", "sign batch"])
        var other = shell
        shell.durable(1)
        #expect(shell.said() == ["stored 1"])
        shell.signAll()
        #expect(shell.said() == ["signed 1", "batch 1"])
        other.signAll()
        #expect(other.said() == ["signed 1"])
        other.durable(1)
        #expect(other.said() == ["stored 1", "batch 1"])
    }

    @Test("N3: a block is executed once its last batch is durable, and those behind it then")
    func durableBeforeExecuted() {
        var shell = HostShell()
        shell.run()
        let batches = [Fixture.batch(2, 1), Fixture.batch(2, 2)]
        for batch in batches { shell.take(batch) }
        let first = shell.commit(batches)
        _ = shell.commit([], on: first)
        // Nobody has waited for the batches of a peer.
        #expect(shell.said() == ["append 1", "append 2", "flush", "flush"])
        shell.durable(1)
        #expect(shell.said() == ["stored 1"])
        shell.durable(2)
        #expect(shell.said() == ["execute 1", "execute 2", "stored 2"])
    }

    @Test("A block of durable batches is executed at once, in its turn")
    func executedInTurn() {
        var shell = HostShell()
        shell.run()
        let batch = Fixture.batch(0, 1)
        shell.give(.sealed(batch))
        shell.run()
        shell.durable(1)
        shell.tell(.persist(.init(1)))
        _ = shell.commit([batch])
        #expect(shell.said() == ["append 2!", "stored 1"])
        shell.durable(2)
        #expect(shell.said() == ["execute 1"])
    }

    @Test("Where a full log refused a record, whoever asks for a flush waits for it all the same")
    func fullLog() {
        var shell = HostShell()
        shell.run()
        shell.logRoom = 1
        let batches = [Fixture.batch(2, 1), Fixture.batch(2, 2), Fixture.batch(2, 3)]
        for batch in batches { shell.take(batch) }
        #expect(shell.said() == ["append 1", "full"])
        _ = shell.commit(Array(batches[..<2]))
        #expect(shell.said() == ["flush"])
        shell.logRoom = .max
        #expect(shell.said() == [], "it has room when it has made something durable")
        shell.durable(1)
        // The third came before anybody asked for a flush, too.
        #expect(shell.said() == ["append 2!", "append 3!", "stored 1"])
        shell.take(Fixture.batch(2, 4))
        #expect(shell.said() == ["append 4"])
        shell.durable(2)
        #expect(shell.said() == ["execute 1", "stored 2"])
    }

    @Test("A large batch has a place once it is durable, the latest one, until it is executed")
    func places() {
        let old = Fixture.batch(2, 1, size: 200)
        var settings = HostSettings()
        settings.largeBatchBytes = 150
        var shell = HostShell(
            settings: settings, places: [PlacedBatch(old.reference, at: LogPosition(3))],
            recovered: [.batch(Fixture.signed(old))])
        shell.run()
        let (large, small) = (Fixture.batch(2, 2, size: 200), Fixture.batch(2, 3))
        shell.take(large)
        shell.take(small)
        shell.run()
        shell.durable(2)
        let block = shell.commit([old, large, small])
        #expect(shell.said() == ["execute 1", "stored 2", "stored 3"])
        #expect(shell.places == [[LogPosition(3), HostShell.position(1), nil]])
        #expect(shell.log.map(\.type) == [RecordType.largeBatch, RecordType.batch])
        // What is repeated while it is not executed stands in its new place, and frees nothing.
        let next = Fixture.batch(2, 4, size: 200)
        shell.take(next)
        shell.run()
        shell.durable(3)
        shell.executed(1)
        shell.host.truncate()
        #expect(shell.said() == ["append 4!", "append 5!", "stored 4"])
        shell.durable(5)
        #expect(shell.said() == ["sync store"])
        _ = shell.commit([next], on: block)
        #expect(shell.said() == ["execute 2"])
        #expect(shell.places.last == [HostShell.position(5)])
    }

    @Test(
        "At a start the first input is pending, and there comes what is committed and not executed")
    func restart() {
        let (own, other) = (Fixture.batch(0, 1), Fixture.batch(2, 1))
        let block = Fixture.block(on: Fixture.genesis, payload: [other])
        var shell = HostShell(recovered: [
            .committed(Fixture.said([block])), .batch(BatchCopy(own)), .batch(BatchCopy(other)),
        ])
        #expect(shell.run().filter { $0 != "timer" } == ["started", "sign batch", "execute 1"])
        shell.signAll()
        #expect(shell.said() == ["signed 1", "batch 1"])
    }
}
