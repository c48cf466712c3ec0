import BFTBase
import BFTLogging
import FoundationEssentials
import Testing

@testable import BFTConfiguration

private func problems(_ text: String, _ genesis: Genesis? = nil) -> [ConfigurationProblem] {
    do throws(ConfigurationError) {
        _ = try HomeSettings(toml: Array(text.utf8), file: "node.toml", genesis: genesis)
        return []
    } catch {
        return error.problems
    }
}

private let genesis = Genesis(
    chainID: "test", genesisTime: Timestamp(milliseconds: 0), protocolName: .simplex,
    scheme: .ed25519,
    validators: (0..<3).map {
        GenesisValidator(
            name: "node\($0)", power: 1, publicKey: [UInt8](repeating: UInt8($0), count: 32),
            peerAddress: Endpoint(host: "127.0.0.1", port: UInt16(7400 + $0)))
    }, parameters: smallBlocks)

private var smallBlocks: ChainParameters {
    var parameters = ChainParameters()
    parameters.maxBlockBytes = 1 << 20
    return parameters
}

@Suite struct HomeSettingsTests {
    @Test("An empty file reads as the defaults")
    func defaults() throws {
        #expect(try HomeSettings(toml: [], file: "node.toml") == HomeSettings())
    }

    @Test("The template says what it was made from, for the defaults and for other values")
    func template() throws {
        var settings = HomeSettings()
        #expect(
            try HomeSettings(toml: Array(settings.toml.utf8), file: "t") == settings)
        settings.node.name = "node\u{7F}x".filter { $0 != "\u{7F}" }
        settings.node.index = 3
        settings.node.dataDirectory = "a \"quoted\\ path\u{1}\n"
        settings.network.peers = [
            "b.c": Endpoint(host: "::1", port: 2), "a": Endpoint(host: "x", port: 1),
        ]
        settings.consensus.algorithm = .simplex
        settings.consensus.finalityTimeoutMilliseconds = 500
        settings.consensus.maxPendingBatches = 300
        settings.consensus.reportsEquivocation = false
        settings.crypto.signatureAlgorithm = .mlDSA87
        settings.resp.password = "pass\tword"
        settings.resp.enabled = false
        settings.http.listen = Endpoint(host: "0.0.0.0", port: 0)
        settings.log.levels = try LogLevels(parsing: "error,transport=debug")
        settings.log.format = .json
        settings.limits.batchBytes = 8_192
        #expect(
            try HomeSettings(toml: Array(settings.toml.utf8), file: "t") == settings)
    }

    @Test("The keys that earlier designs use are accepted")
    func earlierKeys() throws {
        let text = """
            [consensus]
            algorithm = "bft"
            quorum_threshold = 0.67
            finality_timeout_ms = 500
            max_pending_vertices = 10000
            byzantine_detection_enabled = false

            [crypto]
            signature_algorithm = "ml-dsa-87"
            key_path = "/data/keys"
            """
        let settings = try HomeSettings(toml: Array(text.utf8), file: "node.toml")
        #expect(settings.consensus.algorithm == nil)
        #expect(settings.consensus.finalityTimeoutMilliseconds == 500)
        #expect(settings.consensus.maxPendingBatches == 10_000)
        #expect(!settings.consensus.reportsEquivocation)
        #expect(settings.crypto.signatureAlgorithm == .mlDSA87)
        #expect(settings.crypto.keyPath == "/data/keys")
        for accepted in ["0.667", "0.6667", "0.66667", "0.66", "0.67"] {
            #expect(problems("[consensus]\nquorum_threshold = \(accepted)").isEmpty)
        }
    }

    @Test("A setting has one name in a file: under two it is refused, even if they agree")
    func bothNames() throws {
        for (key, alias, value) in [
            ("max_pending_batches", "max_pending_vertices", "300"),
            ("report_equivocation", "byzantine_detection_enabled", "false"),
        ] {
            var expected = ConsensusSettings()
            if value == "false" {
                expected.reportsEquivocation = false
            } else {
                expected.maxPendingBatches = 300
            }
            for name in [key, alias] {
                let text = "[consensus]\n\(name) = \(value)"
                let settings = try HomeSettings(toml: Array(text.utf8), file: "node.toml")
                #expect(settings.consensus == expected, "\(name)")
            }
            for (first, second) in [(key, alias), (alias, key)] {
                let found = problems("[consensus]\n\(first) = \(value)\n\(second) = \(value)")
                #expect(
                    found == [
                        ConfigurationProblem(
                            at: SourcePosition(line: first == alias ? 2 : 3, column: 1),
                            "consensus.\(alias) is another name of consensus.\(key), and both "
                                + "are here",
                            hint: "leave '\(alias)' out")
                    ])
            }
        }
    }

    @Test("A misspelt key is told the present name, not the earlier one")
    func misspeltAlias() {
        #expect(
            problems("[consensus]\nmax_pending_vertice = 300").map(\.hint)
                == ["did you mean 'max_pending_batches'?"])
    }

    @Test("Every wrong value is reported with its line and column")
    func wrongValues() {
        let cases: [(String, Int, Int, String)] = [
            ("[consensus]\nquorum_threshold = 0.82", 2, 20, "always takes more than 2/3"),
            ("[consensus]\nquorum_threshold = 0.5", 2, 20, "always takes more than 2/3"),
            ("[consensus]\nquorum_threshold = 1", 2, 20, "always takes more than 2/3"),
            ("[consensus]\nquorum_threshold = nan", 2, 20, "always takes more than 2/3"),
            ("[consensus]\nquorum_threshold = \"0.67\"", 2, 20, "should be a number"),
            ("[consensus]\nalgorithm = \"raft\"", 2, 13, "not known"),
            ("[consensus]\nalgorithm = 3", 2, 13, "should be text"),
            ("[consensus]\nfinality_timeout_ms = -1", 2, 23, "out of range"),
            ("[consensus]\nfinality_timeout_ms = 0.5", 2, 23, "should be an integer"),
            ("[consensus]\nmax_pending_batches = 15", 2, 23, "max_pending_batches 15 is out of"),
            ("[consensus]\nmax_pending_vertices = 0", 2, 24, "max_pending_vertices 0 is out of"),
            ("[consensus]\n  report_equivocation = 1", 2, 25, "should be true or false"),
            ("[consensus]\n  byzantine_detection_enabled = 1", 2, 33, "should be true or false"),
            ("[crypto]\nsignature_algorithm = \"RSA\"", 2, 23, "not known"),
            ("[crypto]\nkey_path = \"\"", 2, 12, "is no path"),
            ("[network]\nlisten = \"7400\"", 2, 10, "no host and port"),
            ("[network.peers]\nnode1 = \"x\"", 2, 9, "no host and port"),
            ("[network]\npeers = 1", 2, 9, "should be a table"),
            ("[resp]\nenabled = \"yes\"", 2, 11, "should be true or false"),
            ("[resp]\nmax_clients = 0", 2, 15, "out of range"),
            ("[resp]\npassword = \"\"", 2, 12, "is empty"),
            ("[resp]\nlisten = \"[::1:6400\"", 2, 10, "no host and port"),
            ("[http]\nlisten = 1979-05-27", 2, 10, "is a date"),
            ("[log]\nlevel = \"loud\"", 2, 9, "'loud' is no level"),
            ("[log]\nformat = \"xml\"", 2, 10, "not known"),
            ("[limits]\nrequest_bytes = -1", 2, 17, "out of range"),
            ("[limits]\nmempool_bytes = 1", 2, 17, "out of range"),
            ("[node]\nname = \"a b\"", 2, 8, "is no name"),
            ("[node]\nindex = 5000", 2, 9, "out of range"),
            ("node = 3", 1, 8, "should be a table"),
            ("[[node]]\nname = \"a\"", 1, 1, "should be a table"),
            ("\n\n[node", 3, 6, "not TOML"),
            ("[node]\nname = \"a\"\nname = \"b\"", 3, 8, "not TOML"),
            ("[node]\nname = a", 2, 8, "not TOML"),
            ("[node]\nname = \"ä", 2, 10, "not TOML"),
        ]
        for (text, line, column, message) in cases {
            let found = problems(text)
            #expect(
                found.contains {
                    $0.position == SourcePosition(line: line, column: column)
                        && $0.message.contains(message)
                }, "\(text): \(found)")
            #expect(found.allSatisfy { !$0.hint.isEmpty })
        }
    }

    @Test("An unknown key is refused where it stands, with the key that was meant")
    func unknownKeys() {
        #expect(
            problems("[consensus]\nx = 1\nquorum_treshold = 0.667\n\n[cripto]").map {
                "\($0.position?.line ?? 0):\($0.position?.column ?? 0) \($0.hint.prefix(34))"
            } == [
                "2:1 the keys in consensus are algorith", "3:1 did you mean 'quorum_threshold'?",
                "5:2 did you mean 'crypto'?",
            ])
    }

    @Test("What must agree with the genesis is held against it")
    func againstGenesis() {
        let cases = [
            ("[node]\nname = \"nod1\"", "2:8", "did you mean \"node1\"?"),
            ("[node]\nindex = 3", "2:9", "write 0 to 2"),
            ("[node]\nname = \"node1\"\nindex = 2", "3:9", "leave the index out"),
            ("[node]\ngenesis = \"g\"", "1:1", "add name = \"node0\", or index = 0"),
            (
                "[node]\nindex = 0\n[crypto]\nsignature_algorithm = \"ml-dsa-87\"", "4:23",
                "leave it out, or write \"ed25519\""
            ),
            (
                "[node]\nindex = 0\n[network.peers]\nnode9 = \"x:1\"", "4:1",
                "did you mean 'node0'?"
            ),
            ("[node]\nindex = 0\n[limits]\nbatch_bytes = 2000000", "4:15", "write at most 1048576"),
        ]
        for (text, place, hint) in cases {
            let found = problems(text, genesis)
            #expect(
                found.map { "\($0.position!.line):\($0.position!.column)" } == [place], "\(text)")
            #expect(found.map(\.hint) == [hint])
        }
        #expect(problems("[node]\nname = \"node2\"\nindex = 2", genesis).isEmpty)
    }

    @Test("Bytes that are not TOML are refused, and never trap")
    func hostile() {
        #expect(!problems(String(repeating: "[", count: 100_000)).isEmpty)
        #expect(!problems("a = " + String(repeating: "[", count: 100_000)).isEmpty)
        #expect(!problems(String(repeating: "x", count: HomeSettings.byteLimit + 1)).isEmpty)
        for byte in UInt8.min...UInt8.max {
            _ = problems("# \(byte)")
            _ = try? TOMLReader.read(Array("# a".utf8) + [byte, byte] + Array(" b\nx = 1".utf8))
        }
        let text = Array(HomeSettings().toml.utf8)
        var random = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            var changed = text
            for _ in 0..<4 {
                changed[Int(random.next() % UInt64(changed.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            _ = try? HomeSettings(toml: changed, file: "node.toml", genesis: genesis)
        }
    }

    @Test("The documentation lists every key")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "Docs/operations/configuration.md"), encoding: .utf8)
        for path in HomeSettings.keyPaths {
            #expect(text.contains("`\(path)`"), "\(path) is not documented")
        }
        #expect(HomeSettings.keyPaths.count == 27)
    }

    @Test("A home is loaded, and what is missing in it is named")
    func home() throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "bft-home-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path()
        let error = #expect(throws: ConfigurationError.self) { try NodeHome.load(path) }
        #expect(error?.problems.first?.message.contains("can't be read") == true)
        var settings = HomeSettings()
        settings.node.name = "node1"
        settings.network.peers = ["node2": Endpoint(host: "far", port: 9)]
        try Data(settings.toml.utf8).write(to: directory.appending(path: "node.toml"))
        try Data(genesis.json.utf8).write(to: directory.appending(path: "genesis.json"))
        let home = try NodeHome.load(path)
        #expect(home.validatorIndex == 1)
        #expect(home.peerAddress(of: 2) == Endpoint(host: "far", port: 9))
        #expect(home.peerAddress(of: 0) == Endpoint(host: "127.0.0.1", port: 7400))
        #expect(home.keyFile.hasSuffix("/validator.key"))
    }
}

@Suite struct EndpointTests {
    @Test("An endpoint has one spelling")
    func spelling() {
        for text in ["127.0.0.1:1", "a-b.example:65535", "[::1]:80", "[fe80::1%eth0]:0"] {
            #expect(Endpoint(text)?.description == text)
        }
        for text in [
            "", ":", "a", "a:", ":1", "a:01", "a:+1", "a:65536", "::1:80", "[::1]", "[]:1", "[a]:1",
            "a b:1", "a:1 ", "[::1", "a\u{0}:1", "http://a:1", "ä:1",
        ] {
            #expect(Endpoint(text) == nil, "\(text)")
        }
    }
}

@Suite struct SpellingTests {
    @Test("A near word is found, and a far one is not")
    func near() {
        let words = ["quorum_threshold", "algorithm", "key_path"]
        #expect(Spelling.suggestion(for: "quorum_treshold", among: words) == "quorum_threshold")
        #expect(Spelling.suggestion(for: "Algorihtm", among: words) == "algorithm")
        #expect(Spelling.suggestion(for: "keypath", among: words) == "key_path")
        #expect(Spelling.suggestion(for: "banana", among: words) == nil)
        #expect(Spelling.suggestion(for: "", among: words) == nil)
    }
}
