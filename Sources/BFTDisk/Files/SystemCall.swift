import BFTStorage
import Glibc

/// Calls of the operating system, with typed errors.
enum SystemCall {
    /// The error that `errno` stands for.
    static func failure(
        _ operation: String, _ path: String, _ code: Int32 = errno
    )
        -> StorageError
    {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: .diskFull(path: path)
        case EACCES, EPERM, EROFS: .permission(operation: operation, path: path)
        case ENOTDIR: .notADirectory(path: path)
        default:
            .io(operation: operation, path: path, reason: String(cString: strerror(code)))
        }
    }

    /// Calls `body` until a signal doesn't interrupt it; a negative result is an error.
    @discardableResult
    static func retrying<Result: SignedInteger>(
        _ operation: String, _ path: String, _ body: () -> Result
    ) throws(StorageError) -> Result {
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno != EINTR { throw failure(operation, path) }
        }
    }

    /// Opens `path`. The descriptor is not passed on to other programs.
    static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0o600
    )
        throws(StorageError) -> Int32
    {
        try retrying("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) }
    }

    /// Writes all of `bytes` at `offset`.
    static func write(
        _ descriptor: Int32, _ bytes: RawSpan, at offset: Int, path: String
    ) throws(StorageError) {
        var done = 0
        while done < bytes.byteCount {
            let rest = bytes.extracting(done..<bytes.byteCount)
            let written = try retrying("write", path) {
                rest.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
                }
            }
            // A write of no bytes without an error has no meaning; a disk without room says so.
            guard written > 0 else { throw .diskFull(path: path) }
            done += written
        }
    }

    /// Up to `byteCount` bytes from `offset` on; fewer at the end of the file.
    static func read(
        _ descriptor: Int32, at offset: Int, byteCount: Int, path: String
    ) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while count < byteCount {
                let found = pread(
                    descriptor, buffer.baseAddress! + count, byteCount - count,
                    off_t(offset + count))
                if found == 0 { break }
                if found > 0 {
                    count += found
                } else if errno != EINTR {
                    failure = Self.failure("read", path)
                    break
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Makes the names in the directory `path` durable.
    static func syncDirectory(_ path: String) throws(StorageError) {
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        // Never again after an error, see `LogFile.sync`.
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
    }

    /// Makes sure that `path` is a directory, with its name durable if it is made here.
    static func makeDirectory(_ path: String) throws(StorageError) {
        if mkdir(path, 0o700) == 0 {
            try syncDirectory(parent(of: path))
            return
        }
        let code = errno
        var status = stat()
        if code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        if code == EEXIST || code == ENOENT { throw .notADirectory(path: path) }
        throw failure("create", path, code)
    }

    /// The directory that holds `path`.
    static func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
