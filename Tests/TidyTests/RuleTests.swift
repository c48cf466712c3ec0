import Testing

/// Every rule, held against samples that break it: a rule that finds nothing is no rule.
@Suite struct RuleTests {
    private func file(_ path: String, _ lines: String...) -> SourceFile {
        SourceFile(path: path, text: lines.joined(separator: "\n") + "\n")
    }

    @Test("Comments and strings are no code, but what is interpolated into a string is")
    func scanning() {
        let source = file(
            "a.swift", "let a = \"Mutex // \\(Double(1)) \\\" /*\" // Glibc",
            "/* Float /* nested */ Float */ let b = #\"\\(Float) \"Float\"# + c",
            "let d = \"\"\"", "    async \"quoted\" { ", "    \"\"\"", "e()")
        let code = source.code.joined(separator: "\n")
        #expect(source.code.count == source.lines.count)
        for word in ["Mutex", "Glibc", "Float", "async", "{", "//"] {
            #expect(!code.contains(word), "\(word) is no code")
        }
        for word in ["Double(1)", "let b", "+ c", "e()"] { #expect(code.contains(word)) }
    }

    @Test("An import that the row does not name is found, however it is written")
    func imports() {
        let source = file(
            "Sources/BFTCore/A.swift", "import BFTBase", "public import Glibc",
            "@_spi(X) @preconcurrency import BFTNode", "import struct BFTServer.Metrics",
            "    import BFTWire.Reader", "// import Commented", "let importance = 1")
        let findings = LayeringRules.imports(source, allowed: ["BFTBase"])
        #expect(findings.map(\.line) == [2, 3, 4, 5])
        #expect(findings.first?.message.contains("Glibc") == true)
    }

    @Test("Verified values made outside the listed files are found")
    func verification() {
        let lines = "@_spi(Verification) import BFTBase"
        #expect(LayeringRules.verification(file("Sources/BFTNode/A.swift", lines)).count == 1)
        #expect(LayeringRules.verification(file("Sources/BFTLedger/A.swift", lines)).count == 1)
        #expect(LayeringRules.verification(file("Sources/BFTCrypto/A.swift", lines)).isEmpty)
        let allowed = file("Sources/BFTLedger/Replica/Replica.swift", lines)
        #expect(LayeringRules.verification(allowed).isEmpty)
    }

    @Test("A manifest that departs from the table is found in every direction")
    func manifest() {
        let text = """
            let package = Package(
                targets: [
                    .target(name: "A", dependencies: ["B", "C"], swiftSettings: pure),
                    .target(name: "B", swiftSettings: common),
                    .systemLibrary(name: "C", providers: [.apt(["libc-dev"])]),
                    .executableTarget(
                        name: "D",
                        dependencies: [
                            "A",
                        ]),
                    .testTarget(name: "ATests", dependencies: ["A", "D"]),
                ])
            """
        let declared = DeclaredTarget.all(inManifest: text)
        #expect(declared.map(\.name) == ["A", "ATests", "B", "C", "D"])
        #expect(declared[0].dependencies == ["B", "C"])
        #expect(declared[3].dependencies.isEmpty)
        #expect(declared[4].dependencies == ["A"])
        let right = [
            TargetRow("A", .decides, "B", "C"), TargetRow("B", .acts, "Glibc"),
            TargetRow("C", .binds), TargetRow("D", .acts, "A"),
        ]
        #expect(LayeringRules.manifest(declared, against: right).isEmpty)
        let wrong = [
            TargetRow("A", .decides, "B", "Glibc"), TargetRow("B", .decides, "C"),
            TargetRow("C", .binds), TargetRow("E", .acts),
        ]
        #expect(
            LayeringRules.manifest(declared, against: wrong) == [
                "D is a target, and the table does not list it",
                "A depends on C, and its row does not name it",
                "A decides, and its row names Glibc",
                "B may import C, and the package does not say so",
                "B decides, and is not compiled with 'pure'",
                "E is in the table, and no target of the package",
            ])
    }

    @Test("A way to what not every system has is found, however long")
    func portability() {
        let table = [
            TargetRow("A", .decides, "B"), TargetRow("B", .acts, "C", "D"),
            TargetRow("C", .acts, "Glibc"), TargetRow("D", .acts, "Synchronization"),
        ]
        #expect(LayeringRules.portability(["D"], in: table).isEmpty)
        #expect(
            LayeringRules.portability(["A", "D"], in: table) == ["A -> B -> C -> Glibc"])
    }

    @Test("A target with the name of somebody else's module is found, whatever its case")
    func foreignModules() {
        let text = """
            let package = Package(
                targets: [
                    .target(name: "metrics"),
                    .target(name: "BFTLogging"),
                    .executableTarget(name: "Logging"),
                    .systemLibrary(name: "Crypto"),
                ])
            """
        let findings = ForeignModules.collisions(DeclaredTarget.all(inManifest: text))
        #expect(
            findings == [
                "Crypto is a module of apple/swift-crypto, too",
                "Logging is a module of apple/swift-log, too",
                "metrics is a module of apple/swift-metrics, too",
            ])
    }

    @Test("Whoever reaches into a ledger is found, and who tells or asks it is not")
    func ledgerParts() {
        let lines = "let a = ledger.pool.count + ledger.nextDeadline\nledger.handle(.started)"
        let found = LayeringRules.ledgerParts(file("Sources/BFTLedger/Replica/A.swift", lines))
        #expect(found.map(\.line) == [1] && found.first?.message.contains("pool") == true)
        #expect(LayeringRules.ledgerParts(file("Sources/BFTLedger/Ledger+A.swift", lines)).isEmpty)
        #expect(LayeringRules.ledgerParts(file("Sources/BFTNode/A.swift", lines)).isEmpty)
    }

    @Test("Each banned word of the deciding targets is found as a word, and only so")
    func decidingWords() {
        for word in WordRules.inDecidingTargets {
            let source = file("Sources/BFTCore/A.swift", "let x = \(word.text) y")
            #expect(!WordRules.deciding(source).isEmpty, "\(word.text)")
        }
        let innocent = file(
            "Sources/BFTCore/A.swift", "let asynchronous = DoubleWord(1) // a Mutex",
            "let x = \"await\"", "update(", "floats(Floating())")
        #expect(WordRules.deciding(innocent).isEmpty)
    }

    @Test("A protocol that signs beside its records is found, and the core is not")
    func signing() {
        let lines = ["effects.append(.sign(vote))", "effects.say(vote, recording: record)"]
        let text = lines.joined(separator: "\n")
        for target in ["ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff"] {
            let source = SourceFile(path: "Sources/\(target)/A.swift", text: text)
            #expect(WordRules.deciding(source).map(\.line) == [1])
        }
        let core = SourceFile(path: "Sources/BFTCore/A.swift", text: text)
        #expect(WordRules.deciding(core).isEmpty)
    }

    @Test("An invariant's name that is taken, unknown or another target's is found")
    func invariants() {
        let core = file("Sources/Core/A.swift", "/// - Invariant C1: so it is.", "// C1, not v-C7.")
        func findings(_ others: SourceFile...) -> [String] {
            InvariantRule.findings([core] + others) { $0 == "Upper" ? ["Core"] : [] }
                .map { "\($0.line) \($0.message)" }
        }
        #expect(findings().isEmpty)
        #expect(
            findings(file("Sources/Upper/B.swift", "", "/// - Invariant C1: another."))
                .contains("2 C1 is an invariant of Core, too"))
        #expect(
            findings(file("Sources/Upper/B.swift", "\"C1: broken\"", "UTF8, C10x, E9, C_1"))
                == [])
        #expect(
            findings(file("Sources/Upper/B.swift", "// C2"))
                == ["1 C2 is no invariant that it can know"])
        #expect(
            findings(file("Sources/Other/B.swift", "// C1"))
                == ["1 C1 is no invariant that it can know"])
        #expect(
            findings(file("Sources/Upper/U.docc/U.md", "- **C1** so it is."))
                == ["1 C1 is no invariant of Upper"])
    }

    @Test("A package type in the deciding targets is found; package functions are not")
    func packageTypes() {
        let source = file(
            "Sources/BFTLedger/A.swift", "package struct Budget {",
            "    package final class Box {}", "final package class Room {}",
            "package indirect enum Way {", "package func f() {}", "public struct Plain {}",
            "// package struct Words", "package var size: Int { 0 }")
        #expect(WordRules.deciding(source).map(\.line) == [1, 2, 3, 4])
    }

    @Test("A random choice without a seeded generator is found")
    func randomness() {
        let source = file(
            "Sources/BFTCore/A.swift", "let a = Int.random(in: 0..<f(3))",
            "let b = Int.random(in: 0..<f(3), using: &random)", "let c = Int.random(",
            "    in: 0..<3,", "    using: &random)", "list.shuffle()")
        #expect(WordRules.deciding(source).map(\.line) == [1, 6])
    }

    @Test("Unfinished work, ignored errors and prints are found, in comments too")
    func generalWords() {
        for word in WordRules.unfinished {
            let source = file("Sources/BFTNode/A.swift", "// \(word): later")
            #expect(WordRules.general(source).count == 1, "\(word)")
        }
        for word in WordRules.dialect {
            let source = file(
                "Sources/BFTNode/A.swift", "log.\(word.text)()", "log.\(word.text)Later()")
            #expect(WordRules.general(source).map(\.line) == [1], "\(word.text)")
        }
        let source = file(
            "Sources/BFTNode/A.swift", "let a = try! f()", "fatalError(\"no\")", "print(a)",
            "console.print(a)", "let template = \"bft-XXXXXX\"", "blueprint(a)")
        #expect(WordRules.general(source).map(\.line) == [1, 2, 3])
        let command = file("Sources/BFTCommands/A.swift", "print(a)")
        #expect(WordRules.general(command).isEmpty)
    }

    @Test("Walks in hash order are found; look-ups and sorted walks are not")
    func hashOrder() {
        let source = file(
            "Sources/BFTCore/A.swift", "var votes: [Digest: [Vote]] = [:]",
            "private let names: Set<String>", "let made = [Int: (a: Int, b: Int)]()",
            "let list: [(key: Int, value: Int)] = []", "for vote in votes {", "for v in votes[d] {",
            "names.forEach { f($0) }", "let k = votes.keys.sorted()", "return made.values",
            "for x in list {", "votes[d] = nil", "if names.contains(n) {}",
            "let kept = votes.filter { $0 }", "for name in names where f(name) {")
        #expect(HashOrderRule.unorderedNames(source) == ["votes", "names", "made"])
        #expect(HashOrderRule.findings([source]).map(\.line) == [5, 7, 9, 13, 14])
    }

    @Test("Lines, files and functions beyond their limits are found")
    func sizes() {
        let long = String(repeating: "é", count: SizeRules.columns)
        #expect(SizeRules.longLines(file("a.swift", long)).isEmpty)
        #expect(SizeRules.longLines(file("a.swift", "", long + "x")).map(\.line) == [2])
        let lines = file("a.swift", "1", "2", "3")
        #expect(SizeRules.longFile(lines, limit: 3).isEmpty)
        #expect(SizeRules.longFile(lines, limit: 2).count == 1)
        for opening in [
            "func f() {", "    private static func f<T>(_ g: () -> Void = {}) -> [T] {",
            "init?() {",
            "public init(\n    a: Int, b: () -> Void = { }\n) throws {", "var f: Int {",
            "@Test(\"A sentence (so)\") func f() {", "func f()\n    -> Int\nwhere A: B {",
            "public subscript(i: Int) -> Int {",
        ] {
            let body = String(repeating: "    if a { b() }\n", count: SizeRules.functionLines)
            let source = SourceFile(path: "a.swift", text: "\(opening)\n\(body)}\n")
            #expect(SizeRules.longFunctions(source).count == 1, "\(opening)")
        }
    }

    @Test("An adversary that shares its file or is too long is found")
    func adversaries() {
        let one = "public struct A<P: Attackable>: Adversary {\n}\n"
        let padding = String(repeating: "// why\n", count: SizeRules.adversaryFileLines - 2)
        func findings(_ text: String) -> [Int] {
            SizeRules.adversaries(SourceFile(path: "a.swift", text: text)).map(\.line)
        }
        #expect(findings(padding + one).isEmpty)
        #expect(findings(padding + padding).isEmpty)
        #expect(findings(one + padding + "\n") == [1])
        #expect(findings(one + one) == [3])
    }

    @Test("The length of a function counts from its name to its last brace")
    func functionLengths() {
        let source = file(
            "a.swift", "protocol P {", "    func required()", "    init(a: Int)", "}",
            "struct S {", "    func one() { a() }", "    func three(", "    ) { \"}\" }",
            "    let call = f.init()", "    func four() {", "        { $0 }", "        // }",
            "    }", "}")
        #expect(
            SizeRules.functions(source) == [
                .init(name: "one", start: 5, lineCount: 1),
                .init(name: "three", start: 6, lineCount: 2),
                .init(name: "four", start: 9, lineCount: 4),
            ])
    }

    @Test("Absolute paths of somebody's machine are found; relative paths and addresses are not")
    func paths() {
        for directory in PathRule.directories {
            for before in ["", "see ", "\"", "(", "=", "file://"] {
                let source = file("a.md", "x", "\(before)\(directory)x")
                let expected = before == "file://" ? [] : [2]
                #expect(PathRule.findings(source).map(\.line) == expected, "\(before)\(directory)")
            }
            let innocent = file("a.md", "https://a.example\(directory)x", "..\(directory)x")
            #expect(PathRule.findings(innocent).isEmpty)
        }
    }
}
