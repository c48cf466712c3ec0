import BFTBase
import BFTCore
import BFTDisk
import BFTLedger
import BFTStorage
import BFTWire
import ProtocolSimplex
import Synchronization
import Testing

@testable import BFTNode

/// A host over a log that is written for real, and has little room.
@Suite struct LogRoomTests {
    private final class Reports: Sendable {
        let positions = Mutex<[LogPosition]>([])
        let failures = Mutex<[StorageError]>([])

        func takePositions() -> [LogPosition] {
            positions.withLock { positions in
                defer { positions = [] }
                return positions
            }
        }
    }

    private static func log(
        _ directory: MemoryLogDirectory, byteLimit: Int, start: GroupCommitLog.Start = .atOnce,
        _ reports: Reports
    ) throws -> GroupCommitLog {
        let log = try SafetyLog(
            directory: directory, options: .init(segmentByteCount: 1 << 16)
        ) { _, _, _ in }
        return GroupCommitLog(
            log, byteLimit: byteLimit, start: start,
            onDurable: { position in reports.positions.withLock { $0.append(position) } },
            onFailure: { error in reports.failures.withLock { $0.append(error) } })
    }

    /// A validator that has something to store for each of its clients' batches.
    private static func host() throws -> ReplicaHost<Simplex> {
        let configuration = ReplicaConfiguration(
            chain: TestChain.digest, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(1),
            timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1)))
        return ReplicaHost(
            Replica<Simplex>(
                configuration: configuration, limits: LedgerLimits(), state: TestChain().genesis,
                recovered: []))
    }

    private static func seal(_ number: UInt64, into host: inout ReplicaHost<Simplex>) {
        let batch = TestChain.batch(1, number, [("k", String(repeating: "x", count: 1_000))])
        give(.sealed(batch), to: &host)
    }

    private static func give(
        _ input: ReplicaInput<Simplex>, to host: inout ReplicaHost<Simplex>
    ) {
        host.handle(
            input, at: Instant(nanoseconds: 1), wallTime: Timestamp(milliseconds: 1))
    }

    /// Does what the host says about the log, as a node does. Returns the batches that it calls
    /// stored.
    private static func pump(
        _ host: inout ReplicaHost<Simplex>, into log: GroupCommitLog, refusals: inout Int
    ) -> [BatchReference] {
        var stored: [BatchReference] = []
        while let output = host.next() {
            switch output {
            case .append(let record):
                let parts = record.parts
                if let position = log.append(
                    type: record.type, parts: parts, isUrgent: record.isUrgent)
                {
                    host.appended(at: position, byteCount: parts.reduce(0) { $0 + $1.count })
                } else {
                    refusals += 1
                    host.logIsFull()
                }
            case .flush: log.requestFlush()
            case .give(let input):
                if case .stored(let reference) = input { stored.append(reference) }
                give(input, to: &host)
            default: break
            }
        }
        return stored
    }

    @Test("Records that a full log refused follow in order, and each batch is stored once")
    func fullLog() throws {
        let (reports, directory) = (Reports(), MemoryLogDirectory())
        // Room for two records at a time, and none is written before the log is settled.
        let log = try Self.log(directory, byteLimit: 2_500, start: .whenSettled, reports)
        var (host, refusals) = (try Self.host(), 0)
        var stored = Self.pump(&host, into: log, refusals: &refusals)
        for number in 1...50 as ClosedRange<UInt64> {
            Self.seal(number, into: &host)
            stored += Self.pump(&host, into: log, refusals: &refusals)
        }
        #expect(stored.isEmpty, "nothing was reported to it yet")
        #expect(refusals == 1, "it is asked once, and again when something is durable")
        while stored.count < 50 {
            if log.settle() { log.writeHere() }
            for position in reports.takePositions() {
                host.durable(upTo: position)
                stored += Self.pump(&host, into: log, refusals: &refusals)
            }
        }
        log.close()
        #expect(stored.map(\.sequence.rawValue) == Array(1...50))
        var found: [UInt64] = []
        _ = try SafetyLog(directory: directory.restarted()) { _, type, payload in
            guard type == RecordType.batch else { return }
            let bytes = payload.withUnsafeBytes { Array($0) }
            if let copy = try? BatchCopy(decoding: bytes) {
                found.append(copy.batch.sequence.rawValue)
            }
        }
        #expect(found == Array(1...50))
    }

    @Test("After the log has failed no batch is stored, and nobody asks it without end")
    func failedLog() throws {
        let (reports, directory) = (Reports(), MemoryLogDirectory())
        let log = try Self.log(
            directory.restarted(faults: .init(powerCutAt: 20)), byteLimit: 1 << 20, reports)
        var (host, refusals, number) = (try Self.host(), 0, UInt64(0))
        var stored = Self.pump(&host, into: log, refusals: &refusals)
        while reports.failures.withLock({ $0.isEmpty }), number < 200 {
            number += 1
            Self.seal(number, into: &host)
            stored += Self.pump(&host, into: log, refusals: &refusals)
            for position in reports.takePositions() {
                host.durable(upTo: position)
                stored += Self.pump(&host, into: log, refusals: &refusals)
            }
        }
        log.close()
        for position in reports.takePositions() { host.durable(upTo: position) }
        stored += Self.pump(&host, into: log, refusals: &refusals)
        let before = stored.count
        refusals = 0
        for next in number + 1...number + 3 {
            Self.seal(next, into: &host)
            stored += Self.pump(&host, into: log, refusals: &refusals)
        }
        #expect(stored.count == before && UInt64(before) < number + 3)
        // One record waits in front of the others, and is not tried again.
        #expect(refusals <= 1)
        #expect(reports.failures.withLock { $0.count } == 1)
    }
}
