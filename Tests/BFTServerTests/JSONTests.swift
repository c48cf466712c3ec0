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

    private func result(_ reply: String) -> String {
        let report = TransactionReport(
            height: Height(1), position: 0,
            result: Array(reply.replacing("|", with: "\r\n").utf8))
        let text = String(decoding: report.json, as: UTF8.self)
        return String(text.dropFirst(34).dropLast(2))
    }

    @Test("Results in RESP3 become JSON")
    func writesResults() {
        #expect(result("+OK|") == "\"OK\"")
        #expect(result("-ERR x|") == "{\"error\":\"ERR x\"}")
        #expect(result(":-5|") == "-5")
        #expect(result(":05|") == "\"05\"")
        #expect(result(",1.50|") == "1.5")
        #expect(result(",inf|") == "\"inf\"")
        #expect(result("(12345678901234567890123|") == "12345678901234567890123")
        #expect(result("_|") == "null")
        #expect(result("*-1|") == "\"*-1\\u000d\\n\"")
        #expect(result("*2|#f|$2|\"\\|") == "[false,\"\\\"\\\\\"]")
        #expect(result("%1|:1|~1|=6|txt:ab|") == "[[1,[\"ab\"]]]")
        #expect(result("%1|$1|k|!5|ERR x|") == "{\"k\":{\"error\":\"ERR x\"}}")
        // No reply, or one too deep, is given as it is.
        #expect(result("$9|x|") == "\"$9\\u000d\\nx\\u000d\\n\"")
        #expect(result("") == "\"\"")
        #expect(result(String(repeating: "*1|", count: 40) + ":1|").hasPrefix("\"*1\\u000d"))
    }
}
