import BFTLogging

extension HomeSettings {
    /// The settings that the TOML text `bytes` spells. `file` is how complaints name it.
    ///
    /// With a genesis, also holds against it what must agree with it.
    public init(
        toml bytes: [UInt8], file: String, genesis: Genesis? = nil
    ) throws(ConfigurationError) {
        let document: LocatedValue
        do throws(SourceError) {
            document = try TOMLReader.read(bytes)
        } catch {
            throw ConfigurationError(file: file, problems: [error.problem])
        }
        var reader = FieldReader(document, path: "")
        self.init()
        read(&reader, genesis)
        reader.refuseUnknown()
        guard reader.problems.isEmpty else {
            throw ConfigurationError(file: file, problems: reader.problems)
        }
    }

    /// The path of every key of a `node.toml`, such as `consensus.algorithm`.
    public static var keyPaths: [String] {
        let start = SourcePosition(line: 1, column: 1)
        var reader = FieldReader(LocatedValue(.table([]), at: start), path: "")
        var settings = HomeSettings()
        settings.read(&reader, nil)
        return reader.paths
    }

    mutating func read(_ reader: inout FieldReader, _ genesis: Genesis?) {
        node = reader.section("node") { Node(&$0, genesis) }
        network = reader.section("network") { NetworkSettings(&$0, genesis) }
        consensus = reader.section("consensus") { ConsensusSettings(&$0, genesis) }
        crypto = reader.section("crypto") { Crypto(&$0, genesis) }
        resp = reader.section("resp") { RESPSettings(&$0) }
        http = reader.section("http") { HTTPSettings(&$0) }
        log = reader.section("log") { Log(&$0) }
        limits = reader.section("limits") { LimitSettings(&$0, genesis) }
    }
}

extension HomeSettings.Node {
    init(_ reader: inout FieldReader, _ genesis: Genesis?) {
        name = reader.optional("name", .name)
        index = reader.optional("index", .integer(0...4_095))
        dataDirectory = reader.field("data_directory", .path, default: "data")
        self.genesis = reader.field("genesis", .path, default: "genesis.json")
        guard let genesis, reader.problems.isEmpty else { return }
        let names = genesis.validators.map(\.name)
        if let name, let position = names.firstIndex(of: name) {
            guard let index, index != position else { return }
            reader.complain(
                about: "index",
                Complaint(
                    "is \(index), and '\(name)' stands at \(position) in the genesis file",
                    hint: "leave the index out"))
        } else if let name {
            let near = Spelling.suggestion(for: name, among: names)
            reader.complain(
                about: "name",
                Complaint(
                    "'\(name)' is no validator of the genesis file",
                    hint: near.map { "did you mean \"\($0)\"?" }
                        ?? "the first are \(names.prefix(8).joined(separator: ", "))"))
        } else if let index {
            guard index >= names.count else { return }
            reader.complain(
                about: "index",
                Complaint(
                    "is \(index), and the genesis file has \(names.count) validators",
                    hint: "write 0 to \(names.count - 1)"))
        } else {
            reader.complain(
                about: "name",
                Complaint(
                    "is missing: nothing says which validator this is",
                    hint: "add name = \"\(names.first ?? "")\", or index = 0"))
        }
    }
}

extension NetworkSettings {
    init(_ reader: inout FieldReader, _ genesis: Genesis?) {
        listen = reader.field("listen", .endpoint(allowsAnyPort: true), default: listen)
        peers = reader.entries("peers", .endpoint(allowsAnyPort: false)) { key in
            guard let names = genesis?.validators.map(\.name), !names.contains(key) else {
                return nil
            }
            let near = Spelling.suggestion(for: key, among: names)
            return Complaint(
                "names '\(key)', which is no validator of the genesis file",
                hint: near.map { "did you mean '\($0)'?" } ?? "name a validator of the genesis")
        }
    }
}

extension ConsensusSettings {
    /// The name by which earlier designs call whichever protocol the chain runs.
    private static let anyAlgorithm = "bft"

    init(_ reader: inout FieldReader, _ genesis: Genesis?) {
        let kind = FieldKind<ProtocolName?> { value throws(Complaint) in
            value.text == Self.anyAlgorithm ? nil : try FieldKind<ProtocolName>.word.read(value)
        }
        algorithm = reader.optional("algorithm", kind) ?? nil
        _ = reader.optional("quorum_threshold", .quorumThreshold)
        finalityTimeoutMilliseconds = reader.optional(
            "finality_timeout_ms", .integer(Self.finalityTimeoutRange))
        maxPendingBatches = reader.field(
            "max_pending_batches", alias: "max_pending_vertices",
            .integer(Self.pendingBatchesRange), default: maxPendingBatches)
        reportsEquivocation = reader.field(
            "report_equivocation", alias: "byzantine_detection_enabled", .boolean,
            default: reportsEquivocation)
        if let genesis, let algorithm, algorithm != genesis.protocolName {
            reader.complain(
                about: "algorithm",
                Complaint(
                    "is \(algorithm.rawValue), and the chain runs \(genesis.protocolName.rawValue)",
                    hint: "leave it out, or write \"\(genesis.protocolName.rawValue)\""))
        }
    }
}

extension HomeSettings.Crypto {
    init(_ reader: inout FieldReader, _ genesis: Genesis?) {
        signatureAlgorithm = reader.optional(
            "signature_algorithm", FieldKind<SignatureSchemeName>.word)
        keyPath = reader.field("key_path", .path, default: keyPath)
        if let genesis, let signatureAlgorithm, signatureAlgorithm != genesis.scheme {
            reader.complain(
                about: "signature_algorithm",
                Complaint(
                    "is \(signatureAlgorithm.rawValue), and the chain signs with "
                        + genesis.scheme.rawValue,
                    hint: "leave it out, or write \"\(genesis.scheme.rawValue)\""))
        }
    }
}

extension RESPSettings {
    init(_ reader: inout FieldReader) {
        enabled = reader.field("enabled", .boolean, default: enabled)
        listen = reader.field("listen", .endpoint(allowsAnyPort: true), default: listen)
        password = reader.optional("password", .password)
        maxClients = reader.field("max_clients", .integer(Self.clientRange), default: maxClients)
    }
}

extension HTTPSettings {
    init(_ reader: inout FieldReader) {
        enabled = reader.field("enabled", .boolean, default: enabled)
        listen = reader.field("listen", .endpoint(allowsAnyPort: true), default: listen)
        maxClients = reader.field("max_clients", .integer(Self.clientRange), default: maxClients)
    }
}

extension HomeSettings.Log {
    init(_ reader: inout FieldReader) {
        levels = reader.field("level", .logLevels, default: levels)
        format = reader.field("format", FieldKind<LogFormat>.word, default: format)
    }
}

extension LimitSettings {
    init(_ reader: inout FieldReader, _ genesis: Genesis?) {
        mempoolBytes = reader.field(
            "mempool_bytes", .integer(Self.mempoolRange), default: mempoolBytes)
        batchBytes = reader.field(
            "batch_bytes", .integer(Self.batchRange), default: batchBytes)
        requestBytes = reader.field(
            "request_bytes", .integer(Self.requestRange), default: requestBytes)
        guard let genesis, batchBytes > Int(genesis.parameters.maxBlockBytes) else { return }
        reader.complain(
            about: "batch_bytes",
            Complaint(
                "is \(batchBytes), and a block of this chain holds "
                    + "\(genesis.parameters.maxBlockBytes) bytes",
                hint: "write at most \(genesis.parameters.maxBlockBytes)"))
    }
}

extension FieldKind where Value == Double {
    /// Two thirds, however rounded. It is read only to be held against the one threshold there is.
    fileprivate static var quorumThreshold: Self {
        Self { value throws(Complaint) in
            let hint = "write 0.667, or leave the line out"
            let threshold: Double
            switch value.content {
            case .number(let number): threshold = number
            case .integer(let integer): threshold = Double(integer)
            default:
                throw Complaint("should be a number, and is \(value.kindName)", hint: hint)
            }
            guard threshold >= 0.66, threshold <= 0.67 else {
                throw Complaint(
                    "is \(threshold), and a certificate always takes more than 2/3 of the power: "
                        + "less is unsafe, more lets a third of the power stop the chain",
                    hint: hint)
            }
            return threshold
        }
    }
}

extension FieldKind where Value == String {
    fileprivate static var password: Self {
        text(limit: 512).map { text throws(Complaint) in
            guard !text.isEmpty else {
                throw Complaint("is empty", hint: "leave the line out to ask for no password")
            }
            return text
        }
    }
}

extension FieldKind where Value == LogLevels {
    fileprivate static var logLevels: Self {
        FieldKind<String>.text().map { text throws(Complaint) in
            do throws(LogLevels.ParseError) {
                return try LogLevels(parsing: text)
            } catch {
                throw Complaint(
                    "is wrong: \(error.message)",
                    hint: "write \"info\", or \"info,transport=debug\"")
            }
        }
    }
}
