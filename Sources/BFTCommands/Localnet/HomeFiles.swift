import BFTConfiguration
import Glibc

/// Writes the files of a node's home.
enum HomeFiles {
    /// Makes `path` and the directories above it, as far as they are missing.
    static func makeDirectory(_ path: String) throws(CommandFailure) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(part) : "/\(part)"
            guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else {
                throw failure("make the directory", prefix, errno)
            }
        }
    }

    /// Writes a new file that only its owner may read. An existing one is never overwritten: a
    /// key that is lost can't be made again.
    static func writeKey(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno != EEXIST else {
                throw CommandFailure(
                    "\(path) exists already",
                    hint: "keys are never overwritten: name another file, or move this one away")
            }
            throw failure("write", path, errno)
        }
        try write(bytes, to: descriptor, path)
    }

    /// Writes a file whole or not at all: under another name first.
    static func write(_ text: String, to path: String) throws(CommandFailure) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("write", path, errno) }
        try write(Array(text.utf8), to: descriptor, path)
        guard rename(temporary, path) == 0 else { throw failure("write", path, errno) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32, _ path: String
    ) throws(CommandFailure) {
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path, errno) }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw failure("write", path, errno) }
    }

    private static func failure(
        _ what: String, _ path: String, _ code: Int32
    ) -> CommandFailure {
        CommandFailure(
            "can't \(what) \(path): \(String(cString: strerror(code)))",
            hint: "check the path, the rights of this user and the room on the disk")
    }
}
