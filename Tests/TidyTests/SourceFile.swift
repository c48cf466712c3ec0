import FoundationEssentials

/// Something that a rule of this repository forbids, and where it stands.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A file of the repository, read for the rules.
struct SourceFile {
    /// Relative to the package's root.
    let path: String
    let lines: [String]
    /// As `lines`, with comments and the contents of string literals blanked out.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(Array(text.utf8))
        code = path.hasSuffix(".swift") ? Self.split(SwiftScanner.blanked(text)) : lines
    }

    /// The target that the file belongs to, if that is a row of the architecture.
    var target: String? {
        let parts = path.split(separator: "/")
        let isRow = parts.count > 2 && Repository.targetDirectories.contains(String(parts[0]))
        return isRow ? String(parts[1]) : nil
    }

    func finding(_ index: Int, _ message: String) -> Finding {
        Finding(path: path, line: index + 1, message: message)
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The repository that these tests belong to.
enum Repository {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "../..").standardized

    /// The directories whose directories are targets of the architecture.
    static let targetDirectories = ["Sources", "Examples"]

    /// The Swift files of all parts of the repository.
    static let swiftFiles = files { $0.hasSuffix(".swift") }

    /// The Swift files that make up the products.
    static let sources = swiftFiles.filter { $0.target != nil }

    /// Every file that a person reads.
    static let texts = files { path in
        let name = path.split(separator: "/").last ?? ""
        let ending = name.split(separator: ".").last.map(String.init) ?? ""
        return !name.contains(".") || name == ".gitignore" || textEndings.contains(ending)
    }

    private static let textEndings: Set = [
        "swift", "c", "h", "cpp", "inc", "modulemap", "md", "py", "sh", "txt", "json", "toml",
        "yml", "yaml", "tla", "cfg", "ivy", "html", "css", "js",
    ]

    /// The hidden directories that belong to the repository; all others are somebody's products.
    private static let hiddenDirectories: Set = [".ci"]

    private static func files(where isWanted: (String) -> Bool) -> [SourceFile] {
        var found: [SourceFile] = []
        collect("", isWanted, into: &found)
        return found.sorted { $0.path < $1.path }
    }

    private static func collect(
        _ directory: String, _ isWanted: (String) -> Bool, into found: inout [SourceFile]
    ) {
        let path = root.appending(path: directory).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names {
            let relative = directory.isEmpty ? name : "\(directory)/\(name)"
            let full = root.appending(path: relative).path
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory) else {
                continue
            }
            if isDirectory {
                guard !name.hasPrefix(".") || hiddenDirectories.contains(name) else { continue }
                collect(relative, isWanted, into: &found)
            } else if isWanted(relative), let bytes = FileManager.default.contents(atPath: full),
                bytes.count < 1 << 20, !bytes.contains(0)
            {
                found.append(
                    SourceFile(path: relative, text: String(decoding: bytes, as: UTF8.self)))
            }
        }
    }
}
