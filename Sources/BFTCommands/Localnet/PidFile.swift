import BFTConfiguration
import Glibc

/// The file `pid` in a home while its node runs, and the lock that keeps a second one out.
///
/// Two nodes with one key contradict each other and are punished for it, so the lock is the
/// kernel's: it ends with the process, however that ends, and a file that a crash left behind
/// stands in nobody's way.
struct PidFile: ~Copyable {
    static let name = "pid"

    private let path: String
    private let descriptor: Int32

    /// Locks `home` for this process.
    init(home: String) throws(CommandFailure) {
        path = NodeHome.resolve(Self.name, in: home)
        // Somebody who only looks holds the lock for a moment.
        for _ in 0..<20 {
            let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard opened >= 0 else {
                throw CommandFailure(
                    "can't write \(path): \(String(cString: strerror(errno)))",
                    hint: "check the rights of this user on the home")
            }
            if flock(opened, LOCK_EX | LOCK_NB) == 0, Self.isSame(opened, path) {
                descriptor = opened
                ftruncate(opened, 0)
                let text = Array("\(getpid())\n".utf8)
                pwrite(opened, text, text.count, 0)
                return
            }
            close(opened)
            usleep(10_000)
        }
        let holder = Self.holder(home: home)
        throw CommandFailure(
            "the node of \(home) runs already\(holder.map { " as process \($0)" } ?? "")",
            hint: "stop it first\(holder.map { ": kill \($0)" } ?? "")")
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// The process that runs the node of `home`, or `nil` if it doesn't run.
    static func holder(home: String) -> Int? {
        let path = NodeHome.resolve(name, in: home)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    /// Whether the open file is still the one at `path`: its last owner may have removed it.
    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
            && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }
}
