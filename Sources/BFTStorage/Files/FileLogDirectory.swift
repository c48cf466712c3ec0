import CStorage
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
            descriptor: try SystemCall.open(path, O_RDWR | O_CREAT | O_EXCL), path: path)
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
        return FileLogFile(descriptor: try SystemCall.open(path, O_RDWR), path: path)
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

/// A file on a file system. Its owner closes it once and doesn't use it any more.
///
/// What goes on where the last write ended goes past the kernel's cache, if the file system can do
/// that. Everything else is written through it.
private final class FileLogFile: LogFile, @unchecked Sendable {
    let descriptor: Int32
    let path: String
    /// Where the last write ended, if it was one and nothing else was done since.
    private var lastEnd: Int?
    private var direct: DirectWriter?
    private var size = 0
    private var isDirectPossible = true

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func byteCount() throws(StorageError) -> Int {
        var status = stat()
        try SystemCall.retrying("stat", path) { fstat(descriptor, &status) }
        return Int(status.st_size)
    }

    func read(at offset: Int, byteCount: Int) throws(StorageError) -> [UInt8] {
        try SystemCall.read(descriptor, at: offset, byteCount: byteCount, path: path)
    }

    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        defer { lastEnd = offset + bytes.byteCount }
        if lastEnd == offset, isDirectPossible {
            if direct == nil { try goPastCache(offset) }
            if try direct?.append(bytes, limit: size) == true { return }
            isDirectPossible = false
        }
        direct = nil
        try SystemCall.write(descriptor, bytes, at: offset, path: path)
    }

    private func goPastCache(_ end: Int) throws(StorageError) {
        let start = end & ~(DirectWriter.blockByteCount - 1)
        size = try byteCount()
        let block = try read(at: start, byteCount: end - start)
        direct = DirectWriter(path, end: end, block: block)
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        lastEnd = nil
        direct = nil
        try SystemCall.retrying("truncate", path) { ftruncate(descriptor, off_t(byteCount)) }
    }

    func reserve(_ byteCount: Int) throws(StorageError) {
        lastEnd = nil
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
        Glibc.close(descriptor)
    }
}
