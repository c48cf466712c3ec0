public import BFTStorage
import Glibc

/// Small files that are replaced as a whole: after a crash there is the old content or the new.
public enum AtomicFile {
    /// Replaces the file at `path` by `bytes`, durably.
    ///
    /// Writes beside it, syncs, renames, syncs the directory. The new file has `mode` from the
    /// start: a key is never readable by others, not even for a moment.
    public static func write(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600
    ) throws(StorageError) {
        let temporary = "\(path).tmp"
        unlink(temporary)
        let descriptor = try SystemCall.open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do {
            try fill(descriptor, bytes, mode: mode, path: temporary)
            try SystemCall.retrying("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try SystemCall.syncDirectory(SystemCall.parent(of: path))
    }

    private static func fill(
        _ descriptor: Int32, _ bytes: [UInt8], mode: UInt32, path: String
    ) throws(StorageError) {
        defer { close(descriptor) }
        // The mode as asked for, whatever the umask took from it.
        try SystemCall.retrying("chmod", path) { fchmod(descriptor, mode) }
        try SystemCall.write(descriptor, bytes.span.bytes, at: 0, path: path)
        guard fsync(descriptor) == 0 else { throw SystemCall.failure("sync", path) }
    }

    /// The bytes of the file at `path`, or `nil` if there is none.
    ///
    /// - Throws: `incompatible` if there are more than `limit`.
    public static func read(_ path: String, limit: Int) throws(StorageError) -> [UInt8]? {
        let descriptor: Int32
        do {
            descriptor = try SystemCall.open(path, O_RDONLY)
        } catch {
            if access(path, F_OK) != 0, errno == ENOENT { return nil }
            throw error
        }
        defer { close(descriptor) }
        let bytes = try SystemCall.read(descriptor, at: 0, byteCount: limit + 1, path: path)
        guard bytes.count <= limit else {
            throw .incompatible(path: path, reason: "more than \(limit) bytes, not a file of ours")
        }
        return bytes
    }
}
