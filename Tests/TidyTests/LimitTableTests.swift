import Testing

/// Every limit has a test that takes it to its edge, or a reason why it has none.
@Suite struct LimitTableTests {
    @Test("The table of limits names each limit, and tests that there are")
    func table() throws {
        let page = try #require(Repository.texts.first { $0.path == "Docs/limits.md" })
        let tests = Repository.swiftFiles.filter { $0.path.hasPrefix("Tests/") }
        for finding in LimitTable(page).findings(sources: Repository.sources, tests: tests) {
            Issue.record("\(finding)")
        }
    }

    private static let code = SourceFile(
        path: "Sources/A/SampleLimits.swift",
        text: """
            public struct SampleLimits {
                /// In one block: 7.
                public var blockBytes = 7
                public static let most = 9
                var both: Int { blockBytes + other }
                func sum() {
                    let inner = 1
                }
            }
            struct Other {
                var unrelated = 1
            }
            """)

    private static let test = SourceFile(
        path: "Tests/A/ATests.swift",
        text: """
            @Test("One, and no more")
            func one() {}
            @Test(
                "Two", arguments: [1])
            func two() {}
            """)

    private static func findings(_ rows: String...) -> [String] {
        let page = SourceFile(
            path: "Docs/limits.md",
            text: (["| Limit | Tests |", "|---|---|"] + rows).joined(separator: "\n"))
        return LimitTable(page).findings(sources: [code], tests: [test]).map(\.message)
    }

    @Test("Limits and titles are found where they are")
    func finding() {
        #expect(LimitTable.limits(Self.code) == ["SampleLimits.blockBytes", "SampleLimits.most"])
        #expect(LimitTable.titles(Self.test) == ["One, and no more", "Two"])
    }

    @Test("A table that forgets a limit, or names one or a test that there is not, is found")
    func wrongTables() {
        let (first, second) = (
            "| `SampleLimits.blockBytes` | \"One, and no more\", \"Two\" |",
            "| `SampleLimits.most` | none: nobody ever asks for it |"
        )
        #expect(Self.findings(first, second) == [])
        #expect(
            Self.findings(first) == ["SampleLimits.most does not stand in just one row"])
        #expect(
            Self.findings(first, second, second)
                == ["SampleLimits.most does not stand in just one row"])
        #expect(
            Self.findings(first, second, "| `SampleLimits.gone` | \"Two\" |")
                == ["there is no SampleLimits.gone"])
        #expect(
            Self.findings(first, "| `SampleLimits.most` | \"Three\" |")
                == ["there is no test \"Three\""])
        #expect(Self.findings(first, "| `SampleLimits.most` | none: so |") == ["gives no reason"])
        #expect(Self.findings(first, "| `SampleLimits.most` | somewhere |") == ["names no test"])
    }
}
