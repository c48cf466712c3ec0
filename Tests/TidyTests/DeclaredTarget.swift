/// A target as `Package.swift` declares it.
struct DeclaredTarget: Equatable {
    enum Kind { case library, executable, system, test }

    let name: String
    let kind: Kind
    let dependencies: Set<String>
    /// Whether it has the settings of the targets that decide.
    let isStrictlySafe: Bool
    /// Whether it is compiled with flags that an older package manager refuses in a dependency.
    let hasUnsafeFlags: Bool

    /// Reads the declarations in a manifest's text. Dependencies are string literals there.
    static func all(inManifest text: String) -> [DeclaredTarget] {
        guard let targets = text.range(of: "    targets: [\n") else { return [] }
        let text = text[targets.upperBound...]
        var found: [DeclaredTarget] = []
        for (opening, kind) in kinds {
            var rest = text
            while let range = rest.range(of: opening) {
                rest = rest[range.upperBound...]
                let declaration = arguments(rest)
                guard let name = strings(after: "name:", in: declaration).first else { continue }
                let list = declaration.range(of: "dependencies: [").map { start in
                    declaration[start.upperBound...].prefix { $0 != "]" }
                }
                found.append(
                    DeclaredTarget(
                        name: name, kind: kind,
                        dependencies: Set(strings(after: "", in: list ?? "")),
                        isStrictlySafe: declaration.contains("swiftSettings: pure"),
                        hasUnsafeFlags: unsafeSettings.contains { declaration.contains($0) }))
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    private static let unsafeSettings = [
        "swiftSettings: pure", "swiftSettings: generic", "unsafeFlags",
    ]

    private static let kinds: [(String, Kind)] = [
        (".target(", .library), (".executableTarget(", .executable),
        (".systemLibrary(", .system), (".testTarget(", .test),
    ]

    /// What stands before the parenthesis that closes the one before `text`.
    private static func arguments(_ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return depth > 0
        }
    }

    /// The string literals behind `label`.
    private static func strings(after label: String, in text: Substring) -> [String] {
        let start = label.isEmpty ? text.startIndex : text.range(of: label)?.upperBound
        guard let start else { return [] }
        return text[start...].split(separator: "\"", omittingEmptySubsequences: false)
            .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}
