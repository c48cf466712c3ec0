@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

@Suite struct TruncationTests {
    /// A host with so many bytes in its log that the next give a reason to cut it: nothing is
    /// durable yet.
    private static func shell(
        bytes: Int, _ change: (inout HostSettings) -> Void = { _ in }
    ) -> HostShell {
        var settings = HostSettings()
        settings.truncationBytes = 100
        change(&settings)
        var shell = HostShell(settings: settings)
        shell.run()
        // One byte says what kind of a record it is.
        shell.tell(.persist(.init(1, byteCount: bytes - 1)))
        #expect(shell.run() == ["append 1!"])
        return shell
    }

    @Test("Old records are given up from so many bytes on, once, in three steps")
    func steps() {
        var small = Self.shell(bytes: 99)
        small.durable(1)
        #expect(small.run() == [])
        var shell = Self.shell(bytes: 100)
        shell.durable(1)
        // The floor, and the record that is still needed.
        #expect(shell.run() == ["append 2!", "append 3!"])
        shell.durable(2)
        #expect(shell.run() == [])
        shell.durable(3)
        #expect(shell.run() == ["sync store"])
        // What comes meanwhile stays, and is no reason to begin again before the end.
        shell.tell(.persist(.init(2, byteCount: 120)))
        #expect(shell.run() == ["append 4!"])
        shell.durable(4)
        #expect(shell.run() == [])
        shell.host.storeSynced()
        #expect(shell.run() == ["truncate 1"])
        shell.host.storeSynced()
        #expect(shell.run() == [], "nobody asked for that")
        shell.durable(4)
        #expect(shell.run() == ["append 5!", "append 6!", "append 7!"])
        shell.durable(7)
        #expect(shell.run() == ["sync store"])
        shell.host.storeSynced()
        #expect(shell.run() == ["truncate 4"])
    }

    @Test("What is repeated is no reason to give the log up again")
    func repeated() {
        var shell = Self.shell(bytes: 300)
        shell.durable(1)
        shell.run()
        shell.durable(3)
        shell.host.storeSynced()
        shell.run()
        shell.tell(.persist(.init(2, byteCount: 98)))
        shell.run()
        shell.durable(4)
        #expect(shell.run() == [])
    }

    @Test("What was committed by then is executed first, and is repeated with its batches")
    func execution() {
        var shell = HostShell()
        shell.run()
        let batches = [Fixture.batch(2, 1), Fixture.batch(2, 2)]
        for batch in batches { shell.take(batch) }
        let first = shell.commit([batches[0]])
        _ = shell.commit([batches[1]], on: first)
        shell.run()
        shell.durable(2)
        #expect(shell.said() == ["execute 1", "execute 2", "stored 1", "stored 2"])
        shell.host.truncate()
        // The floor, two blocks, two batches.
        #expect(shell.said() == (3...7).map { "append \($0)!" })
        #expect(shell.log.map(\.isRepeated) == [false, false, true, true, true, true, true])
        shell.durable(7)
        #expect(shell.said() == [])
        shell.executed(1)
        #expect(shell.said() == [])
        shell.executed(2)
        #expect(shell.said() == ["sync store"])
    }

    @Test("Nothing is given up while a record that is needed is larger than the log takes")
    func size() {
        func settings(_ settings: inout HostSettings) { settings.recordByteLimit = 200 }
        var fits = Self.shell(bytes: 200, settings)
        fits.durable(1)
        #expect(fits.run() == ["append 2!", "append 3!"])
        var large = Self.shell(bytes: 201, settings)
        large.durable(1)
        #expect(large.run() == [])
        // It is tried again after as many bytes.
        large.tell(.persist(.init(2, byteCount: 98)))
        large.run()
        large.durable(2)
        #expect(large.run() == [])
    }

    @Test("A log is cut up to what was durable when that began")
    func upTo() {
        var shell = HostShell()
        shell.run()
        for number in 1...4 as ClosedRange<UInt8> { shell.tell(.persist(.init(number))) }
        shell.run()
        shell.durable(3)
        shell.host.truncate()
        #expect(shell.run() == (5...9).map { "append \($0)!" })
        shell.host.truncate()
        #expect(shell.run() == [], "it is under way")
        shell.durable(9)
        #expect(shell.run() == ["sync store"])
        shell.host.storeSynced()
        #expect(shell.run() == ["truncate 3"])
    }
}
