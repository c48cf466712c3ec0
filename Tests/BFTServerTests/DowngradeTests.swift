import BFTBase
import BFTServer
import Testing

@Suite("Replies for RESP2")
struct DowngradeTests {
    /// What a client that speaks RESP2 gets for `reply`, where `|` stands for a line end and `@`
    /// for the bar of an attribute.
    private func downgrade(_ reply: String) -> String {
        var bench = SessionBench()
        bench.send("get a\r\n")
        let bytes = wire(reply)
        bench.session.readAnswered(bytes.span.bytes, output: &bench.output)
        return bench.replies()
    }

    private func wire(_ text: String) -> [UInt8] {
        Array(text.replacing("|", with: "\r\n").replacing("@", with: "|").utf8)
    }

    @Test("Every type of RESP3 has its counterpart")
    func rewritesEveryType() {
        #expect(downgrade("+OK|") == "+OK|")
        #expect(downgrade("-ERR x|") == "-ERR x|")
        #expect(downgrade(":-5|") == ":-5|")
        #expect(downgrade("$3|a\nb|") == "$3|a\nb|")
        #expect(downgrade("_|") == "$-1|")
        #expect(downgrade("#t|") == ":1|")
        #expect(downgrade("#f|") == ":0|")
        #expect(downgrade(",3.25|") == "$4|3.25|")
        #expect(downgrade(",inf|") == "$3|inf|")
        #expect(downgrade("(12345678901234567890|") == "$20|12345678901234567890|")
        #expect(downgrade("=8|txt:abcd|") == "$4|abcd|")
        #expect(downgrade("!5|ERR x|") == "-ERR x|")
        #expect(downgrade("*2|_|:1|") == "*2|$-1|:1|")
        #expect(downgrade("~2|:1|:2|") == "*2|:1|:2|")
        #expect(downgrade("%2|+a|:1|+b|*1|#t|") == "*4|+a|:1|+b|*1|:1|")
        #expect(downgrade(">1|+a|") == "*1|+a|")
        #expect(downgrade("*1|%1|$1|k|~1|,1.5|") == "*1|*2|$1|k|*1|$3|1.5|")
    }

    @Test("An attribute is left out with all that belongs to it")
    func dropsAttributes() {
        #expect(downgrade("@1|+ttl|%1|+a|*2|:1|_|:7|") == ":7|")
        #expect(downgrade("*2|@1|+a|$3|x y|+one|+two|") == "*2|+one|+two|")
    }

    @Test("A reply that is none becomes an error, and the stream stays in step")
    func refusesMalformed() {
        let error = "-ERR the application gave no well-formed reply|"
        for bad in [
            "", "*2|:1|", "*1|$5|ab|", "?|", "%1|+a|", "*999999999999|", "*1|=2|ab|", "_", "*1|",
            "#|", "*1|:1|:2|", "~-1|",
        ] { #expect(downgrade(bad) == error, "\(bad)") }
    }

    @Test("No reply makes the rewriting trap")
    func survivesFuzzing() {
        var random = SplitMix64(seed: 5)
        let seeds = ["%2|+a|*2|_|#t|+b|~1|=8|txt:abcd|", "*3|,1.5|(123|!3|ERR|", "@1|+a|:1|*1|_|"]
        for round in 0..<20_000 {
            var bytes = wire(seeds[round % 3])
            for _ in 0..<1 + random.next() % 3 {
                bytes[Int(random.next() % UInt64(bytes.count))] =
                    UInt8(truncatingIfNeeded: random.next())
            }
            var bench = SessionBench()
            bench.send("get a\r\n")
            bench.session.readAnswered(bytes.span.bytes, output: &bench.output)
            #expect(!bench.output.isEmpty)
        }
    }
}
