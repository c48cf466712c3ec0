import BFTBase
import BFTTestKit
import Glibc
import Synchronization
import Testing

@testable import BFTDisk
@testable import BFTStorage

/// What a log reported.
private final class Reports: Sendable {
    struct Seen {
        var durable: [LogPosition] = []
        var failures: [StorageError] = []
    }

    let seen = Mutex(Seen())

    func log(
        _ directory: any LogDirectory, byteLimit: Int = 1 << 20,
        start: GroupCommitLog.Start = .atOnce
    ) throws -> GroupCommitLog {
        let (log, _) = try LogFixture.open(
            directory, .init(segmentByteCount: 1 << 16, payloadByteLimit: 1 << 16))
        return GroupCommitLog(
            log, byteLimit: byteLimit, start: start,
            onDurable: { position in self.seen.withLock { $0.durable.append(position) } },
            onFailure: { failure in self.seen.withLock { $0.failures.append(failure) } })
    }
}

/// A directory whose files wait in `sync` while the gate is closed.
private final class GatedDirectory: LogDirectory {
    final class File: LogFile {
        let file: any LogFile
        let gate: Monitor<Bool>

        init(_ file: any LogFile, _ gate: Monitor<Bool>) {
            self.file = file
            self.gate = gate
        }

        func byteCount() throws(StorageError) -> Int { try file.byteCount() }
        func read(at offset: Int, byteCount: Int) throws(StorageError) -> [UInt8] {
            try file.read(at: offset, byteCount: byteCount)
        }
        func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
            try file.write(bytes, at: offset)
        }
        func truncate(to byteCount: Int) throws(StorageError) { try file.truncate(to: byteCount) }
        func reserve(_ byteCount: Int) throws(StorageError) { try file.reserve(byteCount) }
        func sync() throws(StorageError) {
            gate.withLock(when: { $0 }) { _ in }
            try file.sync()
        }
        func close() { file.close() }
    }

    let directory = MemoryLogDirectory()
    let gate = Monitor(true)

    func setOpen(_ isOpen: Bool) {
        gate.withLock { $0 = isOpen }
        gate.notify()
    }

    func names() throws(StorageError) -> [String] { try directory.names() }
    func create(_ name: String, reserving byteCount: Int) throws(StorageError) -> any LogFile {
        File(try directory.create(name, reserving: byteCount), gate)
    }
    func open(_ name: String) throws(StorageError) -> any LogFile {
        File(try directory.open(name), gate)
    }
    func remove(_ name: String) throws(StorageError) { try directory.remove(name) }
    func rename(_ name: String, to newName: String) throws(StorageError) {
        try directory.rename(name, to: newName)
    }
    func sync() throws(StorageError) { try directory.sync() }
    func path(of name: String) -> String { directory.path(of: name) }
}

@Suite struct GroupCommitLogTests {
    @Test("Records of many threads become durable, each thread's in its order")
    func manyThreads() async throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let log = try reports.log(try FileLogDirectory("\(directory.root)/log"))
        let appended = await withTaskGroup(of: [Entry].self) { group in
            for thread in 0..<6 {
                group.addTask {
                    (0..<300).map { number in
                        let payload = LogFixture.payload(
                            thread * 1000 + number, byteCount: number % 200)
                        let half = payload.count / 2
                        let parts = [Array(payload[..<half]), Array(payload[half...])]
                        while true {
                            if let position = log.append(type: UInt8(thread), parts: parts) {
                                return Entry(
                                    position: position, type: UInt8(thread), payload: payload)
                            }
                            sched_yield()
                        }
                    }
                }
            }
            return await group.reduce(into: [[Entry]]()) { $0.append($1) }
        }
        log.close()
        let durable = reports.seen.withLock { $0.durable }
        #expect(zip(durable, durable.dropFirst()).allSatisfy(<))
        let expected = appended.joined().sorted { $0.position < $1.position }
        #expect(durable.last == expected.last?.position)
        #expect(reports.seen.withLock { $0.failures }.isEmpty)
        let (_, found) = try LogFixture.open(FileLogDirectory("\(directory.root)/log"))
        #expect(found == expected)
        for entries in appended {
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.position < $1.position })
        }
        #expect(log.append(type: 1, parts: []) == nil)
    }

    @Test("An owner in turns writes small groups itself, and the thread what is large")
    func owner() throws {
        let directory = MemoryLogDirectory()
        let reports = Reports()
        let log = try reports.log(directory, start: .whenSettled)
        #expect(!log.settle())
        let first = try #require(log.append(type: 1, parts: [[1]]))
        let second = try #require(log.append(type: 1, parts: [[2]], isUrgent: false))
        #expect(reports.seen.withLock { $0.durable }.isEmpty)
        #expect(log.settle())
        #expect(reports.seen.withLock { $0.durable }.isEmpty)
        log.writeHere()
        #expect(reports.seen.withLock { $0.durable } == [second])
        #expect(first < second)
        log.writeHere()
        #expect(log.append(type: 1, parts: [[3]], isUrgent: false) != nil)
        #expect(!log.settle())
        log.writeHere()
        #expect(reports.seen.withLock { $0.durable } == [second])
        for _ in 0..<2 {
            #expect(
                log.append(type: 1, parts: [Array(repeating: 0, count: 60_000)]) != nil)
        }
        #expect(!log.settle())
        log.writeHere()  // It is the thread's.
        log.close()
        log.writeHere()
        #expect(reports.seen.withLock { $0.durable.count } == 2)
        #expect(try LogFixture.open(directory).entries.count == 5)
    }

    @Test("Where a sync was slow, the thread writes even small groups")
    func slowDisk() throws {
        let directory = GatedDirectory()
        let reports = Reports()
        let log = try reports.log(directory, start: .whenSettled)
        directory.setOpen(false)
        for _ in 0..<2 {
            #expect(log.append(type: 1, parts: [Array(repeating: 0, count: 60_000)]) != nil)
        }
        let before = directory.directory.operationCount
        #expect(!log.settle())
        while directory.directory.operationCount == before { sched_yield() }
        usleep(20_000)
        directory.setOpen(true)
        while log.pendingByteCount > 0 { sched_yield() }
        #expect(log.append(type: 1, parts: [[1]]) != nil)
        #expect(!log.settle())
        log.close()
        #expect(reports.seen.withLock { $0.durable.count } == 2)
    }

    @Test("What the owner can't write ends the log like a failure of the thread")
    func failingOwner() throws {
        let directory = MemoryLogDirectory()
        let reports = Reports()
        let log = try reports.log(directory, start: .whenSettled)
        let sync = directory.operationCount + 2  // Behind the write.
        directory.setFaults { $0.failingSyncAt = sync }
        #expect(log.append(type: 1, parts: [[1]]) != nil)
        #expect(log.settle())
        log.writeHere()
        #expect(reports.seen.withLock { $0.failures.count } == 1)
        #expect(reports.seen.withLock { $0.durable }.isEmpty)
        #expect(log.failure != nil)
        #expect(log.append(type: 1, parts: [[1]]) == nil)
        log.close()
    }

    @Test("What gathers while the disk is busy takes one write and one sync; a full log says so")
    func gathering() throws {
        let directory = GatedDirectory()
        let reports = Reports()
        let log = try reports.log(directory, byteLimit: 32 * 50)
        directory.setOpen(false)
        #expect(log.append(type: 1, parts: [[1]]) != nil)
        // The first record is under way, or will be taken with others; count what is refused.
        var taken = 1
        while log.append(type: 1, parts: [[2]]) != nil { taken += 1 }
        #expect(taken == 50)
        #expect(log.isFull)
        #expect(log.pendingByteCount == 32 * 50)
        #expect(log.failure == nil)
        #expect(reports.seen.withLock { $0.durable }.isEmpty)
        let before = directory.directory.operationCount
        directory.setOpen(true)
        log.close()
        // At most two groups: the one under way, and everything that gathered behind it.
        #expect(directory.directory.operationCount - before <= 4)
        #expect(reports.seen.withLock { $0.durable }.count <= 2)
        #expect(!log.isFull)
        #expect(try LogFixture.open(directory).entries.count == 50)
    }

    @Test("What nobody waits for lies until something is wanted, and is durable with it")
    func unwanted() throws {
        let directory = MemoryLogDirectory()
        let reports = Reports()
        let log = try reports.log(directory)
        let operations = directory.operationCount
        let first = try #require(log.append(type: 1, parts: [[1]], isUrgent: false))
        let second = try #require(log.append(type: 1, parts: [[2]], isUrgent: false))
        // Nothing happens, however often the thread is given its turn.
        for _ in 0..<1_000 { sched_yield() }
        #expect(directory.operationCount == operations)
        let third = try #require(log.append(type: 1, parts: [[3]]))
        wait(for: third, in: reports)
        #expect(reports.seen.withLock { $0.durable } == [third], "one group: \(first), \(second)")
        let fourth = try #require(log.append(type: 1, parts: [[4]], isUrgent: false))
        log.requestFlush()
        wait(for: fourth, in: reports)
        #expect(log.append(type: 1, parts: [[5]], isUrgent: false) != nil)
        log.close()
        #expect(try LogFixture.open(directory).entries.count == 5, "closing writes all")
    }

    @Test("What nobody waits for is written once there is enough of it, or no room for more")
    func enough() throws {
        for byteLimit in [1 << 20, 100_000] {
            let reports = Reports()
            let log = try reports.log(MemoryLogDirectory(), byteLimit: byteLimit)
            let payload = Array(repeating: UInt8(1), count: 60_000)
            var last: LogPosition?
            for _ in 0..<5 {
                while true {
                    guard let position = log.append(type: 1, parts: [payload], isUrgent: false)
                    else {
                        sched_yield()
                        continue
                    }
                    last = position
                    break
                }
            }
            let position = try #require(last)
            if byteLimit > 1 << 18 { wait(for: position, in: reports) }
            #expect(!reports.seen.withLock { $0.durable }.isEmpty)
            log.close()
        }
    }

    /// Waits until a record is durable. If that never happens, the run of the tests is ended.
    private func wait(for position: LogPosition, in reports: Reports) {
        while reports.seen.withLock({ $0.durable.last }) != position { sched_yield() }
    }

    @Test("A full log has room again after the next group, and takes one record of any size")
    func roomAgain() throws {
        let directory = GatedDirectory()
        let reports = Reports()
        let log = try reports.log(directory, byteLimit: 64)
        #expect(log.append(type: 1, parts: [Array(repeating: 1, count: 1000)]) != nil)
        var taken = 1
        while taken < 20 { if log.append(type: 1, parts: [[2]]) != nil { taken += 1 } }
        log.close()
        #expect(try LogFixture.open(directory).entries.count == 20)
    }

    @Test("After a failed sync nothing is reported durable and nothing is taken, for good")
    func failure() throws {
        for failing in 4...12 {
            let directory = MemoryLogDirectory(faults: .init(failingSyncAt: failing))
            let reports = Reports()
            guard let log = try? reports.log(directory) else { continue }
            var appended: [LogPosition] = []
            for number in 0..<20 {
                guard let position = log.append(type: 1, parts: [[UInt8(number)]]) else { break }
                appended.append(position)
                // Groups of one record, so that the failure comes at a chosen place.
                while log.failure == nil, reports.seen.withLock({ $0.durable.last }) != position {
                    sched_yield()
                }
            }
            log.truncate(upTo: .zero)  // Nothing is reported twice.
            log.close()
            let durable = reports.seen.withLock { $0.durable }
            if let failure = log.failure {
                #expect(reports.seen.withLock { $0.failures } == [failure])
                #expect(durable == Array(appended.dropLast()))
            } else {
                #expect(durable.count == 20)
            }
            #expect(log.append(type: 1, parts: []) == nil)
            var random = SplitMix64(seed: 1)
            let disk = directory.powerCut(&random, survivalPercent: 0)
            let found = try LogFixture.open(disk).entries.map(\.position)
            #expect(found.starts(with: durable))
        }
    }

    @Test("Retiring happens behind the records handed over before")
    func truncate() throws {
        let directory = MemoryLogDirectory()
        let reports = Reports()
        let log = try reports.log(directory)
        var positions: [LogPosition] = []
        for _ in 0..<10 {
            let payload = Array(repeating: UInt8(1), count: 30_000)
            while true {
                guard let position = log.append(type: 1, parts: [payload]) else { continue }
                positions.append(position)
                break
            }
        }
        log.truncate(upTo: positions[8])
        log.close()
        let (_, found) = try LogFixture.open(directory)
        #expect(found.map(\.position) == Array(positions[8...]))
    }
}
