import FoundationEssentials
import Testing

/// Every guard of the code has its line in the model, and every guard of the model one in the code.
@Suite struct GuardTableTests {
    private static let pages = Repository.texts.filter {
        $0.path.hasPrefix("Specs/") && $0.path.hasSuffix("/Guards.md")
    }

    /// The files that `page` links, by their ending.
    private static func linked(_ page: SourceFile, _ ending: String) throws -> [SourceFile] {
        let directory = Repository.root.appending(path: page.path).deletingLastPathComponent()
        let root = Repository.root.path
        return try Documents.relativeLinks(page).map(\.target).filter { $0.hasSuffix(ending) }
            .map { target in
                let path = directory.appending(path: target).standardized.path
                let relative = String(
                    path.dropFirst(root.hasSuffix("/") ? root.count : root.count + 1))
                return try #require(
                    Repository.texts.first { $0.path == relative }, "\(page.path): \(target)")
            }
    }

    @Test("Every table of guards names each guard of the code and of the model, and no other")
    func tables() throws {
        #expect(!Self.pages.isEmpty)
        for page in Self.pages {
            let findings = GuardTable(page).findings(
                code: try Self.linked(page, ".swift"), models: try Self.linked(page, ".tla"))
            for finding in findings { Issue.record("\(finding)") }
        }
    }

    @Test("Every protocol's checks stand in a table")
    func everyProtocol() throws {
        let linked = try Self.pages.flatMap { try Self.linked($0, ".swift") }.map(\.path)
        for file in Repository.sources where file.target?.hasPrefix("Protocol") == true {
            guard !GuardTable.guards(file).isEmpty else { continue }
            // Rules without an enum of checks are not held against a model yet.
            guard GuardTable.guards(file).contains(where: { $0.contains("Check.") }) else {
                continue
            }
            #expect(linked.contains(file.path), "\(file.path) stands in no table of guards")
        }
    }

    private static let code = SourceFile(
        path: "A.swift",
        text: """
            public enum SampleCheck: CaseIterable, Sendable {
                /// Of `case other`.
                case viewOfVote
                case chain, epoch
            }

            public protocol SampleRules: Sendable {
                func mayVote(in view: View) -> Bool
                func lock(_ view: View) -> View
                func lock(_ other: Height) -> View
                func holds(_ check: SampleCheck, _ condition: Bool) -> Bool
            }

            extension SampleRules {
                func unrelated() {}
            }
            """)

    private static let model = SourceFile(
        path: "A.tla", text: "Vote(r) ==\n    /\\ view = 1   \\* G1\n    /\\ TRUE   \\* G22: why\n")

    private static func page(_ rows: String...) -> GuardTable {
        GuardTable(
            SourceFile(
                path: "Specs/A/Guards.md",
                text: (["| Code | Model | |", "|---|---|---|"] + rows).joined(separator: "\n")))
    }

    @Test("The guards of code and model are found where they are")
    func guards() {
        #expect(
            GuardTable.guards(Self.code) == [
                "SampleCheck.viewOfVote", "SampleCheck.chain", "SampleCheck.epoch",
                "SampleRules.mayVote", "SampleRules.lock",
            ])
        #expect(GuardTable.labels(Self.model) == ["G1", "G22"])
    }

    @Test("A table that leaves a guard out, invents one or gives no reason is found")
    func samples() {
        let vote = "| `SampleCheck.viewOfVote`, `SampleRules.mayVote` | `G1` | x |"
        let lock = "| `SampleRules.lock` | `G22` | x |"
        let rest = "| `SampleCheck.chain`, `SampleCheck.epoch` | none: the model has one chain | |"
        func findings(_ table: GuardTable) -> [String] {
            table.findings(code: [Self.code], models: [Self.model]).map(\.message)
        }
        #expect(findings(Self.page(vote, lock, rest)).isEmpty)
        #expect(
            findings(Self.page(vote, lock)) == [
                "SampleCheck.chain does not stand in just one row",
                "SampleCheck.epoch does not stand in just one row",
            ])
        #expect(
            findings(Self.page(vote, lock, rest, lock))
                == ["SampleRules.lock does not stand in just one row"])
        #expect(
            findings(Self.page(vote, rest, "| `SampleRules.lock` | none: | |")) == [
                "neither a name nor a reason: none:", "G22 stands in no row",
            ])
        #expect(
            findings(Self.page(vote, lock, rest, "| `SampleCheck.gone` | `G3` | |"))
                == ["there is no SampleCheck.gone", "there is no G3"])
        #expect(findings(Self.page()).count == 8)
    }
}
