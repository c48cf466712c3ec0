import BFTBase
import Testing

@testable import BFTStorage

@Suite struct LogFormatTests {
    @Test("The checksum is CRC-32C: the test vectors of RFC 3720, B.4, and of the catalogue")
    func checksumVectors() {
        let vectors: [([UInt8], UInt32)] = [
            (Array("123456789".utf8), 0xE306_9283),
            (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 255, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array((0..<32).reversed()), 0x113F_DB5C),
            ([], 0),
        ]
        for (bytes, expected) in vectors {
            #expect(CRC32C.checksum(bytes.span.bytes) == expected)
            var portable = CRC32C()
            portable.updatePortably(bytes.span.bytes)
            #expect(portable.value == expected)
        }
    }

    @Test("The instruction and the tables agree on every length and split")
    func checksumsAgree() {
        let bytes = LogFixture.payload(1, byteCount: 300)
        for length in 0...bytes.count {
            let part = Array(bytes[..<length])
            var split = CRC32C()
            split.update(Array(part[..<(length / 3)]).span.bytes)
            split.updatePortably(Array(part[(length / 3)...]).span.bytes)
            #expect(split.value == CRC32C.checksum(part.span.bytes))
        }
        // Long enough for runs that are checked side by side, and with rests of every kind.
        let long = LogFixture.payload(2, byteCount: 20_000)
        for length in [3_071, 3_072, 3_073, 3_080, 6_143, 6_144, 9_999, 20_000] {
            let part = Array(long[..<length])
            var portable = CRC32C()
            portable.updatePortably(part.span.bytes)
            #expect(portable.value == CRC32C.checksum(part.span.bytes))
            var split = CRC32C()
            split.update(Array(part[..<5]).span.bytes)
            split.update(Array(part[5...]).span.bytes)
            #expect(split.value == portable.value)
        }
    }

    static func record(
        type: UInt8, parts: [[UInt8]], at position: LogPosition, group: LogPosition
    ) -> [UInt8] {
        let buffer = LogBuffer()
        LogFormat.append(type: type, parts: parts, at: position, group: group, to: buffer)
        return buffer.staged.withUnsafeBytes { Array($0) }
    }

    @Test("A buffer keeps the last block in front, zeros behind, and what is staged in between")
    func buffer() throws {
        var random = SystemRandomNumberGenerator()
        for lead in [0, 1, 24, 4_095] {
            let buffer = LogBuffer()
            var file = (0..<lead).map { _ in UInt8.random(in: 1...255, using: &random) }
            buffer.begin(behind: file.span.bytes)
            for size in [8, 4_000, 4_096, 1, 100_000, 12 << 20, 3] {
                var staged: [UInt8] = []
                for _ in 0..<3 {
                    let bytes = Array(
                        repeating: UInt8.random(in: 1...255, using: &random), count: size)
                    buffer.append(size) { $0.copyBytes(from: bytes) }
                    staged += bytes
                }
                #expect(buffer.stagedByteCount == 3 * size)
                let start = LogBuffer.blockStart(file.count)
                let expected = Array(file[start...]) + staged
                try buffer.withBlocks { (blocks, found) throws(StorageError) in
                    #expect(found == file.count - start && blocks.count % 4_096 == 0)
                    #expect(UInt(bitPattern: blocks.baseAddress) % 4_096 == 0)
                    #expect(Array(blocks[..<expected.count]) == expected)
                    #expect(blocks[expected.count...].allSatisfy { $0 == 0 })
                }
                #expect(buffer.staged.withUnsafeBytes { Array($0) } == staged)
                buffer.noteWritten()
                #expect(buffer.isEmpty)
                file += staged
            }
        }
    }

    @Test("The encoding of a header and a record is pinned")
    func pinned() {
        let header = LogFormat.segmentHeader(number: 2, base: LogPosition(0x0102))
        #expect(
            Hex.encode(header)
                == "4246544c4f47000102000000000000000201000000000000000000005d43cddc")
        #expect(LogFormat.base(ofSegment: 2, header: header.span.bytes) == LogPosition(0x0102))
        #expect(LogFormat.base(ofSegment: 3, header: header.span.bytes) == nil)
        let record = Self.record(
            type: 7, parts: [[1, 2], [], [3]], at: LogPosition(64), group: LogPosition(32))
        #expect(
            Hex.encode(record)
                == "f28140fdfe5e8257030000000700000020000000000000000102030000000000")
    }

    @Test("A record is valid at its own position only")
    func misplaced() {
        var segment = LogFormat.segmentHeader(number: 1, base: .zero)
        segment += Self.record(type: 1, parts: [[1, 2, 3]], at: .zero, group: .zero)
        for base in [UInt64(0), 8, 32, 1 << 40] {
            var count = 0
            let scan = LogFormat.scan(segment.span.bytes, base: LogPosition(base)) { _, _, _ in
                count += 1
            }
            #expect(count == (base == 0 ? 1 : 0))
            #expect((scan.tail == .clean) == (base == 0))
        }
    }

    @Test("Records of one group that change places are not valid any more")
    func swapped() {
        var records: [[UInt8]] = []
        for number in UInt64(0)..<3 {
            records.append(
                Self.record(
                    type: 1, parts: [[UInt8(number)]], at: LogPosition(number * 32),
                    group: .zero))
        }
        for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1], [0, 0, 2]] {
            let segment = order.reduce(into: LogFormat.segmentHeader(number: 1, base: .zero)) {
                $0 += records[$1]
            }
            var count = 0
            _ = LogFormat.scan(segment.span.bytes, base: .zero) { _, _, _ in count += 1 }
            #expect(count == (order == [0, 1, 2] ? 3 : order[0] == 0 ? 1 : 0))
        }
    }

    @Test("Random bytes behind a header are never records")
    func randomBytes() {
        for seed in 0..<200 {
            let segment =
                LogFormat.segmentHeader(number: 1, base: .zero)
                + LogFixture.payload(seed, byteCount: 1000)
            let scan = LogFormat.scan(segment.span.bytes, base: .zero) { _, _, _ in
                Issue.record("a record out of nothing, seed \(seed)")
            }
            #expect(scan.end == LogFormat.segmentHeaderByteCount)
            #expect(scan.tail == .torn(byteCount: 1000))
        }
    }
}
