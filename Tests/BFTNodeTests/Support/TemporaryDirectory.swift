import FoundationEssentials
import Glibc

/// A directory that is removed with this object.
final class TemporaryDirectory: Sendable {
    let root: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/bft-node-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("no directory in \(parent)") }
        root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func write(_ text: String, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw Failure("can't write \(path)")
        }
    }

    func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }
}

/// Why a test can't go on.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds. Throws, naming `what`, if it does not within `limit`.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + limit
    repeat {
        if try condition() { return }
        usleep(10_000)
    } while ContinuousClock.now < deadline
    throw Failure("not within \(limit): \(what)")
}
