public import BFTBase
import Synchronization

/// A log directory in memory that behaves like a disk behind a cache, for tests and the simulator.
///
/// What is written is readable at once and on disk after a sync. A power cut keeps, of what was not
/// synced, any part: each sector of each write, each new size, each name, as a seed says.
public final class MemoryLogDirectory: LogDirectory {
    /// What goes wrong. Operations that change something are counted from 1: create, write,
    /// truncate, reserve, remove, and syncs of files and of the directory.
    public struct Faults: Sendable, Equatable {
        /// The operation during which the power goes. It and everything later throws.
        public var powerCutAt: Int?
        /// The operation that fails if it is a sync. What it should have saved counts as saved
        /// from then on and is not: no later sync brings it to disk.
        public var failingSyncAt: Int?
        /// The bytes for which there is room in all files.
        public var roomByteCount: Int?

        public init(powerCutAt: Int? = nil, failingSyncAt: Int? = nil, roomByteCount: Int? = nil) {
            self.powerCutAt = powerCutAt
            self.failingSyncAt = failingSyncAt
            self.roomByteCount = roomByteCount
        }
    }

    /// The unit that a disk writes whole or not at all.
    static let sectorByteCount = 512

    enum Change: Sendable {
        case write(bytes: [UInt8], offset: Int)
        case resize(byteCount: Int)

        func apply(to contents: inout [UInt8]) {
            switch self {
            case .write(let bytes, let offset):
                let end = offset + bytes.count
                if contents.count < end {
                    contents += [UInt8](repeating: 0, count: end - contents.count)
                }
                contents.replaceSubrange(offset..<end, with: bytes)
            case .resize(let byteCount):
                if byteCount < contents.count {
                    contents.removeSubrange(byteCount...)
                } else {
                    contents += [UInt8](repeating: 0, count: byteCount - contents.count)
                }
            }
        }
    }

    struct Contents: Sendable {
        var durable: [UInt8] = []
        var current: [UInt8] = []
        /// What the next sync makes durable.
        var unsynced: [Change] = []
    }

    struct State: Sendable {
        var faults: Faults
        var operationCount = 0
        var hasPower = true
        var files: [Int: Contents] = [:]
        var nextFile = 0
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        /// New names since the last sync of the directory.
        var renames: [(old: String, new: String)] = []
    }

    let state: Mutex<State>

    /// An empty directory.
    public init(faults: Faults = Faults()) { state = Mutex(State(faults: faults)) }

    /// A directory of durable `files`, for tests that damage them.
    public init(files: [String: [UInt8]], faults: Faults = Faults()) {
        var initial = State(faults: faults)
        for name in files.keys.sorted() {
            guard let bytes = files[name] else { continue }
            initial.files[initial.nextFile] = Contents(durable: bytes, current: bytes)
            initial.names[name] = initial.nextFile
            initial.nextFile += 1
        }
        initial.durableNames = initial.names
        state = Mutex(initial)
    }

    /// Goes wrong otherwise from now on. Space can come back, and a disk can begin to fail.
    public func setFaults(_ change: (inout Faults) -> Void) {
        state.withLock { change(&$0.faults) }
    }

    /// The operations so far.
    public var operationCount: Int { state.withLock { $0.operationCount } }

    /// What can be read now, by name.
    public var files: [String: [UInt8]] {
        state.withLock { state in state.names.mapValues { state.files[$0]?.current ?? [] } }
    }

    /// The bytes of all files, reserved room included.
    public var usedByteCount: Int {
        state.withLock { state in state.files.values.reduce(0) { $0 + $1.current.count } }
    }

    /// The same disk, cache included, with other faults: what a process finds that starts after
    /// one that was killed. This directory is not to be used any more.
    public func restarted(faults: Faults = Faults()) -> MemoryLogDirectory {
        let restarted = MemoryLogDirectory(faults: faults)
        let before = state.withLock { $0 }
        restarted.state.withLock { state in
            state.files = before.files
            state.nextFile = before.nextFile
            state.names = before.names
            state.durableNames = before.durableNames
            state.renames = before.renames
        }
        return restarted
    }

    /// Cuts the power and returns what is on disk. Of what is not synced each part survives with
    /// a chance of `survivalPercent`.
    public func powerCut(
        _ random: inout SplitMix64, survivalPercent: Int = 50, faults: Faults = Faults()
    ) -> MemoryLogDirectory {
        func survives() -> Bool { Int.random(in: 0..<100, using: &random) < survivalPercent }
        let before = state.withLock { state in
            state.hasPower = false
            return state
        }
        var names: [String: Int] = [:]
        for name in Set(before.names.keys).union(before.durableNames.keys).sorted() {
            let (old, new) = (before.durableNames[name], before.names[name])
            let kept = old == new || survives() ? new : old
            if let kept { names[name] = kept }
        }
        // A new name replaces the old one in one step.
        for (old, new) in before.renames {
            guard let file = before.durableNames[old] else { continue }
            let isRenamed = names[old] == nil
            names[new] = isRenamed ? file : nil
        }
        var files: [String: [UInt8]] = [:]
        for name in names.keys.sorted() {
            guard let file = names[name].flatMap({ before.files[$0] }) else { continue }
            var bytes = file.durable
            for change in file.unsynced {
                switch change {
                case .resize: if survives() { change.apply(to: &bytes) }
                case .write(let written, let offset):
                    for sector in Self.sectors(of: written, at: offset) where survives() {
                        sector.apply(to: &bytes)
                    }
                }
            }
            files[name] = bytes
        }
        return MemoryLogDirectory(files: files, faults: faults)
    }

    private static func sectors(of bytes: [UInt8], at offset: Int) -> [Change] {
        var sectors: [Change] = []
        var start = 0
        while start < bytes.count {
            let end = min(
                bytes.count, start + sectorByteCount - (offset + start) % sectorByteCount)
            sectors.append(.write(bytes: Array(bytes[start..<end]), offset: offset + start))
            start = end
        }
        return sectors
    }

    /// Counts an operation and does it, unless it fails as told.
    func attempt(
        _ operation: String, _ name: String, isSync: Bool = false,
        _ body: (_ state: inout State, _ fails: Bool) -> StorageError?
    ) throws(StorageError) {
        let failure: StorageError? = state.withLock { state in
            let injected = StorageError.io(
                operation: operation, path: path(of: name), reason: "injected fault")
            guard state.hasPower else { return injected }
            state.operationCount += 1
            if state.operationCount == state.faults.powerCutAt {
                state.hasPower = false
                // A write under way may get anywhere; a sync under way promises nothing.
                if !isSync { _ = body(&state, false) }
                return injected
            }
            let fails = isSync && state.operationCount == state.faults.failingSyncAt
            let failure = body(&state, fails)
            return fails ? injected : failure
        }
        if let failure { throw failure }
    }

    public func names() throws(StorageError) -> [String] {
        state.withLock { $0.names.keys.sorted() }
    }

    public func create(
        _ name: String, reserving byteCount: Int
    ) throws(StorageError) -> any LogFile {
        var number = 0
        try attempt("create", name) { state, _ in
            number = state.nextFile
            state.nextFile += 1
            state.files[number] = Contents()
            state.names[name] = number
            return nil
        }
        let file = MemoryLogFile(directory: self, name: name, number: number)
        try file.reserve(byteCount)
        return file
    }

    public func open(_ name: String) throws(StorageError) -> any LogFile {
        guard let number = state.withLock({ $0.names[name] }) else {
            throw .io(operation: "open", path: path(of: name), reason: "no such file")
        }
        return MemoryLogFile(directory: self, name: name, number: number)
    }

    public func remove(_ name: String) throws(StorageError) {
        try attempt("remove", name) { state, _ in
            state.names[name] = nil
            return nil
        }
    }

    public func rename(_ name: String, to newName: String) throws(StorageError) {
        try attempt("rename", name) { state, _ in
            state.names[newName] = state.names[name]
            state.names[name] = nil
            state.renames.append((name, newName))
            return nil
        }
    }

    public func sync() throws(StorageError) {
        try attempt("sync", "", isSync: true) { state, fails in
            if !fails {
                state.durableNames = state.names
                state.renames = []
            }
            return nil
        }
    }

    public func path(of name: String) -> String { "memory/\(name)" }
}

/// A file of a `MemoryLogDirectory`.
private final class MemoryLogFile: LogFile {
    let directory: MemoryLogDirectory
    let name: String
    let number: Int

    init(directory: MemoryLogDirectory, name: String, number: Int) {
        self.directory = directory
        self.name = name
        self.number = number
    }

    func byteCount() throws(StorageError) -> Int {
        directory.state.withLock { $0.files[number]?.current.count ?? 0 }
    }

    func read(at offset: Int, byteCount: Int) throws(StorageError) -> [UInt8] {
        directory.state.withLock { state in
            guard let bytes = state.files[number]?.current, offset < bytes.count else { return [] }
            return Array(bytes[offset..<min(offset + byteCount, bytes.count)])
        }
    }

    private func change(
        _ operation: String, _ change: MemoryLogDirectory.Change, grows: Int
    )
        throws(StorageError)
    {
        try directory.attempt(operation, name) { state, _ in
            let used = state.files.values.reduce(0) { $0 + $1.current.count }
            let size = state.files[number]?.current.count ?? 0
            if let room = state.faults.roomByteCount, used + max(0, grows - size) > room {
                return .diskFull(path: directory.path(of: name))
            }
            change.apply(to: &state.files[number, default: .init()].current)
            state.files[number, default: .init()].unsynced.append(change)
            return nil
        }
    }

    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        try change(
            "write", .write(bytes: bytes.copied, offset: offset), grows: offset + bytes.byteCount)
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        try change("truncate", .resize(byteCount: byteCount), grows: 0)
    }

    func reserve(_ byteCount: Int) throws(StorageError) {
        try change("reserve", .resize(byteCount: byteCount), grows: byteCount)
    }

    func sync() throws(StorageError) {
        try directory.attempt("sync", name, isSync: true) { state, fails in
            if !fails {
                for change in state.files[number]?.unsynced ?? [] {
                    change.apply(to: &state.files[number, default: .init()].durable)
                }
            }
            state.files[number]?.unsynced = []
            return nil
        }
    }

    func close() {}
}
