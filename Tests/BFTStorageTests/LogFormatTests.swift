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
    }

    @Test("The encoding of a header and a record is pinned")
    func pinned() {
        let header = LogFormat.segmentHeader(number: 2, base: LogPosition(0x0102))
        #expect(
            Hex.encode(header)
                == "4246544c4f47000102000000000000000201000000000000000000005d43cddc")
        #expect(LogFormat.base(ofSegment: 2, header: header.span.bytes) == LogPosition(0x0102))
        #expect(LogFormat.base(ofSegment: 3, header: header.span.bytes) == nil)
        var record: [UInt8] = []
        LogFormat.append(
            type: 7, parts: [[1, 2], [], [3]], at: LogPosition(64), group: LogPosition(32),
            to: &record)
        #expect(
            Hex.encode(record)
                == "f28140fdfe5e8257030000000700000020000000000000000102030000000000")
    }

    @Test("A record is valid at its own position only")
    func misplaced() {
        var segment = LogFormat.segmentHeader(number: 1, base: .zero)
        LogFormat.append(type: 1, parts: [[1, 2, 3]], at: .zero, group: .zero, to: &segment)
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
            var record: [UInt8] = []
            LogFormat.append(
                type: 1, parts: [[UInt8(number)]], at: LogPosition(number * 32), group: .zero,
                to: &record)
            records.append(record)
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
