public import BFTBase
import Synchronization

/// Finds records of a safety log by their positions, in segments that are still part of the log and
/// in those that were set aside.
///
/// For records that are durable and whose segments are never removed: see `keptType` of
/// `SafetyLog.Options`. May be used by any thread while the log is written.
public final class LogArchive: Sendable {
    private struct Segment {
        let number: UInt64
        let base: LogPosition
    }

    private let directory: any LogDirectory
    /// The segments that were there at the last look, in order.
    private let segments = Mutex<[Segment]>([])

    /// An archive of the log in `directory`.
    public init(directory: any LogDirectory) { self.directory = directory }

    /// The payload of the record of `type` at `position`, or `nil` if it is not there whole.
    public func payload(
        at position: LogPosition, type: UInt8
    ) throws(StorageError) -> [UInt8]? {
        if let found = try read(position, type) { return found }
        try look()
        return try read(position, type)
    }

    private func read(_ position: LogPosition, _ type: UInt8) throws(StorageError) -> [UInt8]? {
        let segment = segments.withLock { segments in
            segments.last { $0.base <= position }
        }
        guard let segment, let file = try open(segment.number) else { return nil }
        defer { file.close() }
        let offset =
            LogFormat.segmentHeaderByteCount + Int(position.rawValue - segment.base.rawValue)
        let header = try file.read(at: offset, byteCount: LogFormat.recordHeaderByteCount)
        guard let byteCount = LogFormat.recordByteCount(header.span.bytes, at: position) else {
            return nil
        }
        let bytes = try file.read(at: offset, byteCount: byteCount)
        let record = LogFormat.record(in: bytes.span.bytes, at: 0, position: position)
        guard let record, record.type == type else { return nil }
        return Array(bytes[record.payload])
    }

    /// Notes which segments there are now.
    private func look() throws(StorageError) {
        let known = segments.withLock { $0 }
        var found: [Segment] = []
        for number in Set(try directory.names().compactMap(SafetyLog.number)).sorted() {
            if let segment = known.first(where: { $0.number == number }) {
                found.append(segment)
                continue
            }
            guard let file = try open(number) else { continue }
            defer { file.close() }
            let header = try file.read(at: 0, byteCount: LogFormat.segmentHeaderByteCount)
            // The log may be about to write it: then no record stands there yet.
            guard let base = LogFormat.base(ofSegment: number, header: header.span.bytes) else {
                continue
            }
            found.append(Segment(number: number, base: base))
        }
        segments.withLock { $0 = found }
    }

    /// The file of segment `number`, wherever it stands now.
    private func open(_ number: UInt64) throws(StorageError) -> (any LogFile)? {
        let name = SafetyLog.name(of: number)
        do {
            return try directory.open(name)
        } catch {
            let kept = SafetyLog.keptName(of: number)
            let names = try directory.names()
            if names.contains(kept) { return try directory.open(kept) }
            if names.contains(name) { throw error }
            return nil
        }
    }
}
