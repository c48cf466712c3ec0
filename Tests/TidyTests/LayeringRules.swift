/// Who imports whom.
enum LayeringRules {
    /// The imports of a file that its target's row does not allow.
    static func imports(_ file: SourceFile, allowed: Set<String>) -> [Finding] {
        file.code.indices.compactMap { index in
            guard let module = importedModule(file.code[index]), !allowed.contains(module) else {
                return nil
            }
            return file.finding(index, "imports \(module), and its row does not name it")
        }
    }

    /// The module that a line imports.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ")[...]
        while let word = words.first, word.hasPrefix("@") || accessLevels.contains(String(word)) {
            words.removeFirst()
        }
        guard words.popFirst() == "import", let first = words.popFirst() else { return nil }
        // `import struct Module.Type` names the module second.
        let path = importKinds.contains(String(first)) ? words.first ?? first : first
        return path.split(separator: ".").first.map(String.init)
    }

    private static let accessLevels: Set = [
        "public", "package", "internal", "fileprivate", "private",
    ]
    private static let importKinds: Set = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]

    /// Imports that let a file make `Verified` values.
    static func verification(_ file: SourceFile) -> [Finding] {
        if file.target == "BFTCrypto" || file.target == "BFTSimulator" { return [] }
        if Architecture.verifyingFiles.contains(file.path) { return [] }
        return file.code.indices.compactMap { index in
            let line = file.code[index]
            guard line.contains("@_spi(Verification)"), importedModule(line) != nil else {
                return nil
            }
            return file.finding(index, "only what checks signatures may make Verified values")
        }
    }

    /// How the targets called `names` reach what not every system has, by whatever way.
    static func portability(_ names: [String], in table: [TargetRow]) -> [String] {
        names.flatMap { name in
            var reached: Set = [name]
            var ways = [[name]]
            var findings: [String] = []
            while let way = ways.popLast() {
                let row = table.first { $0.name == way.last }
                for module in (row?.imports ?? []).sorted() where reached.insert(module).inserted {
                    if Architecture.machineModules.contains(module) {
                        findings.append((way + [module]).joined(separator: " -> "))
                    } else {
                        ways.append(way + [module])
                    }
                }
            }
            return findings
        }
    }

    /// Where a manifest and the table disagree.
    static func manifest(
        _ declared: [DeclaredTarget], against table: [TargetRow]
    ) -> [String] {
        let products = declared.filter { $0.kind != .test }
        var findings: [String] = []
        for target in products where !table.contains(where: { $0.name == target.name }) {
            findings.append("\(target.name) is a target, and the table does not list it")
        }
        for row in table {
            guard let target = products.first(where: { $0.name == row.name }) else {
                findings.append("\(row.name) is in the table, and no target of the package")
                continue
            }
            let allowed = row.imports.subtracting(Architecture.systemModules)
            for name in target.dependencies.subtracting(allowed).sorted() {
                findings.append("\(row.name) depends on \(name), and its row does not name it")
            }
            for name in allowed.subtracting(target.dependencies).sorted() {
                findings.append("\(row.name) may import \(name), and the package does not say so")
            }
            if row.role == .decides {
                for name in row.imports.intersection(Architecture.systemModules).sorted() {
                    findings.append("\(row.name) decides, and its row names \(name)")
                }
                if !target.isStrictlySafe {
                    findings.append("\(row.name) decides, and is not compiled with 'pure'")
                }
            }
        }
        return findings
    }

    /// What a replica may use of its ledger: a ledger is told things and asked questions, and its
    /// parts are for its own files. Swift has nothing between private to a file and open to all.
    static let ledgerNames: Set<Substring> = [
        "handle", "settle", "reportWork", "hasNews", "configuration", "nextDeadline",
        "committedHead",
        "headCertificate", "executedHeight", "pendingByteCount", "isCatchingUp",
        "nextOwnSequence", "hasRoom", "check", "isUseful", "isProved", "liveRuns", "liveBatches",
    ]

    /// Hands of others in the pockets of a ledger.
    static func ledgerParts(_ file: SourceFile) -> [Finding] {
        let name = file.path.split(separator: "/").last ?? ""
        guard file.target == "BFTLedger", !name.hasPrefix("Ledger") else { return [] }
        return file.code.enumerated().flatMap { index, line in
            line.matches(of: /\bledger\.(\w+)/).filter { !ledgerNames.contains($0.output.1) }
                .map { file.finding(index, "'ledger.\($0.output.1)' is the ledger's own") }
        }
    }
}
