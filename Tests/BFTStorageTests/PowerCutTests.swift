import BFTBase
import Testing

@testable import BFTStorage

/// Cuts the power during every operation of a workload and looks at what the next start finds.
@Suite struct PowerCutTests {
    /// The records of the third group stay when their segments are retired.
    private static let keptType: UInt8 = 2
    private static let options = SafetyLog.Options(
        segmentByteCount: 4096, payloadByteLimit: 65536, keptType: keptType)

    /// What a run did until the power went.
    private struct Run {
        var appended: [Entry] = []
        var durableCount = 0
        var retired: LogPosition?
    }

    /// Opens, appends groups over several segments, retires. Stops at the first error.
    private func run(
        _ directory: MemoryLogDirectory, seed: UInt64, after found: [Entry]? = nil
    )
        -> (run: Run, failure: (any Error)?)
    {
        var random = SplitMix64(seed: seed)
        var run = Run()
        do {
            let (log, entries) = try LogFixture.open(directory, Self.options)
            if let found { #expect(entries == found) }
            run.appended = entries
            run.durableCount = entries.count
            for group in 0..<8 {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let size = Int.random(in: 0...1300, using: &random)
                    let payload = LogFixture.payload(
                        Int(seed) + run.appended.count, byteCount: size)
                    // Positions are what they will be, also if this very append fails.
                    let entry = Entry(position: log.end, type: UInt8(group), payload: payload)
                    run.appended.append(entry)
                    try log.append(type: entry.type, parts: [payload])
                }
                try log.commit()
                run.durableCount = run.appended.count
                if group == 5 {
                    let position = run.appended[run.durableCount / 2].position
                    run.retired = position
                    try log.truncate(upTo: position)
                }
            }
            log.close()
            return (run, nil)
        } catch {
            return (run, error)
        }
    }

    /// F1 and F2: what was durable and not retired is there, nothing else but what was appended.
    private func check(
        _ found: [Entry], on disk: MemoryLogDirectory, after run: Run, _ comment: Comment
    ) {
        checkArchive(disk, after: run, comment)
        guard let first = found.first else {
            #expect(run.durableCount == 0 || run.retired != nil, comment)
            return
        }
        guard let start = run.appended.firstIndex(of: first) else {
            Issue.record("a record that was never appended: \(comment)")
            return
        }
        #expect(found == Array(run.appended[start..<start + found.count]), comment)
        #expect(start + found.count >= run.durableCount, comment)
        if start > 0 {
            #expect(run.retired.map { run.appended[start - 1].position <= $0 } == true, comment)
        }
    }

    /// What is kept is found where it was written, in a segment of the log or in one set aside.
    private func checkArchive(
        _ disk: MemoryLogDirectory, after run: Run, _ comment: Comment
    ) {
        let archive = LogArchive(directory: disk)
        for entry in run.appended.prefix(run.durableCount) where entry.type == Self.keptType {
            let payload = try? archive.payload(at: entry.position, type: entry.type)
            #expect(payload == entry.payload, comment)
        }
    }

    @Test("What was made or removed and not synced may be so after the power went, or as before")
    func names() throws {
        for (percent, expected) in [(0, ["removed"]), (100, ["made"])] {
            let directory = MemoryLogDirectory()
            _ = try directory.create("removed", reserving: 0)
            try directory.sync()
            _ = try directory.create("made", reserving: 0)
            try directory.remove("removed")
            var random = SplitMix64(seed: 1)
            let after = directory.powerCut(&random, survivalPercent: percent)
            #expect(try after.names() == expected)
        }
    }

    @Test("Whenever the power goes, what was committed is there and nothing is invented")
    func everyOperation() throws {
        let calm = MemoryLogDirectory()
        #expect(run(calm, seed: 1).failure == nil)
        let operations = calm.operationCount
        #expect(operations > 30)
        for seed in 1...12 {
            for operation in 1...operations {
                let directory = MemoryLogDirectory(faults: .init(powerCutAt: operation))
                let (run, failure) = run(directory, seed: UInt64(seed))
                var random = SplitMix64(seed: UInt64(seed * 1000 + operation))
                let survival = [0, 50, 90, 100][operation % 4]
                let disk = directory.powerCut(&random, survivalPercent: survival)
                let comment: Comment =
                    "seed \(seed), cut at \(operation), failed: \(failure != nil)"
                let (log, found) = try LogFixture.open(disk)
                check(found, on: disk, after: run, comment)
                log.close()
                // What was replayed once is durable: the next cut may lose everything unsynced.
                let later = disk.powerCut(&random, survivalPercent: 0)
                #expect(try LogFixture.open(later).entries == found, comment)
            }
        }
    }

    @Test("The power may go again at every operation of the recovery")
    func duringRecovery() throws {
        for seed in 1...60 {
            var random = SplitMix64(seed: UInt64(seed))
            let cut = Int.random(in: 1...40, using: &random)
            let first = MemoryLogDirectory(faults: .init(powerCutAt: cut))
            let (run, _) = run(first, seed: UInt64(seed))
            let disk = first.powerCut(&random)
            for operation in 1...8 {
                let starting = disk.restarted(faults: .init(powerCutAt: operation))
                _ = try? LogFixture.open(starting)
                let again = starting.powerCut(&random)
                let found = try LogFixture.open(again).entries
                check(
                    found, on: again, after: run, "seed \(seed), second cut at \(operation)")
            }
        }
    }

    @Test("What a start after a killed process replays is durable, also after a failed sync")
    func killedProcess() throws {
        for failing in 1...40 {
            let directory = MemoryLogDirectory(faults: .init(failingSyncAt: failing))
            let (run, failure) = run(directory, seed: 5)
            guard failure != nil else { continue }
            let disk = directory.restarted()
            let (log, found) = try LogFixture.open(disk)
            check(found, on: disk, after: run, "sync \(failing) failed")
            log.close()
        }
        for failing in 1...40 {
            let directory = MemoryLogDirectory(faults: .init(failingSyncAt: failing))
            guard run(directory, seed: 5).failure != nil else { continue }
            let restarted = directory.restarted()
            let (log, found) = try LogFixture.open(restarted)
            try log.append(type: 200, parts: [[1, 2, 3]])
            try log.commit()
            var random = SplitMix64(seed: 1)
            let disk = restarted.powerCut(&random, survivalPercent: 0)
            let again = try LogFixture.open(disk).entries
            #expect(Array(again.dropLast()) == found, "sync \(failing) failed")
            #expect(again.last?.type == 200)
        }
    }
}
