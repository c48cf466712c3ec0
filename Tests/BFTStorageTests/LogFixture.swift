import BFTBase

@testable import BFTStorage

/// A record as a test sees it.
struct Entry: Equatable {
    var position: LogPosition
    var type: UInt8
    var payload: [UInt8]
}

enum LogFixture {
    static let small = SafetyLog.Options(segmentByteCount: 4096, payloadByteLimit: 65536)

    /// Opens the log and returns it with what it replayed.
    static func open(
        _ directory: any LogDirectory, _ options: SafetyLog.Options = small
    ) throws -> (log: SafetyLog, entries: [Entry]) {
        var entries: [Entry] = []
        let log = try SafetyLog(directory: directory, options: options) { position, type, payload in
            entries.append(
                Entry(position: position, type: type, payload: payload.withUnsafeBytes(Array.init)))
        }
        return (log, entries)
    }

    /// A payload that depends on its number.
    static func payload(_ number: Int, byteCount: Int) -> [UInt8] {
        var random = SplitMix64(seed: UInt64(number))
        return (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// A directory with one record per entry of `sizes`, each committed by itself.
    static func directory(
        sizes: [Int], options: SafetyLog.Options = small
    ) throws -> (directory: MemoryLogDirectory, entries: [Entry]) {
        let directory = MemoryLogDirectory()
        let (log, _) = try open(directory, options)
        var entries: [Entry] = []
        for (number, size) in sizes.enumerated() {
            let payload = payload(number, byteCount: size)
            let position = try log.append(type: UInt8(number), parts: [payload])
            try log.commit()
            entries.append(Entry(position: position, type: UInt8(number), payload: payload))
        }
        log.close()
        return (directory, entries)
    }
}
