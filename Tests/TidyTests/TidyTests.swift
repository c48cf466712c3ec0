import FoundationEssentials
import Testing

/// The rules, held against the repository.
@Suite struct TidyTests {
    private func expectNone(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }

    private static var manifest: String {
        get throws {
            let path = Repository.root.appending(path: "Package.swift")
            return String(decoding: try Data(contentsOf: path), as: UTF8.self)
        }
    }

    private static let deciding = Repository.sources.filter { file in
        file.target.flatMap(Architecture.row)?.role == .decides
    }

    @Test("Every target imports only what its row of the table names")
    func imports() {
        #expect(!Repository.sources.isEmpty)
        for file in Repository.sources {
            let allowed = file.target.flatMap(Architecture.row)?.imports ?? []
            expectNone(LayeringRules.imports(file, allowed: allowed))
        }
    }

    @Test("Every directory of Sources and Examples is a row of the table")
    func everyTargetIsListed() throws {
        let directories = try Repository.targetDirectories.flatMap {
            try FileManager.default.contentsOfDirectory(
                atPath: Repository.root.appending(path: $0).path)
        }
        let rows = Architecture.table.map(\.name).filter { !Architecture.testKits.contains($0) }
        #expect(directories.sorted() == rows.sorted())
    }

    @Test("What decides and the simulator reach nothing that not every system has")
    func portability() {
        #expect(Architecture.portable.contains("BFTLedger"))
        for way in LayeringRules.portability(Architecture.portable, in: Architecture.table) {
            Issue.record("\(way)")
        }
    }

    @Test("Nobody but a ledger uses its parts")
    func ledgerParts() {
        for file in Repository.sources { expectNone(LayeringRules.ledgerParts(file)) }
    }

    @Test("The package's dependencies agree with the table")
    func manifestAgrees() throws {
        let declared = DeclaredTarget.all(inManifest: try Self.manifest)
        for finding in LayeringRules.manifest(declared, against: Architecture.table) {
            Issue.record("Package.swift: \(finding)")
        }
    }

    @Test("No target has the name of a module that its users have from elsewhere")
    func foreignModules() throws {
        let declared = DeclaredTarget.all(inManifest: try Self.manifest)
        #expect(!declared.isEmpty)
        for finding in ForeignModules.collisions(declared) {
            Issue.record("Package.swift: \(finding)")
        }
    }

    @Test("What is usable alone is compiled without unsafe flags")
    func primitives() throws {
        let declared = DeclaredTarget.all(inManifest: try Self.manifest)
        #expect(declared.contains { $0.name == "BFTCore" && $0.hasUnsafeFlags })
        for name in ["BLAKE3", "CBLAKE3Kernels", "CPostQuantumKernels", "PostQuantum"] {
            #expect(declared.contains { $0.name == name && !$0.hasUnsafeFlags }, "\(name)")
        }
    }

    @Test("Every directory of Tests is a test target, but for what they have in common")
    func everyTestTargetIsDeclared() throws {
        let declared = DeclaredTarget.all(inManifest: try Self.manifest)
            .filter { $0.kind == .test }
        let directories = try FileManager.default.contentsOfDirectory(
            atPath: Repository.root.appending(path: "Tests").path)
        let names = declared.map(\.name) + Architecture.testKits
        #expect(directories.sorted() == names.sorted())
    }

    @Test("Only what checks signatures can make verified messages")
    func verification() {
        for file in Repository.sources { expectNone(LayeringRules.verification(file)) }
    }

    @Test("The targets that decide use no clock, randomness, I/O, floating point or concurrency")
    func decidingWords() {
        #expect(!Self.deciding.isEmpty)
        for file in Self.deciding { expectNone(WordRules.deciding(file)) }
    }

    @Test("The targets that decide never walk a dictionary or a set")
    func hashOrder() {
        for row in Architecture.table where row.role == .decides {
            expectNone(HashOrderRule.findings(Self.deciding.filter { $0.target == row.name }))
        }
    }

    @Test("No source is unfinished, ignores errors or prints")
    func words() {
        for file in Repository.sources { expectNone(WordRules.general(file)) }
    }

    @Test("Every invariant has a name of its own, and every name is that of an invariant")
    func invariants() {
        let files = Repository.texts.filter {
            $0.target != nil && ($0.path.hasSuffix(".swift") || $0.path.hasSuffix(".md"))
        }
        expectNone(
            InvariantRule.findings(files) { Architecture.row($0)?.imports ?? [] })
    }

    @Test("Files, functions and lines keep to their limits")
    func sizes() {
        for file in Repository.swiftFiles {
            let decides = file.target.flatMap(Architecture.row)?.role == .decides
            let limit = decides ? SizeRules.decidingFileLines : SizeRules.fileLines
            expectNone(SizeRules.longLines(file))
            expectNone(SizeRules.longFile(file, limit: limit))
            expectNone(SizeRules.longFunctions(file))
        }
    }

    @Test("An adversary of the simulator takes a file of at most 60 lines")
    func adversaries() {
        let simulator = Repository.sources.filter { $0.target == "BFTSimulator" }
        #expect(!simulator.isEmpty)
        for file in simulator { expectNone(SizeRules.adversaries(file)) }
    }

    @Test("No text names a path of one machine")
    func paths() {
        for file in Repository.texts { expectNone(PathRule.findings(file)) }
    }
}
