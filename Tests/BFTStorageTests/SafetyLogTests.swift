import BFTBase
import Testing

@testable import BFTStorage

@Suite struct SafetyLogTests {
    private static let name = "00000001.log"

    @Test("What was committed is replayed in order, over many segments, with nothing staged")
    func replay() throws {
        let (directory, entries) = try LogFixture.directory(
            sizes: (0..<100).map { $0 * 37 % 900 } + [0, 20_000, 1])
        #expect(directory.files.count > 10)
        for _ in 0..<2 {
            let (log, found) = try LogFixture.open(directory)
            #expect(found == entries)
            #expect(log.recovery.cutByteCount == 0)
            #expect(log.recovery.recordCount == entries.count)
            #expect(log.recovery.segmentCount == directory.files.count)
            try log.append(type: 1, parts: [[1]])
            log.close()
        }
    }

    @Test("A log cut off at any byte replays the records before, and goes on behind them")
    func truncation() throws {
        let (whole, entries) = try LogFixture.directory(sizes: [40, 0, 7, 100, 64])
        let bytes = try #require(whole.files[Self.name])
        let used = LogFormat.segmentHeaderByteCount + 24 * 5 + 40 + 0 + 8 + 104 + 64
        for fill in [false, true] {
            for length in 0...used {
                var torn = Array(bytes[..<length])
                if fill { torn += Array(repeating: 0, count: bytes.count - length) }
                let directory = MemoryLogDirectory(files: [Self.name: torn])
                let (log, found) = try LogFixture.open(directory)
                #expect(found == Array(entries.prefix(found.count)))
                #expect((length == used) == (found.count == entries.count))
                if fill {
                    // The room behind it is as large as before, and holds nothing.
                    let cut = try #require(directory.files[Self.name])
                    #expect(cut.count == bytes.count)
                    let end = max(length, LogFormat.segmentHeaderByteCount)
                    #expect(cut.dropFirst(end).allSatisfy { $0 == 0 })
                }
                let position = try log.append(type: 9, parts: [[9]])
                try log.commit()
                log.close()
                let again = try LogFixture.open(directory).entries
                #expect(again == found + [Entry(position: position, type: 9, payload: [9])])
            }
        }
    }

    @Test("A flipped bit is refused where later records prove that it was durable, else cut off")
    func bitFlips() throws {
        let (whole, entries) = try LogFixture.directory(sizes: [40, 0, 7, 33])
        let bytes = try #require(whole.files[Self.name])
        let last = bytes.count - (bytes.count - 32 - 24 * 3 - 48)
        for bit in 0..<(last + 24 + 40) * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let directory = MemoryLogDirectory(files: [Self.name: flipped])
            if bit / 8 < last {
                let error = #expect(throws: StorageError.self) {
                    try LogFixture.open(directory)
                }
                guard case .corrupt(let file, let offset, _)? = error else {
                    Issue.record("bit \(bit): \(String(describing: error))")
                    continue
                }
                #expect(file == "memory/\(Self.name)")
                #expect(offset <= UInt64(bit / 8))
            } else {
                let (log, found) = try LogFixture.open(directory)
                #expect(found == Array(entries.dropLast()))
                #expect(log.recovery.cutByteCount > 0)
            }
        }
    }

    @Test("A flipped bit in a segment that is not the last is always refused")
    func bitFlipsBefore() throws {
        let (whole, _) = try LogFixture.directory(sizes: [3000, 3000, 100])
        #expect(whole.files.count == 2)
        let bytes = try #require(whole.files[Self.name])
        for bit in stride(from: 0, to: bytes.count * 8, by: 13) {
            var files = whole.files
            files[Self.name]?[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StorageError.self, "bit \(bit)") {
                try LogFixture.open(MemoryLogDirectory(files: files))
            }
        }
    }

    @Test("A segment that ends before the next one begins is refused, though its end looks clean")
    func lostEnd() throws {
        let (whole, _) = try LogFixture.directory(sizes: [1000, 1000, 3000, 100])
        let bytes = try #require(whole.files[Self.name])
        for kept in [32, 32 + 1024] {
            var files = whole.files
            for end in [Array(repeating: UInt8(0), count: bytes.count - kept), []] {
                files[Self.name] = Array(bytes[..<kept]) + end
                let error = #expect(throws: StorageError.self) {
                    try LogFixture.open(MemoryLogDirectory(files: files))
                }
                guard case .corrupt("memory/\(Self.name)", UInt64(kept), _)? = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("A missing or foreign segment is refused by name")
    func missingSegment() throws {
        let (whole, _) = try LogFixture.directory(sizes: [3000, 3000, 3000, 100])
        var files = whole.files
        files["00000002.log"] = nil
        #expect(
            throws: StorageError.corrupt(
                file: "memory/00000002.log", offset: 0, reason: "the segment is missing")
        ) { try LogFixture.open(MemoryLogDirectory(files: files)) }
        files = whole.files
        files["00000002.log"] = files["00000003.log"]
        #expect(throws: StorageError.self) {
            try LogFixture.open(MemoryLogDirectory(files: files))
        }
        files = whole.files
        files["notes.log"] = []
        #expect(throws: StorageError.self) {
            try LogFixture.open(MemoryLogDirectory(files: files))
        }
    }

    @Test("The later part of an unfinished group is cut off with the earlier, not taken for damage")
    func unorderedGroup() throws {
        let directory = MemoryLogDirectory()
        let (log, _) = try LogFixture.open(directory)
        try log.append(type: 1, parts: [[1]])
        try log.commit()
        for number in 0..<3 { try log.append(type: 2, parts: [Array(repeating: 2, count: number)]) }
        try log.commit()
        var files = directory.files
        let second = LogFormat.segmentHeaderByteCount + 32
        for offset in second..<second + 24 { files[Self.name]?[offset] = 0 }
        let (again, found) = try LogFixture.open(MemoryLogDirectory(files: files))
        #expect(found.map(\.type) == [1])
        #expect(again.recovery.cutByteCount == 24 + 32 + 32)
        // What was cut off stays away when a record of the same size takes the place of the hole.
        let disk = MemoryLogDirectory(files: files)
        let (third, _) = try LogFixture.open(disk)
        try third.append(type: 4, parts: [])
        try third.commit()
        #expect(try LogFixture.open(disk).entries.map(\.type) == [1, 4])
        // With a later group behind it the same hole is damage.
        try log.append(type: 3, parts: [])
        try log.commit()
        files = directory.files
        for offset in second..<second + 24 { files[Self.name]?[offset] = 0 }
        #expect(throws: StorageError.self) {
            try LogFixture.open(MemoryLogDirectory(files: files))
        }
    }

    @Test("Retiring removes whole segments that are not needed, the oldest first")
    func truncate() throws {
        let (directory, entries) = try LogFixture.directory(
            sizes: Array(repeating: 1500, count: 9))
        let (log, _) = try LogFixture.open(directory)
        let before = directory.files.keys.sorted()
        try log.truncate(upTo: .zero)
        #expect(directory.files.keys.sorted() == before)
        try log.truncate(upTo: entries[4].position)
        #expect(log.segmentCount == before.count - 2)
        let carried = try log.append(type: 77, parts: [[7]])
        try log.commit()
        log.close()
        let (again, found) = try LogFixture.open(directory)
        #expect(
            found == entries.dropFirst(4) + [Entry(position: carried, type: 77, payload: [7])])
        try again.truncate(upTo: again.end)
        #expect(again.segmentCount == 1)
        #expect(try LogFixture.open(directory).log.end == again.end)
    }

    @Test("A disk without room is reported as such, and nothing is tried again")
    func diskFull() throws {
        let directory = MemoryLogDirectory(faults: .init(roomByteCount: 9000))
        let (log, _) = try LogFixture.open(directory)
        var committed = 0
        let error = #expect(throws: StorageError.self) {
            while true {
                try log.append(type: 1, parts: [Array(repeating: 1, count: 1000)])
                try log.commit()
                committed += 1
            }
        }
        guard let error, case .diskFull = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: error) { try log.append(type: 1, parts: []) }
        #expect(throws: error) { try log.commit() }
        #expect(throws: error) { try log.truncate(upTo: .zero) }
        #expect(try LogFixture.open(directory.restarted()).entries.count == committed)
    }
}
