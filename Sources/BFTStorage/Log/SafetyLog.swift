public import BFTBase

/// An append-only log of typed records in numbered segments, for what must be on disk before a
/// message may leave: votes, batches, the state of a protocol.
///
/// Records are staged with `append` and written with `commit`: one write and one sync for all of
/// them. Space is reserved a segment at a time, so that a sync has no change of size to record.
///
/// - Invariant F1: what `commit` returned for is replayed by every later `init`, or `init` throws.
/// - Invariant F2: what is replayed was appended, in that order, with nothing left out in between.
///
/// Used by one thread at a time; `GroupCommitLog` shares one between threads.
public final class SafetyLog {
    /// Sizes, fixed while the log is open. They may differ from one opening to the next.
    public struct Options: Sendable, Equatable {
        /// The size of a segment.
        public var segmentByteCount: Int
        /// The largest payload of a record. Larger segments are made for records that need them.
        public var payloadByteLimit: Int
        /// A segment with a record of this type is set aside when the log is truncated, for
        /// `LogArchive`, and not removed.
        public var keptType: UInt8?

        public init(
            segmentByteCount: Int = 64 << 20, payloadByteLimit: Int = 16 << 20,
            keptType: UInt8? = nil
        ) {
            self.segmentByteCount = segmentByteCount
            self.payloadByteLimit = payloadByteLimit
            self.keptType = keptType
        }
    }

    /// What opening a log found.
    public struct Recovery: Sendable, Equatable {
        /// The number of segments.
        public var segmentCount = 0
        /// The number of records replayed.
        public var recordCount = 0
        /// The bytes of an unfinished write that were cut off at the end. None of them was ever
        /// reported durable.
        public var cutByteCount = 0
    }

    private struct Segment {
        let number: UInt64
        let base: LogPosition
        var lastRecord: LogPosition?
        /// Whether a record in it is of the type that is kept.
        var isKept = false
        var name: String { SafetyLog.name(of: number) }
    }

    private let directory: any LogDirectory
    private let options: Options
    private var segments: [Segment] = []
    private var file: any LogFile
    /// The offset in the last segment behind its last committed record.
    private var offset = LogFormat.segmentHeaderByteCount
    private var fileByteCount = 0
    private let staged = LogBuffer()
    private var group: LogPosition
    private var failure: StorageError?

    /// What opening the log found.
    public let recovery: Recovery

    /// The position that the next record gets.
    public private(set) var end: LogPosition

    /// Opens the log in `directory`, or begins one, and hands every record to `replay`, in order.
    ///
    /// Holds one segment in memory at a time. The payload is valid inside the call only.
    ///
    /// - Throws: `corrupt` if anything but the end of the last, unfinished write is damaged.
    public init(
        directory: any LogDirectory, options: Options = Options(),
        replay: (
            _ position: LogPosition, _ type: UInt8, _ payload: RawSpan
        ) throws(StorageError) -> Void
    ) throws(StorageError) {
        var opening = Opening(directory: directory, keptType: options.keptType)
        try opening.readSegments(replay)
        self.directory = directory
        self.options = options
        if opening.file == nil { try opening.createFirst(options.segmentByteCount) }
        guard let file = opening.file, let last = opening.segments.last else {
            preconditionFailure("opening a log leaves a last segment")
        }
        self.file = file
        segments = opening.segments
        offset = opening.end
        fileByteCount = opening.fileByteCount
        end = last.base.advanced(by: opening.end - LogFormat.segmentHeaderByteCount)
        group = end
        opening.recovery.segmentCount = segments.count
        recovery = opening.recovery
        let start = LogBuffer.blockStart(offset)
        let lead = try file.read(at: start, byteCount: offset - start)
        staged.begin(behind: lead.span.bytes)
    }

    /// Stages a record of `parts`, one behind the other. Nothing is written before `commit`.
    ///
    /// - Precondition: the parts together are within the payload limit.
    @discardableResult
    public func append(type: UInt8, parts: [[UInt8]]) throws(StorageError) -> LogPosition {
        if let failure { throw failure }
        let byteCount = parts.reduce(0) { $0 + $1.count }
        precondition(byteCount <= options.payloadByteLimit, "a record above the payload limit")
        let recordByteCount = LogFormat.recordByteCount(payloadByteCount: byteCount)
        if offset + staged.stagedByteCount + recordByteCount > fileByteCount {
            try commit()
            try attempt { () throws(StorageError) in try roll(for: recordByteCount) }
        }
        if staged.isEmpty { group = end }
        LogFormat.append(type: type, parts: parts, at: end, group: group, to: staged)
        let position = end
        segments[segments.count - 1].lastRecord = position
        if type == options.keptType { segments[segments.count - 1].isKept = true }
        end = end.advanced(by: recordByteCount)
        return position
    }

    /// Writes what is staged and makes it durable. After an error every call throws the same
    /// error: nothing is tried again on a disk that has failed.
    public func commit() throws(StorageError) {
        if let failure { throw failure }
        guard !staged.isEmpty else { return }
        try attempt { () throws(StorageError) in
            try file.append(staged, at: offset)
            try file.sync()
        }
        offset += staged.stagedByteCount
        staged.noteWritten()
    }

    /// Removes the segments whose records all stand at or before `position`, except the last, or
    /// sets them aside.
    ///
    /// The caller has made sure that what they say is durable elsewhere, if need be by appending
    /// it again and committing.
    public func truncate(upTo position: LogPosition) throws(StorageError) {
        if let failure { throw failure }
        try attempt { () throws(StorageError) in
            // One at a time and the oldest first: a crash leaves no gap in the numbers.
            while segments.count > 1, segments[0].lastRecord ?? .zero <= position {
                if segments[0].isKept {
                    let kept = Self.keptName(of: segments[0].number)
                    try directory.rename(segments[0].name, to: kept)
                } else {
                    try directory.remove(segments[0].name)
                }
                try directory.sync()
                segments.removeFirst()
            }
        }
    }

    /// The largest payload of a record.
    public var payloadByteLimit: Int { options.payloadByteLimit }

    /// The number of segments on disk.
    public var segmentCount: Int { segments.count }

    /// Lets go of the files. What is staged and not committed is lost.
    public func close() {
        if failure == nil {
            file.close()
            failure = .closed
        }
    }

    private func attempt(_ body: () throws(StorageError) -> Void) throws(StorageError) {
        do {
            try body()
        } catch {
            failure = error
            file.close()
            throw error
        }
    }

    /// Closes the last segment and begins another with room for a record of `recordByteCount`.
    private func roll(for recordByteCount: Int) throws(StorageError) {
        // Gives the rest of the room back. No sync: zeros behind the records are the end as well.
        try file.truncate(to: offset)
        file.close()
        let number = segments[segments.count - 1].number + 1
        fileByteCount = max(
            options.segmentByteCount, LogFormat.segmentHeaderByteCount + recordByteCount)
        file = try Self.create(number, base: end, in: directory, reserving: fileByteCount)
        segments.append(Segment(number: number, base: end))
        offset = LogFormat.segmentHeaderByteCount
        staged.begin(
            behind: LogFormat.segmentHeader(number: number, base: end).span.bytes)
    }

    /// A new segment that is durable, header and name.
    private static func create(
        _ number: UInt64, base: LogPosition, in directory: any LogDirectory,
        reserving byteCount: Int
    ) throws(StorageError) -> any LogFile {
        let file = try directory.create(name(of: number), reserving: byteCount)
        do {
            let header = LogFormat.segmentHeader(number: number, base: base)
            try file.write(header.span.bytes, at: 0)
            try file.sync()
            try directory.sync()
        } catch {
            file.close()
            throw error
        }
        return file
    }

    /// Eight digits and `.log`.
    static func name(of number: UInt64) -> String { digits(number) + ".log" }

    /// The name of a segment that was set aside: eight digits and `.old`.
    static func keptName(of number: UInt64) -> String { digits(number) + ".old" }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The number of the segment called `name`, or `nil` if none is.
    static func number(_ name: String) -> UInt64? {
        guard let number = UInt64(name.dropLast(4)) else { return nil }
        return name == Self.name(of: number) || name == keptName(of: number) ? number : nil
    }
}

extension SafetyLog {
    /// The steps of opening a log.
    private struct Opening {
        let directory: any LogDirectory
        let keptType: UInt8?
        var segments: [Segment] = []
        var recovery = Recovery()
        /// The last segment, and where its records end.
        var file: (any LogFile)?
        var end = LogFormat.segmentHeaderByteCount
        var fileByteCount = 0

        init(directory: any LogDirectory, keptType: UInt8?) {
            self.directory = directory
            self.keptType = keptType
        }

        mutating func readSegments(
            _ replay: (LogPosition, UInt8, RawSpan) throws(StorageError) -> Void
        ) throws(StorageError) {
            // The process before may have ended between making a segment and syncing its name.
            try directory.sync()
            let numbers = try segmentNumbers()
            for number in numbers {
                let isLast = number == numbers.last
                let opened = try directory.open(name(of: number))
                do {
                    let isKept = try read(opened, number, isLast: isLast, replay)
                    if isLast, isKept { file = opened } else { opened.close() }
                } catch {
                    opened.close()
                    throw error
                }
            }
            // A torn segment was dropped: go on in the one before.
            if file == nil, let last = segments.last {
                let opened = try directory.open(last.name)
                file = opened
                fileByteCount = try opened.byteCount()
            }
        }

        private func segmentNumbers() throws(StorageError) -> [UInt64] {
            var numbers: [UInt64] = []
            let names = try directory.names()
            for entry in names where entry.hasSuffix(".log") {
                guard let number = UInt64(entry.dropLast(4)), name(of: number) == entry else {
                    throw .incompatible(
                        path: directory.path(of: entry), reason: "not a segment of this log")
                }
                numbers.append(number)
            }
            numbers.sort()
            for (before, number) in zip(numbers, numbers.dropFirst()) where number != before + 1 {
                throw .corrupt(
                    file: directory.path(of: name(of: before + 1)), offset: 0,
                    reason: "the segment is missing")
            }
            let kept = names.compactMap(SafetyLog.number).filter { !numbers.contains($0) }
            // Positions would be given out twice.
            if let last = kept.max(), last >= numbers.first ?? 0 {
                throw .corrupt(
                    file: directory.path(of: name(of: last + 1)), offset: 0,
                    reason: "the segment is missing")
            }
            return numbers
        }

        /// Replays one segment. Returns `false` if it is the last and its creation never finished.
        private mutating func read(
            _ opened: any LogFile, _ number: UInt64, isLast: Bool,
            _ replay: (LogPosition, UInt8, RawSpan) throws(StorageError) -> Void
        ) throws(StorageError) -> Bool {
            let path = directory.path(of: name(of: number))
            let bytes = try opened.read(at: 0, byteCount: opened.byteCount())
            guard let base = LogFormat.base(ofSegment: number, header: bytes.span.bytes) else {
                // Records are written only once the header is durable, so no record can be lost
                // here, unless there are any: then it's the header that is damaged.
                let isUnused = bytes.dropFirst(LogFormat.segmentHeaderByteCount)
                    .allSatisfy { $0 == 0 }
                guard isLast, isUnused, number == 1 || !segments.isEmpty else {
                    throw .corrupt(file: path, offset: 0, reason: "not the header of this segment")
                }
                try directory.remove(name(of: number))
                try directory.sync()
                return false
            }
            try checkFollows(base, path)
            var segment = Segment(number: number, base: base)
            let scanned = try LogFormat.scan(bytes.span.bytes, base: base) {
                (position, type, payload) throws(StorageError) in
                recovery.recordCount += 1
                segment.lastRecord = position
                if type == keptType { segment.isKept = true }
                try replay(position, type, payload)
            }
            segments.append(segment)
            end = scanned.end
            fileByteCount = bytes.count
            switch scanned.tail {
            case .clean: break
            case .torn(let byteCount) where isLast:
                recovery.cutByteCount = byteCount
                try cut(opened)
            case .torn, .damaged:
                throw .corrupt(
                    file: path, offset: UInt64(scanned.end), reason: "a durable record is damaged")
            }
            if isLast { try makeDurable(opened, bytes, scanned) }
            return true
        }

        /// Makes sure that what was replayed is on disk, not only in the kernel's cache.
        ///
        /// A process that was killed may leave a group written and not synced, and one whose sync
        /// failed leaves pages that count as clean and are lost at the next power cut. Writing the
        /// same bytes again makes them dirty, so that this sync covers them.
        private func makeDurable(
            _ opened: any LogFile, _ bytes: [UInt8], _ scanned: LogFormat.Scan
        ) throws(StorageError) {
            // A segment without a second group may be one whose creation failed: its header too.
            let isFirst = scanned.lastGroup == LogFormat.segmentHeaderByteCount
            let start = isFirst ? 0 : scanned.lastGroup
            try opened.write(bytes.span.bytes.extracting(start..<scanned.end), at: start)
            try opened.sync()
        }

        /// A segment begins where the one before ends.
        private func checkFollows(_ base: LogPosition, _ path: String) throws(StorageError) {
            guard let before = segments.last else { return }
            let expected = before.base.advanced(by: end - LogFormat.segmentHeaderByteCount)
            guard base != expected else { return }
            throw .corrupt(
                file: directory.path(of: before.name), offset: UInt64(end),
                reason:
                    "the records end at position \(expected), the next segment begins at \(base)"
            )
        }

        /// Erases what is behind the last good record, so that nothing of it can ever be taken for
        /// a record again, and reserves the room anew.
        private func cut(_ opened: any LogFile) throws(StorageError) {
            try opened.truncate(to: end)
            try opened.sync()
            try opened.reserve(fileByteCount)
            try opened.sync()
        }

        mutating func createFirst(_ byteCount: Int) throws(StorageError) {
            fileByteCount = max(byteCount, LogFormat.segmentHeaderByteCount)
            file = try SafetyLog.create(1, base: .zero, in: directory, reserving: fileByteCount)
            segments = [Segment(number: 1, base: .zero)]
        }
    }
}
