import BFTApplication
import BFTBase
import Testing

@Suite struct ReplyTests {
    private static func bytes(_ write: (inout ResultWriter) -> Void) -> [UInt8] {
        var result = ResultWriter()
        write(&result)
        return result.bytes
    }

    private static let sample = bytes {
        $0.map(2)
        $0.status("a")
        $0.list(3)
        $0.integer(-2)
        $0.value(([7, 8] as [UInt8]).span.bytes)
        $0.null()
        $0.error(Array("ERR".utf8))
        $0.ok()
    }

    @Test("The encoding of a reply is pinned")
    func pinned() {
        #expect(
            Self.sample == [
                7, 2, 0, 0, 0,
                2, 1, 0, 0, 0, 97,
                6, 3, 0, 0, 0,
                4, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                5, 2, 0, 0, 0, 7, 8,
                0,
                3, 3, 0, 0, 0, 69, 82, 82,
                1,
            ])
        #expect(Self.bytes { $0.error("ERR") } == [3, 3, 0, 0, 0, 69, 82, 82])
    }

    @Test("A reply is read as it was written, and every truncation of it is none")
    func roundTrip() {
        let text = Array("ERR".utf8)
        #expect(
            Reply(Self.sample)
                == .map([
                    .init(
                        key: .status([97]), value: .list([.integer(-2), .value([7, 8]), .null])),
                    .init(key: .error(text), value: .ok),
                ]))
        for length in 0..<Self.sample.count { #expect(Reply(Self.sample[..<length]) == nil) }
        #expect(Reply(Self.sample + [0]) == nil)
    }

    @Test("Replies within replies are read down to a depth, and no count is believed")
    func limits() {
        func nested(_ depth: Int) -> [UInt8] {
            Self.bytes { result in
                for _ in 1..<depth { result.list(1) }
                result.ok()
            }
        }
        #expect(Reply(nested(Reply.depthLimit)) != nil)
        #expect(Reply(nested(Reply.depthLimit + 1)) == nil)
        for head: UInt8 in [6, 7] {
            #expect(Reply([head, 0, 0, 0, 0]) != nil)
            #expect(Reply([head, 2, 0, 0, 0, 0]) == nil)
            #expect(Reply([head, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]) == nil)
        }
        #expect(Reply([8]) == nil)
    }

    @Test("Results follow one another in one buffer")
    func results() {
        var results = ResultWriter()
        results.ok()
        results.end()
        results.integer(1)
        results.end()
        #expect(results.count == 2 && Reply(results.result(0)) == .ok)
        #expect(Reply(results.result(1)) == .integer(1))
        results.end()
        results.write("ab")
        results.write([1])
        results.end()
        #expect(results.ends == [1, 10, 10, 13])
        #expect(results.result(2) == [] && results.result(3) == [97, 98, 1])
        results.removeAll()
        #expect(results == ResultWriter())
    }
}
