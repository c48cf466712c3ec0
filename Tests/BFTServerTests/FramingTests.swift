import BFTApplication
import BFTBase
import BFTServer
import Testing

@Suite("Replies in RESP")
struct FramingTests {
    /// What a client that speaks `version` gets for `reply`, where `|` stands for a line end.
    private func framed(_ reply: [UInt8], version: Int) -> String {
        var bench = SessionBench()
        bench.send("hello \(version)\r\n")
        _ = bench.replies()
        bench.send("get a\r\n")
        bench.session.readAnswered(reply.span.bytes, output: &bench.output)
        return bench.replies()
    }

    private func expect(
        _ two: String, _ three: String, _ write: (inout ResultWriter) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let bytes = reply(write)
        #expect(framed(bytes, version: 2) == two, sourceLocation: sourceLocation)
        #expect(framed(bytes, version: 3) == three, sourceLocation: sourceLocation)
    }

    @Test("Every kind of reply has its form in RESP2 and in RESP3")
    func everyKind() {
        let bytes = Array("a\nb".utf8)
        expect("+OK|", "+OK|") { $0.ok() }
        expect("+string|", "+string|") { $0.status("string") }
        expect("-ERR x|", "-ERR x|") { $0.error("ERR x") }
        expect(":-5|", ":-5|") { $0.integer(-5) }
        expect(":9223372036854775807|", ":9223372036854775807|") { $0.integer(.max) }
        expect("$3|a\nb|", "$3|a\nb|") { $0.value(bytes.span.bytes) }
        expect("$0||", "$0||") { $0.value([UInt8]().span.bytes) }
        expect("$-1|", "_|") { $0.null() }
        expect("*0|", "*0|") { $0.list(0) }
        expect("*2|$-1|:1|", "*2|_|:1|") {
            $0.list(2)
            $0.null()
            $0.integer(1)
        }
        expect("*4|+a|:1|+b|*1|*0|", "%2|+a|:1|+b|*1|%0|") {
            $0.map(2)
            $0.status("a")
            $0.integer(1)
            $0.status("b")
            $0.list(1)
            $0.map(0)
        }
    }

    @Test("Text that an application quotes can't break a line")
    func quoting() {
        let text = Array("ERR 'a\r\n+OK\r\n'".utf8)
        expect("-ERR 'a  +OK  '|", "-ERR 'a  +OK  '|") { $0.error(text) }
    }

    /// A map of many kinds.
    private static let sample = reply {
        $0.map(1)
        $0.status("a")
        $0.list(3)
        $0.integer(258)
        $0.value(Array("bytes".utf8).span.bytes)
        $0.error("ERR x")
    }

    @Test("A reply that is none becomes an error, and the stream stays in step")
    func refusesMalformed() {
        let error = "-ERR the application gave no well-formed reply|"
        var malformed: [[UInt8]] = [
            [8], [0, 0], [5, 255, 255, 255, 255], [6, 255, 255, 255, 255], [6, 1, 0, 0, 0],
            [7, 1, 0, 0, 0, 0], Self.sample + [0],
        ]
        for length in 0..<Self.sample.count { malformed.append(Array(Self.sample[..<length])) }
        for bytes in malformed {
            for version in [2, 3] { #expect(framed(bytes, version: version) == error, "\(bytes)") }
            #expect(Reply(bytes) == nil)
        }
    }

    @Test("No reply makes the framing trap, and what it takes is what a reply is")
    func survivesFuzzing() {
        var random = SplitMix64(seed: 5)
        var taken = 0
        for _ in 0..<20_000 {
            var bytes = Self.sample
            for _ in 0..<1 + random.next() % 3 {
                bytes[Int(random.next() % UInt64(bytes.count))] =
                    UInt8(truncatingIfNeeded: random.next() % 16)
            }
            var bench = SessionBench()
            bench.send("get a\r\n")
            bench.session.readAnswered(bytes.span.bytes, output: &bench.output)
            let isTaken = !bench.replies().hasPrefix("-ERR the application gave no")
            #expect(isTaken == (Reply(bytes) != nil))
            if isTaken { taken += 1 }
        }
        #expect(taken > 100 && taken < 19_000)
    }
}
