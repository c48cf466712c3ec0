import BFTBase
import BFTChain
import BFTCore
import BFTStorage
import Synchronization
import Testing

@testable import BFTNode

@Suite struct RecordLedgerTests {
    /// A log in memory that notes what it reported.
    private final class Reports: Sendable {
        let positions = Mutex<[LogPosition]>([])
        let failures = Mutex<[StorageError]>([])
    }

    private func makeLog(
        _ directory: MemoryLogDirectory, byteLimit: Int, _ reports: Reports
    ) throws -> GroupCommitLog {
        let log = try SafetyLog(
            directory: directory, options: .init(segmentByteCount: 1 << 16)
        ) { _, _, _ in }
        return GroupCommitLog(
            log, byteLimit: byteLimit,
            onDurable: { position in reports.positions.withLock { $0.append(position) } },
            onFailure: { error in reports.failures.withLock { $0.append(error) } })
    }

    private func reference(_ number: UInt64) -> BatchReference {
        TestChain.batch(1, number, []).reference
    }

    @Test("Records without a log wait, and a batch is durable exactly with its record")
    func withoutLog() {
        var records = RecordLedger()
        #expect(records.append(type: 1, parts: [[1]], to: nil) == 1)
        #expect(records.append(type: 1, parts: [[2]], batch: reference(1), to: nil) == 2)
        #expect(records.becameDurable(LogPosition(.max)).isEmpty)
        #expect(records.durableNumber == 0)
        #expect(records.lastRecord(of: [reference(1), reference(2)]) == 2)
        #expect(records.lastRecord(of: [reference(2)]) == 0)
    }

    @Test("Records that a full log refused follow in order, and each number becomes durable once")
    func fullLog() throws {
        let reports = Reports()
        let directory = MemoryLogDirectory()
        // Room for about two records at a time.
        let log = try makeLog(directory, byteLimit: 2_500, reports)
        var records = RecordLedger()
        var batches: [BatchReference] = []
        for number in 1...50 as ClosedRange<UInt64> {
            let payload = Array(repeating: UInt8(number), count: 1_000)
            let isBatch = number.isMultiple(of: 5)
            let given = records.append(
                type: 1, parts: [payload], batch: isBatch ? reference(number) : nil, to: log)
            #expect(given == number)
        }
        #expect(records.durableNumber == 0, "nothing was reported to it yet")
        #expect(records.lastRecord(of: [reference(45), reference(10)]) == 45)
        var last: UInt64 = 0
        while records.durableNumber < 50 {
            let positions = reports.positions.withLock { positions in
                defer { positions = [] }
                return positions
            }
            for position in positions {
                batches += records.becameDurable(position)
                #expect(records.durableNumber >= last)
                last = records.durableNumber
                records.flush(to: log)
            }
        }
        log.close()
        #expect(batches == (1...10).map { reference($0 * 5) })
        #expect(records.lastRecord(of: batches) == 0)
        #expect(records.appendedByteCount == 50_000)
        var found: [UInt8] = []
        _ = try SafetyLog(directory: directory.restarted()) { _, _, payload in
            found.append(payload.unsafeLoad(as: UInt8.self))
        }
        #expect(found == (1...50).map { UInt8($0) })
    }

    @Test("A large batch has a place once it is durable, the latest one, until it is executed")
    func places() throws {
        let reports = Reports()
        let log = try makeLog(MemoryLogDirectory(), byteLimit: 1 << 20, reports)
        var records = RecordLedger(places: [reference(9): LogPosition(7)])
        func append(_ number: UInt64, _ type: UInt8, isRepeated: Bool = false) {
            _ = records.append(
                type: type, parts: [[1]], batch: reference(number), isRepeated: isRepeated, to: log)
        }
        append(1, RecordType.largeBatch)
        append(2, RecordType.batch)
        append(3, RecordType.largeBatch)
        append(4, RecordType.largeBatch)
        #expect(records.takePlaces(of: [reference(1)]) == [nil], "not durable yet")
        append(3, RecordType.largeBatch, isRepeated: true)
        append(9, RecordType.largeBatch, isRepeated: true)
        log.close()
        var freed: [BatchReference] = []
        let positions = reports.positions.withLock { $0 }
        for position in positions { freed += records.becameDurable(position) }
        #expect(freed == (1...4).map { reference($0) }, "repeating a record frees nothing")
        let record = LogFormat.recordByteCount(payloadByteCount: 1)
        func place(_ position: Int) -> LogPosition { LogPosition(UInt64(position * record)) }
        #expect(
            records.takePlaces(of: [reference(1), reference(2), reference(3)])
                == [place(0), nil, place(4)])
        #expect(records.takePlaces(of: [reference(1)]) == [nil], "it was executed")
        records.forgetPlaces(upTo: place(3))
        #expect(records.takePlaces(of: [reference(4), reference(9)]) == [nil, place(5)])
    }

    @Test("What is repeated is no reason to give the log up again")
    func repeatedBytes() throws {
        let reports = Reports()
        let log = try makeLog(MemoryLogDirectory(), byteLimit: 1 << 20, reports)
        var records = RecordLedger()
        for isRepeated in [true, false, true] {
            _ = records.append(type: 1, parts: [[1, 2, 3]], isRepeated: isRepeated, to: log)
        }
        #expect(records.appendedByteCount == 3)
        log.close()
    }

    @Test("After the log has failed nothing more becomes durable")
    func failedLog() throws {
        let reports = Reports()
        let directory = MemoryLogDirectory()
        let log = try makeLog(
            directory.restarted(faults: .init(powerCutAt: 20)), byteLimit: 1 << 20, reports)
        var records = RecordLedger()
        while reports.failures.withLock({ $0.isEmpty }) {
            _ = records.append(type: 1, parts: [[1]], to: log)
            for position in reports.positions.withLock({ $0 }) {
                _ = records.becameDurable(position)
            }
        }
        let durable = records.durableNumber
        let next = records.append(type: 1, parts: [[1]], to: log)
        #expect(next > durable)
        log.close()
        for position in reports.positions.withLock({ $0 }) { _ = records.becameDurable(position) }
        #expect(records.durableNumber < next)
        #expect(reports.failures.withLock { $0.count } == 1)
    }
}
