import Glibc

/// A directory that is removed at the end.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("\(Self.root)/bft-storage-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(code: errno) }
        path = String(cString: made)
    }

    struct Failure: Error {
        var code: Int32
    }

    private static var root: String {
        getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    }

    deinit { Self.removeAll(path) }

    private static func removeAll(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { removeAll("\(path)/\(name)") }
            }
            closedir(directory)
        }
        remove(path)
    }
}
