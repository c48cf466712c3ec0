import FoundationEssentials
import Testing

/// What documents say about files of the repository.
@Suite struct DocumentTests {
    @Test("The README shows the example that is built, word for word")
    func example() throws {
        let example = try #require(
            Repository.texts.first { $0.path == "Examples/Embedding/Embedding.swift" })
        for path in ["README.md", "Sources/BFT/BFT.docc/BFT.md"] {
            let page = try #require(Repository.texts.first { $0.path == path })
            let blocks = Documents.codeBlocks(page, language: "swift")
            #expect(blocks.first == example.lines)
            // Beside it stands a manifest at most.
            let manifests = blocks.dropFirst().map { $0.joined(separator: "\n") }
            #expect(manifests.allSatisfy { Documents.toolsVersion($0) != nil })
        }
    }

    @Test("Manifests, scripts and the README name the same oldest toolchain")
    func toolchain() throws {
        func text(_ path: String) throws -> String {
            try #require(Repository.texts.first { $0.path == path }).lines.joined(separator: "\n")
        }
        let root = try text("Package.swift")
        let version = try #require(Documents.toolsVersion(root))
        for manifest in ["Benchmarks/Package.swift", "Fuzz/Package.swift"] {
            #expect(Documents.toolsVersion(try text(manifest)) == version)
        }
        let page = try #require(Repository.texts.first { $0.path == "README.md" })
        let blocks = Documents.codeBlocks(page, language: "swift").dropFirst()
        #expect(!blocks.isEmpty)
        for block in blocks {
            #expect(Documents.toolsVersion(block.joined(separator: "\n")) == version)
        }
        let readme = page.lines.joined(separator: " ")
        #expect(readme.contains("a Swift toolchain of \(version) or newer"))
        #expect(try text("Scripts/deps").contains("install Swift \(version) or newer"))
        // Older ones refuse a dependency with such flags.
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        #expect(!root.contains("unsafeFlags") || !numbers.lexicographicallyPrecedes([6, 2]))
    }

    @Test("Every document begins with its title")
    func titles() {
        let documents = Repository.texts.filter { $0.path.hasSuffix(".md") }
        #expect(!documents.isEmpty)
        for file in documents where file.lines.first?.hasPrefix("# ") != true {
            Issue.record("\(file.finding(0, "begins with no title"))")
        }
    }

    @Test("Every link between documents leads to a file")
    func links() {
        for file in Repository.texts where file.path.hasSuffix(".md") {
            for (index, target) in Documents.relativeLinks(file) {
                let directory = Repository.root.appending(path: file.path)
                    .deletingLastPathComponent()
                let isThere = FileManager.default.fileExists(
                    atPath: directory.appending(path: target).path)
                if !isThere { Issue.record("\(file.finding(index, "links to \(target)"))") }
            }
        }
    }

    @Test("Every decision stands in the index")
    func decisions() throws {
        let index = try #require(
            Repository.texts.first { $0.path == "Docs/decisions/README.md" })
        let linked = Set(Documents.relativeLinks(index).map(\.target))
        let pages = Repository.texts.map(\.path).filter {
            $0.hasPrefix("Docs/decisions/") && $0 != index.path
        }
        #expect(!pages.isEmpty)
        for page in pages {
            let name = page.split(separator: "/").last.map(String.init) ?? ""
            #expect(linked.contains(name), "\(page)")
        }
    }

    @Test("Code blocks and links are found where they are")
    func samples() {
        let file = SourceFile(
            path: "a.md",
            text: """
                See [one](x/one.md), [two](two.md#part),
                and `[no](code.md)`, [far](https://a.example/b).
                ```swift
                let a = [1](2)
                ```
                ```sh
                [no](link.md)
                ```
                [here](#part)
                """)
        #expect(Documents.codeBlocks(file, language: "swift") == [["let a = [1](2)"]])
        #expect(Documents.relativeLinks(file).map(\.target) == ["x/one.md", "two.md"])
        #expect(Documents.relativeLinks(file).map(\.line) == [0, 0])
    }
}

/// Reads Markdown, as far as the rules need it.
enum Documents {
    /// The version in the first line of a manifest.
    static func toolsVersion(_ manifest: String) -> String? {
        let opening = "// swift-tools-version: "
        return manifest.hasPrefix(opening)
            ? manifest.dropFirst(opening.count).split(separator: "\n").first.map(String.init) : nil
    }

    /// The lines of each fenced block of `language`.
    static func codeBlocks(_ file: SourceFile, language: String) -> [[String]] {
        var blocks: [[String]] = []
        var isInside = false
        for line in file.lines {
            if isInside, line == "```" {
                isInside = false
            } else if isInside {
                blocks[blocks.count - 1].append(line)
            } else if line == "```" + language {
                isInside = true
                blocks.append([])
            }
        }
        return blocks
    }

    /// The files that a document links to, without the part behind `#`, by line index.
    static func relativeLinks(_ file: SourceFile) -> [(line: Int, target: String)] {
        var found: [(line: Int, target: String)] = []
        var isCode = false
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode else { continue }
            // Every other part between back quotes is code.
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            let prose = stride(from: 0, to: parts.count, by: 2).map { parts[$0] }.joined()
            var rest = prose[...]
            while let range = rest.range(of: "](") {
                rest = rest[range.upperBound...]
                let target = rest.prefix { $0 != ")" && $0 != "#" && $0 != " " }
                if !target.isEmpty, !target.contains(":") {
                    found.append((index, String(target)))
                }
            }
        }
        return found
    }
}
