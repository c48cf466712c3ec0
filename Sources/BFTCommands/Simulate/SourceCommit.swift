import BFTConfiguration
import Glibc

/// The commit that is checked out where this program stands, for reports of failures.
enum SourceCommit {
    /// The commit of the checkout that holds the running program, or `nil` outside of one.
    static func current() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return readlink("/proc/self/exe", start, bytes.count)
        }
        guard count > 0 else { return nil }
        return current(near: String(decoding: buffer[..<count], as: UTF8.self))
    }

    /// The commit of the checkout that `path` lies in.
    static func current(near path: String) -> String? {
        var directory = path
        while let end = directory.lastIndex(of: "/") {
            directory = String(directory[..<end])
            if let commit = commit(of: directory + "/.git") { return commit }
        }
        return nil
    }

    private static func commit(of git: String) -> String? {
        var folder = git
        // A further worktree has a file that names its folder.
        if let link = contents(git), link.hasPrefix("gitdir: ") {
            folder = String(link.dropFirst("gitdir: ".count))
        }
        guard let head = contents(folder + "/HEAD") else { return nil }
        guard head.hasPrefix("ref: ") else { return head }
        let name = String(head.dropFirst("ref: ".count))
        let common = contents(folder + "/commondir").map { "\(folder)/\($0)" } ?? folder
        if let commit = contents("\(common)/\(name)") { return commit }
        let packed = contents("\(common)/packed-refs") ?? ""
        return packed.split(separator: "\n").first { $0.hasSuffix(" \(name)") }
            .map { String($0.prefix { $0 != " " }) }
    }

    /// The text of a small file, without the line break at its end.
    private static func contents(_ path: String) -> String? {
        guard let bytes = try? ConfigurationFile.read(path, byteLimit: 16 << 20) else { return nil }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last == "\n" { text.removeLast() }
        return text
    }
}
