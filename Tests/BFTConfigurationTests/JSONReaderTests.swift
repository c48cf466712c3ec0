import BFTBase
import BFTConfiguration
import Testing

/// Where reading `text` fails, as `line:column`, or `nil` if it does not.
private func failure(_ text: String) -> String? {
    failure(bytes: Array(text.utf8))
}

private func failure(bytes: [UInt8]) -> String? {
    do throws(SourceError) {
        _ = try JSONReader.read(bytes)
        return nil
    } catch {
        return error.problem.position.map { "\($0.line):\($0.column)" } ?? "nowhere"
    }
}

@Suite struct JSONReaderTests {
    @Test("Every kind of value is read")
    func values() throws {
        let text = #"{"a": [1, -2, 0.5, 1e3, true, false, null], "é\n\u00e9\ud83d\ude00": "x/\/"}"#
        let value = try JSONReader.read(Array(text.utf8))
        #expect(
            JSONText(value).compact
                == #"{"a":[1,-2,0.5,1000.0,true,false,null],"é\né😀":"x//"}"#)
    }

    @Test("Positions count lines and scalars from 1")
    func positions() throws {
        let value = try JSONReader.read(Array("{\n  \"ä\": \"ö\",  \"b\":\n\t[1,\n2]}".utf8))
        guard case .table(let members) = value.content else {
            Issue.record("no table")
            return
        }
        #expect(members[0].keyPosition == SourcePosition(line: 2, column: 3))
        #expect(members[0].value.position == SourcePosition(line: 2, column: 8))
        #expect(members[1].keyPosition == SourcePosition(line: 2, column: 14))
        #expect(members[1].value.position == SourcePosition(line: 3, column: 2))
        guard case .array(let elements) = members[1].value.content else {
            Issue.record("no array")
            return
        }
        #expect(elements[1].position == SourcePosition(line: 4, column: 1))
    }

    @Test("What is not JSON is refused where it goes wrong")
    func refusals() {
        let cases = [
            ("", "1:1"), ("  ", "1:3"), ("{", "1:2"), ("[", "1:2"), ("[1", "1:3"), ("[1,", "1:4"),
            ("[1,]", "1:4"), ("{\"a\"}", "1:5"), ("{\"a\":}", "1:6"), ("{\"a\":1,}", "1:8"),
            ("{a:1}", "1:2"), ("{'a':1}", "1:2"), ("// x\n1", "1:1"), ("1 2", "1:3"),
            ("\"a", "1:3"), ("\"\u{1}\"", "1:2"), ("\"a\nb\"", "1:3"), ("\"\\x\"", "1:3"),
            ("\"\\u12\"", "1:3"), ("\"\\ud800\"", "1:8"), ("\"\\udc00\"", "1:8"),
            ("\"\\ud800\\u0041\"", "1:14"), ("01", "1:1"), ("-", "1:1"), ("1.", "1:1"),
            (".5", "1:1"), ("1e", "1:1"), ("+1", "1:1"), ("0x1", "1:2"), ("1e999", "1:1"),
            ("9999999999999999999999999999999999999999999", "1:1"), ("NaN", "1:1"),
            ("tru", "1:1"), ("nulll", "1:5"), ("\u{FEFF}1", "1:1"),
            ("{\"a\":1,\n \"a\":2}", "2:2"), ("{\"\\u0061\":1,\"a\":2}", "1:13"),
            ("{\"a\" 1}", "1:6"), ("[1 2]", "1:4"), ("[1}", "1:3"),
        ]
        for (text, place) in cases { #expect(failure(text) == place, "\(text)") }
    }

    @Test("Bytes that are not UTF-8 are refused")
    func encoding() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
            #expect(failure(bytes: [0x22] + bytes + [0x22]) != nil)
            #expect(failure(bytes: bytes) != nil)
        }
    }

    @Test("Nesting is bounded")
    func depth() {
        let limit = JSONReader.depthLimit
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(failure(nested(limit + 1)) == nil)
        #expect(failure(nested(limit + 2)) != nil)
        #expect(failure(String(repeating: "[{\"a\":", count: 500_000)) != nil)
    }

    @Test("No truncation and no changed byte of a document makes the reader trap")
    func mutations() throws {
        let document = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",{"b":null,"c":[true,false]}]}"#.utf8)
        for count in 0..<document.count {
            #expect(failure(bytes: Array(document[..<count])) != nil)
        }
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            var changed = document
            for _ in 0...Int(random.next() % 3) {
                changed[Int(random.next() % UInt64(changed.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            guard let value = try? JSONReader.read(changed) else { continue }
            let text = JSONText(value)
            #expect(JSONText(try JSONReader.read(Array(text.compact.utf8))) == text)
            #expect(JSONText(try JSONReader.read(Array(text.pretty.utf8))) == text)
        }
    }
}
