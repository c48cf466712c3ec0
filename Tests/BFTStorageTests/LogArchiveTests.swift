import BFTBase
import BFTTestKit
import Testing

@testable import BFTDisk
@testable import BFTStorage

@Suite struct LogArchiveTests {
    private static let keptType: UInt8 = 9
    private static let options = SafetyLog.Options(
        segmentByteCount: 4096, payloadByteLimit: 65536, keptType: keptType)

    @Test("A segment with a record that is kept is set aside, and the others are removed")
    func settingAside() throws {
        let directory = MemoryLogDirectory()
        let (log, _) = try LogFixture.open(directory, Self.options)
        let archive = LogArchive(directory: directory)
        var kept: [(LogPosition, [UInt8])] = []
        for number in 0..<40 {
            let payload = LogFixture.payload(number, byteCount: 1_000 + number)
            let isKept = number == 5 || number == 22 || number == 39
            let position = try log.append(type: isKept ? Self.keptType : 1, parts: [payload])
            try log.commit()
            if isKept { kept.append((position, payload)) }
            for (position, payload) in kept {
                #expect(try archive.payload(at: position, type: Self.keptType) == payload)
            }
            if number == 30 { try log.truncate(upTo: log.end) }
        }
        #expect(directory.files.keys.filter { $0.hasSuffix(".old") }.count == 2)
        log.close()
        // The next start does not replay what was set aside, and goes on keeping.
        let (again, found) = try LogFixture.open(directory, Self.options)
        #expect(found.count < 12)
        try again.append(type: 1, parts: [Array(repeating: 0, count: 4_000)])
        try again.append(type: 1, parts: [[1]])
        try again.commit()
        try again.truncate(upTo: again.end)
        #expect(directory.files.keys.filter { $0.hasSuffix(".old") }.count == 3)
        for archive in [archive, LogArchive(directory: directory)] {
            for (position, payload) in kept {
                #expect(try archive.payload(at: position, type: Self.keptType) == payload)
            }
        }
    }

    @Test("Where no whole record of the type stands, nothing is found")
    func nothing() throws {
        let directory = MemoryLogDirectory()
        let (log, _) = try LogFixture.open(directory, Self.options)
        let archive = LogArchive(directory: directory)
        #expect(try archive.payload(at: .zero, type: Self.keptType) == nil)
        let position = try log.append(type: Self.keptType, parts: [[1, 2, 3]])
        #expect(try archive.payload(at: position, type: Self.keptType) == nil, "only staged")
        try log.commit()
        #expect(try archive.payload(at: position, type: Self.keptType) == [1, 2, 3])
        #expect(try archive.payload(at: position, type: 1) == nil)
        for offset in [1, 8, 1 << 20] {
            let elsewhere = position.advanced(by: offset)
            #expect(try archive.payload(at: elsewhere, type: Self.keptType) == nil)
        }
        log.close()
        for (name, bytes) in directory.files {
            let end = try #require(bytes.lastIndex { $0 != 0 })
            var damaged = bytes
            damaged[end] ^= 1
            let archive = LogArchive(directory: MemoryLogDirectory(files: [name: damaged]))
            #expect(try archive.payload(at: position, type: Self.keptType) == nil)
        }
    }

    @Test("A log whose last segments are gone does not begin again behind those set aside")
    func missingSegments() throws {
        let directory = MemoryLogDirectory()
        let (log, _) = try LogFixture.open(directory, Self.options)
        for number in 0..<9 {
            let payload = LogFixture.payload(number, byteCount: 2_000)
            try log.append(type: Self.keptType, parts: [payload])
            try log.commit()
        }
        try log.truncate(upTo: log.end)
        log.close()
        let kept = directory.files.filter { $0.key.hasSuffix(".old") }
        #expect(kept.count > 2)
        #expect(throws: StorageError.self) {
            try LogFixture.open(MemoryLogDirectory(files: kept), Self.options)
        }
    }

    @Test("In real files records of every size are read back, also while the log is written")
    func realFiles() throws {
        let temporary = try TemporaryDirectory()
        let path = "\(temporary.root)/log"
        let options = SafetyLog.Options(
            segmentByteCount: 4 << 20, payloadByteLimit: 8 << 20, keptType: Self.keptType)
        var random = SplitMix64(seed: 3)
        var expected: [Entry] = []
        for _ in 0..<4 {
            let directory = try FileLogDirectory(path)
            let (log, found) = try LogFixture.open(directory, options)
            #expect(found == expected.suffix(found.count))
            let archive = LogArchive(directory: directory)
            for number in 0..<12 {
                let limit = [10, 5_000, 40_000, 3 << 20][number % 4]
                let size = Int.random(in: 0...limit, using: &random)
                let payload = [UInt8](repeating: UInt8(number), count: size)
                let position = try log.append(type: Self.keptType, parts: [payload])
                expected.append(Entry(position: position, type: Self.keptType, payload: payload))
                guard number % 3 == 2 else { continue }
                try log.commit()
                for entry in expected.suffix(4) {
                    #expect(
                        try archive.payload(at: entry.position, type: entry.type) == entry.payload)
                }
            }
            try log.truncate(upTo: expected[expected.count / 2].position)
            log.close()
        }
        let archive = LogArchive(directory: try FileLogDirectory(path))
        for entry in expected {
            #expect(try archive.payload(at: entry.position, type: entry.type) == entry.payload)
        }
    }
}
