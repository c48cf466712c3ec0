import BFTTestKit
import FoundationEssentials
import Testing

extension ProcessTests {
    /// What a program sees that imports the library: asked of the compiler.
    @Suite struct EmbedderTests {
        /// The whole interface of the library, to be changed with care.
        static let names: Set = [
            // The validator, and what it is told.
            "BlockVerifier", "ChainParameters", "ConfigurationError", "ConsensusSettings",
            "Endpoint", "Genesis", "GenesisError", "GenesisValidator", "HTTPSettings", "KeyFile",
            "KeyFileError", "LimitSettings", "NetworkSettings", "Node", "NodeConfiguration",
            "NodeFailure", "NodeHome", "NodeOpeningError", "ProtocolName", "PublicKey",
            "QueryAnswer", "RESPSettings", "Receipt", "RequestError", "SignatureSchemeID",
            "SignatureSchemeName", "SigningKey",
            // The protocols that it may run.
            "ConsensusProtocol", "HotStuff", "HotStuff2", "PBFT", "Simplex",
            // What an application is, and the one that is built in.
            "Application", "ApplicationError", "BlockContext", "CommandArguments", "CommandList",
            "CommandReader", "CommandRule", "CommandTable", "KeyValueStore", "Reply",
            "ResultWriter",
            "StateProof", "StateSink", "StateSource",
            // What blocks and answers are made of.
            "Batch", "Block", "Certificate", "CommitCertificate", "Digest", "Height", "Timestamp",
            "ValidatorIndex", "View",
        ]

        @Test("A program that imports BFT sees the names of this list, and no other of the package")
        func namesInScope() throws {
            let declared = try Declarations.publicTypes()
            #expect(declared.isSuperset(of: Self.names) && declared.count > 2 * Self.names.count)
            guard let compiler = Program.installed("swiftc") else { return }
            let directory = try TemporaryDirectory()
            let seen = try declared.subtracting(missing(declared, compiler, directory))
            #expect(seen.sorted() == Self.names.sorted())
        }

        /// Those of `names` that a program can't name.
        private func missing(
            _ names: Set<String>, _ compiler: Program, _ directory: TemporaryDirectory
        ) throws -> Set<String> {
            let program = directory.path("program.swift")
            let uses = names.sorted().enumerated().map {
                "typealias Use\($0.offset) = \($0.element)"
            }
            try directory.write("import BFT\n" + uses.joined(separator: "\n") + "\n", to: program)
            let outcome = try compiler.run(
                Declarations.flags + ["-typecheck", program], in: directory, within: .seconds(120))
            let prefix = "error: cannot find type '"
            var missing: Set<String> = []
            for line in outcome.output.split(separator: "\n") where line.contains("error:") {
                guard let start = line.firstRange(of: prefix) else {
                    throw Failure("the compiler says: \(line)")
                }
                missing.insert(String(line[start.upperBound...].prefix { $0 != "'" }))
            }
            return missing
        }
    }
}

/// The library as it lies in the sources and where it was built.
private enum Declarations {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized

    private static let kinds: Set<Substring> = [
        "struct", "enum", "class", "protocol", "actor", "typealias",
    ]

    /// The types that any source declares as public, outside of others.
    static func publicTypes() throws -> Set<String> {
        let sources = root.appending(path: "Sources").path
        var found: Set<String> = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: sources)
        where name.hasSuffix(".swift") {
            let text = FileManager.default.contents(atPath: "\(sources)/\(name)") ?? Data()
            for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
                let words = line.split(separator: " ").drop { $0.hasPrefix("@") }
                guard line.first != " ", words.first == "public",
                    let kind = words.firstIndex(where: { kinds.contains($0) }),
                    kind < words.index(words.startIndex, offsetBy: 3), kind + 1 < words.endIndex
                else { continue }
                let type = words[kind + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                found.insert(String(type))
            }
        }
        return found
    }

    /// Where the compiler finds the modules, and those in C that they need.
    static var flags: [String] {
        let built = Program.productDirectory
        let sources = root.appending(path: "Sources").path
        var maps: [String] = []
        for (directory, ending) in [(built, ".build"), (sources, "")] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            for name in names.sorted() where name.hasPrefix("C") && name.hasSuffix(ending) {
                for place in ["module.modulemap", "include/module.modulemap"] {
                    let map = "\(directory)/\(name)/\(place)"
                    if FileManager.default.fileExists(atPath: map) { maps.append(map) }
                }
            }
        }
        return ["-swift-version", "6", "-enable-upcoming-feature", "MemberImportVisibility"]
            + ["-I", "\(built)/Modules"]
            + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
    }
}
