public import BFTStorage
import CSystemCalls
import Glibc

/// A log directory on a file system.
public final class FileLogDirectory: LogDirectory {
    /// The path of the directory.
    public let path: String

    /// The directory at `path`, which is made if it isn't there; the one above it has to be.
    public init(_ path: String) throws(StorageError) {
        try SystemCall.makeDirectory(path)
        self.path = path
    }

    public func path(of name: String) -> String { "\(path)/\(name)" }

    public func names() throws(StorageError) -> [String] {
        guard let directory = opendir(path) else { throw SystemCall.failure("open", path) }
        defer { closedir(directory) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
            errno = 0
        }
        guard errno == 0 else { throw SystemCall.failure("list", path) }
        return names
    }

    public func create(
        _ name: String, reserving byteCount: Int
    ) throws(StorageError) -> any LogFile {
        let path = path(of: name)
        let file = FileLogFile(
            try SystemCall.open(path, O_RDWR | O_CREAT | O_EXCL), path)
        do {
            try file.reserve(byteCount)
        } catch {
            file.close()
            unlink(path)
            throw error
        }
        return file
    }

    public func open(_ name: String) throws(StorageError) -> any LogFile {
        let path = path(of: name)
        return FileLogFile(try SystemCall.open(path, O_RDWR), path)
    }

    public func remove(_ name: String) throws(StorageError) {
        let path = path(of: name)
        try SystemCall.retrying("remove", path) { unlink(path) }
    }

    public func rename(_ name: String, to newName: String) throws(StorageError) {
        let (old, new) = (path(of: name), path(of: newName))
        try SystemCall.retrying("rename", old) { Glibc.rename(old, new) }
    }

    public func sync() throws(StorageError) { try SystemCall.syncDirectory(path) }
}

/// A file on a file system, closed by its owner or with it: closing twice is harmless.
///
/// What is appended goes past the kernel's cache, if the file system can do that. Everything else
/// is written through it.
private final class FileLogFile: LogFile, @unchecked Sendable {
    let descriptor: Int32
    let path: String
    private var direct: DirectWriter?
    private var isDirectPossible = true
    private var isOpen = true

    init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close() }

    func byteCount() throws(StorageError) -> Int {
        var status = stat()
        try SystemCall.retrying("stat", path) { fstat(descriptor, &status) }
        return Int(status.st_size)
    }

    func read(at offset: Int, byteCount: Int) throws(StorageError) -> [UInt8] {
        try SystemCall.read(descriptor, at: offset, byteCount: byteCount, path: path)
    }

    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        try SystemCall.write(descriptor, bytes, at: offset, path: path)
    }

    func append(_ buffer: LogBuffer, at offset: Int) throws(StorageError) {
        if isDirectPossible {
            if direct == nil { direct = DirectWriter(path, size: try byteCount()) }
            if try direct?.append(buffer, at: offset) == true { return }
            isDirectPossible = false
            direct = nil
        }
        try write(buffer.staged, at: offset)
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        direct = nil
        try SystemCall.retrying("truncate", path) { ftruncate(descriptor, off_t(byteCount)) }
    }

    func reserve(_ byteCount: Int) throws(StorageError) {
        direct = nil
        while bft_reserve(descriptor, Int64(byteCount)) != 0 {
            switch errno {
            case EINTR: continue
            // Not every file system can. The size alone still spares a sync from recording it.
            case EOPNOTSUPP, ENOSYS: return try truncate(to: byteCount)
            default: throw SystemCall.failure("reserve", path)
            }
        }
    }

    func sync() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else { throw SystemCall.failure("sync", path) }
    }

    func close() {
        direct = nil
        // The number may be another file's by then.
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }
}
