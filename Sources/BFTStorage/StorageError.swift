/// Why storage did not do what was asked.
public enum StorageError: Error, Equatable, Sendable {
    /// No room is left for `path`, or a quota or size limit is reached.
    case diskFull(path: String)
    /// The operating system or the store refused an operation.
    case io(operation: String, path: String, reason: String)
    /// What is on disk is not what was written there. Nothing after this may be trusted.
    case corrupt(file: String, offset: UInt64, reason: String)
    /// Another process holds `path`. Its number is known unless it has not written it yet.
    case locked(path: String, holder: Int32?)
    /// This user may not do `operation` on `path`.
    case permission(operation: String, path: String)
    /// A part of `path` that has to be a directory is none, or is missing.
    case notADirectory(path: String)
    /// What is on disk was written by another version or by something else.
    case incompatible(path: String, reason: String)
    /// The store was closed before this operation.
    case closed
}

extension StorageError: CustomStringConvertible {
    /// What happened, where, and what to do about it.
    public var description: String {
        switch self {
        case .diskFull(let path):
            "\(path): no space left; free some space or move the directory, then start again"
        case .io(let operation, let path, let reason): "\(path): \(operation) failed: \(reason)"
        case .corrupt(let file, let offset, let reason):
            "\(file): corrupt at byte \(offset): \(reason); restore the file from a copy, or "
                + "remove the whole directory and let this node catch up under a new key"
        case .locked(let path, let holder):
            "\(path): in use by "
                + (holder.map { "process \($0)" } ?? "another process")
                + "; stop it first, or give this node a directory of its own"
        case .permission(let operation, let path):
            "\(path): no permission for \(operation); give the directory to the user that runs this"
        case .notADirectory(let path): "\(path): not a directory; create it or name another one"
        case .incompatible(let path, let reason): "\(path): \(reason)"
        case .closed: "the storage is closed"
        }
    }
}
