public import BFTBase
import BFTWire

extension LogPosition {
    package func advanced(by byteCount: Int) -> Self { Self(rawValue + UInt64(byteCount)) }
}

/// How records stand in the segments of a log. Encodes and scans; no input or output.
///
/// A segment is a 32-byte header and records; each record begins at a multiple of eight bytes:
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 4 | CRC-32C of bytes 8 to 23 and of the record's position |
/// | 4 | 4 | CRC-32C of the above, the payload and the padding |
/// | 8 | 4 | byte count of the payload |
/// | 12 | 1 | type |
/// | 13 | 3 | zero |
/// | 16 | 8 | position of the first record of its group |
/// | 24 | | payload, then zeros up to a multiple of eight |
///
/// The position in the checksum makes a record valid in one place only: neither a misplaced write
/// nor what an earlier life of the log left behind passes for a record.
///
/// The **group** says what was durable when. All records of a group are written and synced
/// together, and a group is written only after the one before is durable. So behind a bad record at
/// position p, a valid record of a group that begins after p proves that p was durable: damage. A
/// valid record of p's own group proves nothing: the disk may have written the later part of one
/// unfinished group first.
public enum LogFormat {
    public static let segmentHeaderByteCount = 32
    public static let recordHeaderByteCount = 24

    /// "BFT log" and the version of the format.
    private static let magic: [UInt8] = Array("BFTLOG\0\u{1}".utf8)

    /// The bytes that a record with a payload of `payloadByteCount` takes.
    public static func recordByteCount(payloadByteCount: Int) -> Int {
        recordHeaderByteCount + (payloadByteCount + 7) & ~7
    }

    /// The header of segment `number`, whose first record stands at `base`.
    public static func segmentHeader(number: UInt64, base: LogPosition) -> [UInt8] {
        var writer = Writer(capacity: segmentHeaderByteCount)
        writer.raw(magic)
        writer.uint64(number)
        writer.uint64(base.rawValue)
        writer.uint32(0)
        writer.uint32(CRC32C.checksum(writer.bytes.span.bytes))
        return writer.bytes
    }

    /// The position of the first record of the segment that begins with `bytes`, or `nil` unless
    /// they are the header of segment `number`.
    public static func base(ofSegment number: UInt64, header bytes: RawSpan) -> LogPosition? {
        guard bytes.byteCount >= segmentHeaderByteCount else { return nil }
        let base = LogPosition(
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self)))
        let expected = segmentHeader(number: number, base: base)
        let found = bytes.extracting(0..<segmentHeaderByteCount)
        return expected.span.bytes.compare(found) == 0 ? base : nil
    }

    /// Stages a record of `parts`, one behind the other, in `buffer`.
    public static func append(
        type: UInt8, parts: [[UInt8]], at position: LogPosition, group: LogPosition,
        to buffer: LogBuffer
    ) {
        let payloadByteCount = parts.reduce(0) { $0 + $1.count }
        buffer.append(recordByteCount(payloadByteCount: payloadByteCount)) { room in
            room.storeBytes(
                of: UInt32(payloadByteCount).littleEndian, toByteOffset: 8, as: UInt32.self)
            room.storeBytes(of: UInt32(type).littleEndian, toByteOffset: 12, as: UInt32.self)
            room.storeBytes(
                of: group.rawValue.littleEndian, toByteOffset: 16, as: UInt64.self)
            var end = recordHeaderByteCount
            for part in parts {
                UnsafeMutableRawBufferPointer(rebasing: room[end...]).copyBytes(from: part)
                end += part.count
            }
            UnsafeMutableRawBufferPointer(rebasing: room[end...])
                .initializeMemory(as: UInt8.self, repeating: 0)
            let (first, second) = checksums(
                of: UnsafeRawBufferPointer(room).bytes, at: position)
            room.storeBytes(of: first.littleEndian, as: UInt32.self)
            room.storeBytes(of: second.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
    }

    /// The checksums of a whole record. The second covers nothing but the header if `record` ends
    /// there.
    private static func checksums(
        of record: RawSpan, at position: LogPosition
    ) -> (header: UInt32, whole: UInt32) {
        var checksum = CRC32C()
        checksum.update(record.extracting(8..<recordHeaderByteCount))
        withUnsafeBytes(of: position.rawValue.littleEndian) { checksum.update($0.bytes) }
        let header = checksum.value
        checksum.update(record.extracting(recordHeaderByteCount..<record.byteCount))
        return (header, checksum.value)
    }
}

extension LogFormat {
    /// A valid record inside a segment.
    struct Record {
        var type: UInt8
        var group: LogPosition
        /// The payload, as a range of bytes of the segment.
        var payload: Range<Int>
        /// The offset of what follows.
        var end: Int
    }

    /// The valid record that begins at `offset` of the segment that begins at `base`, if any.
    static func record(in segment: RawSpan, at offset: Int, base: LogPosition) -> Record? {
        let position = base.advanced(by: offset - segmentHeaderByteCount)
        guard let record = record(in: segment, at: offset, position: position),
            record.group >= base
        else { return nil }
        return record
    }

    /// The bytes of the record that begins with `header` and stands at `position`, or `nil` if none
    /// does.
    static func recordByteCount(_ header: RawSpan, at position: LogPosition) -> Int? {
        guard header.byteCount == recordHeaderByteCount,
            checksums(of: header, at: position).header == load(header, 0, as: UInt32.self)
        else { return nil }
        return recordByteCount(payloadByteCount: Int(load(header, 8, as: UInt32.self)))
    }

    /// The valid record that begins at `offset` of `segment` and stands at `position`, if any.
    static func record(in segment: RawSpan, at offset: Int, position: LogPosition) -> Record? {
        let payloadStart = offset + recordHeaderByteCount
        guard payloadStart <= segment.byteCount else { return nil }
        let header = segment.extracting(offset..<payloadStart)
        let headerChecksum = load(header, 0, as: UInt32.self)
        guard checksums(of: header, at: position).header == headerChecksum else { return nil }
        let length = Int(load(header, 8, as: UInt32.self))
        let end = offset + recordByteCount(payloadByteCount: length)
        guard end <= segment.byteCount else { return nil }
        let whole = checksums(of: segment.extracting(offset..<end), at: position).whole
        guard whole == load(header, 4, as: UInt32.self) else { return nil }
        let group = LogPosition(load(header, 16, as: UInt64.self))
        guard group <= position else { return nil }
        return Record(
            type: load(header, 12, as: UInt8.self), group: group,
            payload: payloadStart..<payloadStart + length, end: end)
    }

    private static func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: RawSpan, _ offset: Int, as type: T.Type
    ) -> T {
        T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// What a scan found behind the last good record of a segment.
    public enum Tail: Equatable, Sendable {
        /// Nothing, or the zeros of space that is reserved and unused.
        case clean
        /// The rest of a write that the power cut off: bytes up to this many from the end of the
        /// good records that are not zero.
        case torn(byteCount: Int)
        /// A record at this offset of the segment was durable and is not valid any more.
        case damaged(offset: Int)
    }

    /// What a scan found in a segment.
    public struct Scan: Equatable, Sendable {
        /// The offset behind the last good record.
        public var end: Int
        /// The offset of the first record of the last group, or `end` if there is no record.
        public var lastGroup: Int
        /// What is behind `end`.
        public var tail: Tail
    }

    /// Calls `body` with the good records of a segment from the start, and says where they end.
    ///
    /// - Parameters:
    ///   - segment: the bytes of the segment with its header.
    ///   - base: the position of its first record, from the header.
    public static func scan<Failure>(
        _ segment: RawSpan, base: LogPosition,
        _ body: (
            _ position: LogPosition, _ type: UInt8, _ payload: RawSpan
        ) throws(Failure) -> Void
    ) throws(Failure) -> Scan {
        var offset = segmentHeaderByteCount
        var lastGroup = base
        while true {
            let position = base.advanced(by: offset - segmentHeaderByteCount)
            guard let record = record(in: segment, at: offset, base: base) else { break }
            try body(position, record.type, segment.extracting(record.payload))
            offset = record.end
            lastGroup = record.group
        }
        return Scan(
            end: offset,
            lastGroup: Int(lastGroup.rawValue - base.rawValue) + segmentHeaderByteCount,
            tail: tail(of: segment, from: offset, base: base))
    }

    private static func tail(of segment: RawSpan, from bad: Int, base: LogPosition) -> Tail {
        guard bad < segment.byteCount else { return .clean }
        let badPosition = base.advanced(by: bad - segmentHeaderByteCount)
        var lastUsed: Int?
        for offset in stride(from: bad, to: segment.byteCount, by: 8) {
            guard !isZero(segment, offset) else { continue }
            lastUsed = offset
            if offset > bad, let record = record(in: segment, at: offset, base: base),
                record.group > badPosition
            {
                return .damaged(offset: bad)
            }
        }
        guard let lastUsed else { return .clean }
        return .torn(byteCount: min(lastUsed + 8, segment.byteCount) - bad)
    }

    private static func isZero(_ segment: RawSpan, _ offset: Int) -> Bool {
        if offset + 8 <= segment.byteCount {
            return segment.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) == 0
        }
        return (offset..<segment.byteCount).allSatisfy {
            segment.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0
        }
    }
}
