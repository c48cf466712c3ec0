import BFTBase

extension Genesis {
    /// The most bytes of a genesis file: 4,096 validators with ML-DSA-87 keys fit.
    public static let byteLimit = 64 << 20

    /// The genesis that the file at `path` holds.
    public static func load(path: String) throws(ConfigurationError) -> Genesis {
        try Genesis(json: ConfigurationFile.read(path, byteLimit: byteLimit), file: path)
    }

    /// The genesis that the JSON text `bytes` spells. `file` is how complaints name it.
    public init(json bytes: [UInt8], file: String) throws(ConfigurationError) {
        let document: LocatedValue
        do throws(SourceError) {
            document = try JSONReader.read(bytes)
        } catch {
            throw ConfigurationError(file: file, problems: [error.problem])
        }
        var reader = FieldReader(document, path: "")
        let genesis = Self.read(&reader)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let genesis else {
            throw ConfigurationError(file: file, problems: reader.problems)
        }
        self = genesis
    }

    /// Reads all fields; `nil` or with problems if any is wrong.
    static func read(_ reader: inout FieldReader) -> Genesis? {
        let chainID = reader.required("chainId", .name)
        let time = reader.required("genesisTime", .timestamp)
        let protocolName = reader.required("protocol", FieldKind<ProtocolName>.word)
        let scheme = reader.required("scheme", FieldKind<SignatureSchemeName>.word)
        let entries = reader.sections("validators") { entry in
            Entry(&entry, scheme: scheme)
        }
        var parameterPositions: [String: SourcePosition] = [:]
        let parameters = reader.section("parameters") { section in
            let parameters = ChainParameters(&section)
            parameterPositions["maxTransactionBytes"] = section.position(of: "maxTransactionBytes")
            return parameters
        }
        let validators = entries.compactMap(\.validator)
        guard reader.problems.isEmpty, let chainID, let time, let protocolName, let scheme,
            validators.count == entries.count
        else { return nil }
        let genesis = Genesis(
            chainID: chainID, genesisTime: time, protocolName: protocolName, scheme: scheme,
            validators: validators, parameters: parameters)
        guard let violation = genesis.violation else { return genesis }
        let entry = violation.validator.map { entries[$0] }
        let place = violation.validator.map { "validators[\($0)]." } ?? ""
        let position =
            entry.map { $0.positions[violation.key] ?? $0.start }
            ?? parameterPositions[violation.key] ?? reader.position(of: violation.key)
        reader.complain(
            at: position, "\(place)\(violation.key) \(violation.message)", hint: violation.hint)
        return nil
    }

    /// One validator of the file, and where its values stand.
    private struct Entry {
        let validator: GenesisValidator?
        let start: SourcePosition
        let positions: [String: SourcePosition]

        init(_ reader: inout FieldReader, scheme: SignatureSchemeName?) {
            let name = reader.required("name", .name)
            let power = reader.required("power", .integer(1...VotingPower.max / 3))
            let publicKey = reader.required("publicKey", .publicKey(scheme))
            let address = reader.required("peerAddress", .endpoint(allowsAnyPort: false))
            start = reader.position(of: "")
            var positions: [String: SourcePosition] = [:]
            for key in reader.known { positions[key] = reader.position(of: key) }
            self.positions = positions
            guard let name, let power, let publicKey, let address else {
                validator = nil
                return
            }
            validator = GenesisValidator(
                name: name, power: power, publicKey: publicKey, peerAddress: address)
        }
    }

    /// The file's text, as `load` reads it.
    public var json: String {
        let entries = validators.map { validator in
            JSONText.object([
                ("name", .text(validator.name)), ("power", .integer(Int128(validator.power))),
                ("publicKey", .text("\(scheme.rawValue):\(Hex.encode(validator.publicKey))")),
                ("peerAddress", .text(validator.peerAddress.description)),
            ])
        }
        return JSONText.object([
            ("chainId", .text(chainID)), ("genesisTime", .text(CalendarTime.text(genesisTime))),
            ("protocol", .text(protocolName.rawValue)), ("scheme", .text(scheme.rawValue)),
            ("validators", .array(entries)), ("parameters", parameters.json),
        ]).pretty
    }
}

extension ChainParameters {
    fileprivate init(_ reader: inout FieldReader) {
        self.init()
        viewTimeoutMilliseconds = reader.field(
            "viewTimeoutMilliseconds", .integer(Self.viewTimeoutRange),
            default: viewTimeoutMilliseconds)
        idleBlockMilliseconds = reader.field(
            "idleBlockMilliseconds", .integer(Self.idleBlockRange), default: idleBlockMilliseconds)
        maxBlockBytes = reader.field(
            "maxBlockBytes", .integer(Self.blockBytesRange), default: maxBlockBytes)
        maxTransactionBytes = reader.field(
            "maxTransactionBytes", .integer(Self.transactionBytesRange),
            default: maxTransactionBytes)
    }

    fileprivate var json: JSONText {
        .object([
            ("viewTimeoutMilliseconds", .integer(Int128(viewTimeoutMilliseconds))),
            ("idleBlockMilliseconds", .integer(Int128(idleBlockMilliseconds))),
            ("maxBlockBytes", .integer(Int128(maxBlockBytes))),
            ("maxTransactionBytes", .integer(Int128(maxTransactionBytes))),
        ])
    }
}

extension FieldKind where Value == Timestamp {
    /// RFC 3339 text, or milliseconds since 1970.
    fileprivate static var timestamp: Self {
        Self { value throws(Complaint) in
            switch value.content {
            case .integer(let integer):
                if let milliseconds = UInt64(exactly: integer) {
                    return Timestamp(milliseconds: milliseconds)
                }
            case .text(let text):
                if let timestamp = CalendarTime.timestamp(text) { return timestamp }
            default: break
            }
            throw Complaint(
                "is no time", hint: "write \"2026-01-31T12:00:00Z\", or milliseconds since 1970")
        }
    }
}

extension FieldKind where Value == [UInt8] {
    /// A public key, spelled `scheme:hexadecimal`. A `scheme` of `nil` was wrong already.
    fileprivate static func publicKey(_ scheme: SignatureSchemeName?) -> Self {
        FieldKind<String>.text(limit: 16_384).map { text throws(Complaint) in
            let hint = "copy the whole key as 'bft keygen' prints it"
            guard let colon = text.firstIndex(of: ":"),
                let named = SignatureSchemeName(rawValue: String(text[..<colon]))
            else { throw Complaint("does not begin with the name of a scheme and ':'", hint: hint) }
            guard named == scheme ?? named else {
                throw Complaint(
                    "is a key of \(named.rawValue), and the chain's scheme is "
                        + (scheme?.rawValue ?? ""),
                    hint: "make one with 'bft keygen --scheme \(scheme?.rawValue ?? "")'")
            }
            guard let bytes = Hex.decode(String(text[text.index(after: colon)...])) else {
                throw Complaint("is not hexadecimal after the ':'", hint: hint)
            }
            guard bytes.count == named.publicKeyByteCount else {
                throw Complaint(
                    "has \(bytes.count) bytes, and a key of \(named.rawValue) has "
                        + "\(named.publicKeyByteCount)", hint: hint)
            }
            return bytes
        }
    }
}
