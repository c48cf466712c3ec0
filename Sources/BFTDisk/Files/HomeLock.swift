public import BFTStorage
import Glibc
import Synchronization

/// The exclusive use of a directory by this process, until it is released or the process ends.
///
/// Two processes with one signing key equivocate, so the second one has to be refused before it
/// reads anything. The lock is an advisory `flock` on the file `LOCK`; the kernel drops it when the
/// process ends in whatever way, so that no stale lock is ever in the way.
public final class HomeLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock of `directory`.
    ///
    /// - Throws: `locked` with the number of the process that holds it.
    public init(directory: String) throws(StorageError) {
        let path = "\(directory)/LOCK"
        var status = stat()
        guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .notADirectory(path: directory)
        }
        let opened = try SystemCall.open(path, O_RDWR | O_CREAT)
        do {
            try Self.lock(opened, path)
        } catch {
            close(opened)
            throw error
        }
        descriptor = Mutex(opened)
    }

    private static func lock(_ descriptor: Int32, _ path: String) throws(StorageError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                let found = try SystemCall.read(descriptor, at: 0, byteCount: 32, path: path)
                let digits = String(
                    decoding: found.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                throw .locked(path: path, holder: Int32(digits))
            default: throw SystemCall.failure("lock", path)
            }
        }
        try SystemCall.retrying("truncate", path) { ftruncate(descriptor, 0) }
        let note = Array("\(getpid())\n".utf8)
        try SystemCall.write(descriptor, note.span.bytes, at: 0, path: path)
    }

    /// Gives the directory free. Releasing twice is harmless.
    public func release() {
        descriptor.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    deinit { release() }
}
