import BFTBase
import BFTConfiguration
import BFTWire
import Testing

func key(_ fill: UInt8, _ scheme: String = "ed25519", count: Int = 32) -> String {
    "\(scheme):" + Hex.encode([UInt8](repeating: fill, count: count))
}

/// A genesis of two validators, with parts replaced.
private func document(_ replacements: [(String, String)] = []) -> String {
    var text = """
        {
          "chainId": "test-1",
          "genesisTime": "2026-01-31T12:00:00.250Z",
          "protocol": "simplex",
          "scheme": "ed25519",
          "validators": [
            {"name": "a", "power": 1, "publicKey": "\(key(1))",
             "peerAddress": "127.0.0.1:7400"},
            {"name": "b", "power": 2, "publicKey": "\(key(2))",
             "peerAddress": "[::1]:7401"}
          ],
          "parameters": {"maxBlockBytes": 1048576}
        }
        """
    for (old, new) in replacements {
        let range = text.firstRange(of: old)
        #expect(range != nil, "no \(old)")
        if let range { text.replaceSubrange(range, with: new) }
    }
    return text
}

private func problems(_ text: String) -> [ConfigurationProblem] {
    do throws(ConfigurationError) {
        _ = try Genesis(json: Array(text.utf8), file: "genesis.json")
        return []
    } catch {
        return error.problems
    }
}

@Suite struct GenesisTests {
    @Test("A genesis is read, with defaults for what it leaves out")
    func reading() throws {
        let genesis = try Genesis(json: Array(document().utf8), file: "genesis.json")
        #expect(genesis.chainID == "test-1")
        #expect(genesis.genesisTime.milliseconds == 1_769_860_800_250)
        #expect(genesis.validators.map(\.power) == [1, 2])
        #expect(genesis.validators[1].peerAddress == Endpoint(host: "::1", port: 7401))
        #expect(genesis.parameters.maxBlockBytes == 1_048_576)
        #expect(genesis.parameters.viewTimeoutMilliseconds == 1_000)
    }

    @Test("What is written is read back, as JSON and as canonical bytes")
    func roundTrips() throws {
        let genesis = try Genesis(json: Array(document().utf8), file: "genesis.json")
        #expect(try Genesis(json: Array(genesis.json.utf8), file: "g") == genesis)
        #expect(try Genesis(decoding: genesis.encoded) == genesis)
    }

    @Test("The canonical encoding is pinned")
    func pinned() throws {
        var genesis = try Genesis(json: Array(document().utf8), file: "genesis.json")
        genesis.validators.removeLast()
        let expected =
            "01" + "06000000" + Hex.encode("test-1".utf8) + "fa9eec139c010000" + "01" + "01"
            + "01000000" + "01000000" + "61" + "0100000000000000" + "20000000"
            + String(repeating: "01", count: 32) + "09000000" + Hex.encode("127.0.0.1".utf8)
            + "e81c" + "e8030000" + "e8030000" + "00001000" + "00001000"
        #expect(Hex.encode(genesis.encoded) == expected)
    }

    @Test("No truncated or changed encoding decodes to something that encodes differently")
    func canonical() throws {
        let bytes = try Genesis(json: Array(document().utf8), file: "g").encoded
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try Genesis(decoding: Array(bytes[..<count])) }
        }
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let genesis = try? Genesis(decoding: changed) else { continue }
            #expect(genesis.encoded == changed)
        }
    }

    @Test("Every wrong value is reported with its line and column")
    func wrongValues() {
        let cases: [(String, String, Int, Int, String)] = [
            ("\"test-1\"", "7", 2, 14, "should be text"),
            ("\"test-1\"", "\"a b\"", 2, 14, "is no name"),
            ("\"test-1\"", "\"\"", 2, 14, "is no name"),
            ("2026-01-31", "2026-02-30", 3, 18, "is no time"),
            ("\"2026-01-31T12:00:00.250Z\"", "-5", 3, 18, "is no time"),
            ("\"simplex\"", "\"simplx\"", 4, 15, "not known"),
            ("\"scheme\": \"ed25519\"", "\"scheme\": \"rsa\"", 5, 13, "not known"),
            ("\"power\": 1", "\"power\": 0", 7, 28, "out of range"),
            ("\"power\": 1", "\"power\": -1", 7, 28, "out of range"),
            ("\"power\": 1", "\"power\": 1.5", 7, 28, "should be an integer"),
            ("\"power\": 1", "\"power\": 18446744073709551616", 7, 28, "out of range"),
            ("\"power\": 1", "\"power\": \"1\"", 7, 28, "should be an integer"),
            (key(1), key(1, count: 31), 7, 44, "has 31 bytes"),
            (key(1), "ed25519:zz", 7, 44, "not hexadecimal"),
            (key(1), "0101", 7, 44, "name of a scheme"),
            (key(1), key(1, "ml-dsa-65", count: 1952), 7, 44, "is a key of ml-dsa-65"),
            ("127.0.0.1:7400", "127.0.0.1", 8, 21, "no host and port"),
            ("127.0.0.1:7400", "127.0.0.1:0", 8, 21, "no host and port"),
            ("127.0.0.1:7400", "127.0.0.1:70000", 8, 21, "no host and port"),
            ("\"name\": \"b\"", "\"name\": \"a\"", 9, 14, "same as that of validators[0]"),
            (key(2), key(1), 9, 44, "same as that of validators[0]"),
            ("[::1]:7401", "127.0.0.1:7400", 10, 21, "same as that of validators[0]"),
            ("\"power\": 2", "\"powr\": 2", 9, 5, "no 'power'"),
            ("1048576", "1", 12, 35, "out of range"),
            ("1048576", "4096", 12, 17, "maxTransactionBytes"),
            ("{\"maxBlockBytes\": 1048576}", "[]", 12, 17, "should be a table"),
        ]
        for (old, new, line, column, message) in cases {
            let found = problems(document([(old, new)]))
            #expect(
                found.contains {
                    $0.position == SourcePosition(line: line, column: column)
                        && $0.message.contains(message)
                }, "\(new): \(found)")
            #expect(found.allSatisfy { !$0.hint.isEmpty })
        }
    }

    @Test("An unknown key is refused with the key that was meant")
    func unknownKeys() {
        let found = problems(document([("\"maxBlockBytes\"", "\"maxBlokBytes\"")]))
        #expect(found.map(\.hint) == ["did you mean 'maxBlockBytes'?"])
        #expect(found.map(\.position) == [SourcePosition(line: 12, column: 18)])
    }

    @Test("All problems are reported at once, in the order of the lines")
    func together() {
        let found = problems(
            document([("\"test-1\"", "1"), ("\"simplex\"", "2"), ("1048576", "\"x\"")]))
        #expect(found.compactMap(\.position?.line) == [2, 4, 12])
    }

    @Test("A total power beyond a third of 64 bits is refused")
    func totalPower() {
        let found = problems(
            document([("\"power\": 1", "\"power\": 6148914691236517205")]))
        #expect(found.first?.message.contains("more power together") == true, "\(found)")
        #expect(found.first?.position == SourcePosition(line: 6, column: 17))
    }

    @Test("An empty or absent list of validators is refused")
    func noValidators() {
        let text = #"{"chainId":"a","genesisTime":0,"protocol":"simplex","scheme":"ed25519""#
        #expect(problems(text + "}").map(\.message) == ["the document has no 'validators'"])
        #expect(problems(text + ",\"validators\":[]}").map(\.message) == ["validators is empty"])
        #expect(problems("[]").first?.message == "the document should be a table, and is an array")
    }
}

@Suite struct CalendarTimeTests {
    @Test("Times are read and written in RFC 3339")
    func times() {
        let cases: [(String, UInt64, String)] = [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2000-02-29T23:59:59.9999Z", 951_868_799_999, "2000-02-29T23:59:59.999Z"),
            ("2026-01-31T12:00:00+02:00", 1_769_853_600_000, "2026-01-31T10:00:00.000Z"),
            ("2026-01-31t12:00:00.5-00:30", 1_769_862_600_500, "2026-01-31T12:30:00.500Z"),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
        ]
        for (text, milliseconds, spelling) in cases {
            let timestamp = CalendarTime.timestamp(text)
            #expect(timestamp?.milliseconds == milliseconds, "\(text)")
            #expect(timestamp.map(CalendarTime.text) == spelling)
        }
        for text in [
            "", "2026", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+2:00", "0000-00-00T00:00:00Z",
        ] {
            #expect(CalendarTime.timestamp(text) == nil, "\(text)")
        }
    }

    @Test("Every day of four centuries is read as it is written")
    func everyDay() {
        for day in stride(from: UInt64(0), to: 146_097 + 30, by: 1) {
            let timestamp = Timestamp(milliseconds: day * 86_400_000)
            let text = CalendarTime.text(timestamp)
            if CalendarTime.timestamp(text) != timestamp { Issue.record("\(text)") }
        }
    }
}
