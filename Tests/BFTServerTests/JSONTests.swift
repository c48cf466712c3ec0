import BFTApplication
import BFTBase
import BFTServer
import Testing

@Suite("JSON")
struct JSONTests {
    private func parse(_ text: String) throws -> [[String]] {
        try texts(CommandDocument.commandList(of: Array(text.utf8)))
    }

    private func reason(_ text: String) -> String {
        do throws(CommandDocumentError) {
            _ = try CommandDocument.commandList(of: Array(text.utf8))
            return "none"
        } catch {
            return error.description
        }
    }

    @Test("Commands are read with all that JSON strings can spell")
    func readsCommands() throws {
        #expect(try parse("{\"command\":[\"get\",\"K\"]}") == [["GET", "K"]])
        #expect(
            try parse(" { \"commands\" : [ [\"A\"] , [\"b\", -1.5e+3, 0] ]\n} ")
                == [["A"], ["B", "-1.5e+3", "0"]])
        #expect(
            try parse(#"{"command":["X","\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00 é"]}"#)
                == [["X", "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600} é"]])
        #expect(try parse(#"{"command":["X",{"base64":"aGk="}]}"#) == [["X", "hi"]])
    }

    @Test("Anything else is refused with its place")
    func refusesOthers() {
        #expect(reason("") == "expected an object, at byte 0")
        #expect(reason("{\"comand\":[]}") == "expected \"command\" or \"commands\", at byte 10")
        for bad in [
            "[]", "{}", "{\"command\":[]}", "{\"command\":[1]}", "{\"command\":[\"A\",]}",
            "{\"command\":[\"A\"]", "{\"command\":[\"A\"]}x", "{\"commands\":[]}",
            "{\"command\":[\"A\",true]}", "{\"command\":[\"A\",01]}", "{\"command\":[\"A\",1.]}",
            "{\"command\":[\"A\",\"\n\"]}", #"{"command":["A","\x"]}"#,
            #"{"command":["A","\ud83d"]}"#,
            #"{"command":["A","\ude00"]}"#, #"{"command":["A",{"base64":"a"}]}"#,
            #"{"command":["A",{"base64":"aGl="}]}"#, #"{"command":["A",{"x":""}]}"#,
            "{\"command\":[\"A\"],\"command\":[\"B\"]}", #"{"command":["A","\u12"#,
            String(repeating: "[", count: 100_000),
        ] { #expect(reason(bad).contains(", at byte "), "\(bad.prefix(40))") }
        #expect(
            throws: CommandDocumentError.self,
            performing: {
                try CommandDocument.commandList(
                    of: Array("{\"command\":[\"A\",\"".utf8) + [0xFF] + Array("\"]}".utf8))
            })
    }

    @Test("No document makes the reader trap")
    func survivesFuzzing() {
        var random = SplitMix64(seed: 9)
        let seed = Array(
            #"{"commands":[["A","\ud83d\ude00",{"base64":"aGk="}],["B",-1.5e3]]}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<1 + random.next() % 3 {
                bytes[Int(random.next() % UInt64(bytes.count))] =
                    UInt8(truncatingIfNeeded: random.next())
            }
            bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            _ = try? CommandDocument.commandList(of: bytes)
        }
    }

    private func result(_ bytes: [UInt8]) -> String {
        let report = TransactionReport(height: Height(1), position: 0, result: bytes)
        let text = String(decoding: report.json, as: UTF8.self)
        return String(text.dropFirst(34).dropLast(2))
    }

    private func result(_ write: (inout ResultWriter) -> Void) -> String { result(reply(write)) }

    @Test("Replies become JSON")
    func writesResults() {
        #expect(result { $0.ok() } == "\"OK\"")
        #expect(result { $0.status("string") } == "\"string\"")
        #expect(result { $0.error("ERR x") } == "{\"error\":\"ERR x\"}")
        #expect(result { $0.integer(-5) } == "-5")
        #expect(result { $0.integer(.min) } == "-9223372036854775808")
        #expect(result { $0.null() } == "null")
        let quotes = Array("\"\\".utf8)
        #expect(
            result {
                $0.list(2)
                $0.null()
                $0.value(quotes.span.bytes)
            } == "[null,\"\\\"\\\\\"]")
        let (backslash, binary): ([UInt8], [UInt8]) = ([0x5C], [0xFF])
        #expect(
            result {
                $0.map(1)
                $0.value(backslash.span.bytes)
                $0.value(binary.span.bytes)
            } == "{\"\\\\\":{\"base64\":\"/w==\"}}")
        #expect(
            result {
                $0.map(1)
                $0.integer(1)
                $0.error("ERR x")
            } == "[[1,{\"error\":\"ERR x\"}]]")
    }

    @Test("Results that are no reply, or one too deep, become JSON as they are")
    func writesOtherResults() {
        #expect(result(Array("bytes".utf8)) == "\"bytes\"")
        #expect(result([]) == "\"\"")
        // More than there is, more than one, and a head without what it counts.
        #expect(result([5, 9, 0, 0, 0, 120]) == "\"\\u0005\\u0009\\u0000\\u0000\\u0000x\"")
        #expect(result([0, 0]) == "\"\\u0000\\u0000\"")
        #expect(result([6, 1, 0, 0, 0]) == "\"\\u0006\\u0001\\u0000\\u0000\\u0000\"")
        func nested(_ depth: Int) -> String {
            result { result in
                for _ in 1..<depth { result.list(1) }
                result.ok()
            }
        }
        let (open, close) = (String(repeating: "[", count: 31), String(repeating: "]", count: 31))
        #expect(nested(Reply.depthLimit) == "\(open)\"OK\"\(close)")
        #expect(nested(Reply.depthLimit + 1).hasPrefix("\"\\u0006\\u0001"))
    }
}
