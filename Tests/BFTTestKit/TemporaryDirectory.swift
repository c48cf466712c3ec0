import FoundationEssentials
import Glibc

/// A directory that is removed with this object.
package final class TemporaryDirectory: Sendable {
    package let root: String

    package init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/bft-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("no directory in \(parent)") }
        root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    package func path(_ name: String) -> String { "\(root)/\(name)" }

    package func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    package func write(_ text: String, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw Failure("can't write \(path)")
        }
    }

    package func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    /// The files in it, or below it, that this process has open.
    package var openFiles: [String] {
        (0..<1_024).compactMap { descriptor in
            var path = [CChar](repeating: 0, count: 4_096)
            let count = readlink("/proc/self/fd/\(descriptor)", &path, path.count)
            let bytes = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            return text.hasPrefix(root) ? text : nil
        }
    }
}
