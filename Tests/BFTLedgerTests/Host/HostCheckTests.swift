@_spi(Verification) import BFTBase
import BFTCore
import Foundation
import Testing

@testable import BFTLedger

/// Each check of a host is left out once.
@Suite struct HostCheckTests {
    /// Whether a host does right in a scene that needs `check`.
    private static func isSound(_ check: HostCheck, skipping skipped: HostCheck?) -> Bool {
        var settings = HostSettings()
        settings.skippedCheck = skipped
        settings.recordByteLimit = 10_000
        var shell = HostShell(settings: settings)
        shell.run()
        switch check {
        case .durableRecord:
            shell.tell(.persist(.init(1)), .persist(.init(2)), .sign(3, to: nil))
            shell.run()
            shell.signAll()
            shell.durable(1)
            return !shell.run().contains("publish 3 [3]")
        case .turn:
            shell.tell(.sign(1, to: nil), .broadcast(2))
            return !shell.run().contains("broadcast 2")
        case .silence:
            shell.tell(.broadcast(1))
            shell.host.fail()
            return shell.run().isEmpty
        case .durableBatches:
            let batches = [Fixture.batch(2, 1), Fixture.batch(2, 2)]
            for batch in batches { shell.take(batch) }
            shell.run()
            shell.durable(1)
            _ = shell.commit(batches)
            return !shell.run().contains("execute 1")
        case .storedBatch:
            shell.give(.sealed(Fixture.batch(0, 1)))
            shell.run()
            shell.signAll()
            return !shell.run().contains("batch 1")
        case .repeatedRecords:
            shell.host.truncate()
            return !shell.run().contains("sync store")
        case .executedBlocks:
            _ = shell.commit([])
            shell.run()
            shell.host.truncate()
            shell.run()
            shell.durable(shell.log.count)
            return !shell.run().contains("sync store")
        case .syncedStore:
            shell.host.truncate()
            shell.run()
            shell.durable(shell.log.count)
            return !shell.run().contains("truncate 0")
        case .backlog: return bounded(&shell)
        case .recordSize:
            shell.tell(.persist(.init(1, byteCount: 10_000)))
            shell.run()
            shell.durable(1)
            shell.host.truncate()
            return shell.run().isEmpty
        }
    }

    /// Whether it is bounded what a peer brings about while the disk stalls; and whether all is
    /// well once it has stalled.
    private static func bounded(_ shell: inout HostShell) -> Bool {
        shell.tell(.persist(.init(1)))
        shell.run()
        for nonce in UInt64(1)...10_000 {
            shell.give(
                .received(Verified(.ledger(.readProbe(nonce: nonce))), from: ValidatorIndex(1)))
        }
        // Each has a deadline of its own: the last one counts.
        for time in UInt64(2)...2_000 { shell.tell(.timer(time)) }
        // For another peer there is room.
        shell.give(.received(Verified(.ledger(.readProbe(nonce: 0))), from: ValidatorIndex(3)))
        shell.run()
        let isBounded = shell.host.waiting.count <= 1_100
        shell.durable(1)
        let answers = shell.run().filter { $0.contains("readClaim") }
        shell.give(.received(Verified(.ledger(.readProbe(nonce: 0))), from: ValidatorIndex(1)))
        return isBounded && answers.count == 1_025 && shell.timer == Fixture.at(2_000)
            && shell.run().contains { $0.contains("readClaim") }
    }

    @Test("Each check of a host is needed: a scene goes wrong without it")
    func checks() {
        for check in HostCheck.allCases {
            #expect(Self.isSound(check, skipping: nil), "\(check)")
            #expect(!Self.isSound(check, skipping: check), "nobody notices \(check)")
            guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { continue }
            // For Scripts/mutants, which makes the table.
            print("check | HostCheck | \(check) | its scene of `HostCheckTests`")
        }
    }
}
