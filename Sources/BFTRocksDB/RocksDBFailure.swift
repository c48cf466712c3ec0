import BFTStorage
import CRocksDB

/// What RocksDB's C interface says about an error: a text, and no code.
enum RocksDBFailure {
    /// Throws what `message` means, and frees it; does nothing if there is none.
    static func check(
        _ message: UnsafeMutablePointer<CChar>?, _ operation: String, _ path: String
    ) throws(StorageError) {
        guard let message else { return }
        defer { rocksdb_free(message) }
        throw error(String(cString: message), operation, path)
    }

    /// The typed error for a text, which begins with RocksDB's name of the kind (`status.cc`) and
    /// ends with the operating system's words.
    static func error(_ text: String, _ operation: String, _ path: String) -> StorageError {
        if text.contains("No space left on device") || text.contains("Disk quota exceeded")
            || text.contains("File too large") || text.contains("Max allowed space")
        {
            return .diskFull(path: path)
        }
        if text.hasPrefix("Corruption") {
            return .corrupt(file: path, offset: 0, reason: text)
        }
        if text.contains("lock hold by") || text.contains("While lock file") {
            return .locked(path: path, holder: nil)
        }
        if text.contains("Permission denied") || text.contains("Read-only file system") {
            return .permission(operation: operation, path: path)
        }
        if text.contains("Not a directory") {
            return .notADirectory(path: path)
        }
        return .io(operation: operation, path: path, reason: text)
    }
}
