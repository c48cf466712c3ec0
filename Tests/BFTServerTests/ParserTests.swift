import BFTBase
import BFTServer
import Testing

/// What a parser made of some bytes.
private struct Parse: Equatable {
    var commands: [[[UInt8]]] = []
    var error: RESPProtocolError?
    var consumed = 0

    /// Parses `bytes` shown up to each of `ends` in turn, as a host would show them.
    init(_ bytes: [UInt8], limits: RESPLimits = RESPLimits(), restricted: Bool = false, ends: [Int])
    {
        var parser = RESPParser(limits: limits)
        parser.isRestricted = restricted
        for end in ends {
            let shown = Array(bytes[consumed..<end])
            var position = 0
            reading: while true {
                switch parser.next(shown.span.bytes, from: position) {
                case .incomplete: break reading
                case .failed(let found):
                    error = found
                    consumed += position
                    return
                case .nothing(let count): position += count
                case .command(let count):
                    let source = parser.inlineBytes ?? Array(shown[position..<position + count])
                    commands.append(parser.arguments.map { Array(source[$0.range]) })
                    position += count
                }
                parser.consume()
            }
            consumed += position
        }
    }

    init(_ text: String, limits: RESPLimits = RESPLimits(), restricted: Bool = false) {
        self.init(
            Array(text.utf8), limits: limits, restricted: restricted, ends: [text.utf8.count])
    }

    var texts: [[String]] {
        commands.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }
}

private let pipelines = [
    "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nva\r\nl\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
    "PING\r\n\r\n*0\r\n*-1\r\nset \"a b\" 'c\\'d' \"\\x41\\n\"\r\n*1\r\n$0\r\n\r\n",
    "*1\r\n$4\r\nPING\r\nECHO hello\n  \t \r\nget k",
    "*2\r\n$4\r\nECHO\r\n$26\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI\r\n\r\nQUIT\r\n",
    "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n:3\r\nkey\r\n",
    "*2\r\n$3\r\nGET\r\n$-1\r\n",
    "*1\r\n$2\r\nPING\r\n",
    "PING\r\nset \"unbalanced\r\nPING\r\n",
]

@Suite("RESP parser")
struct ParserTests {
    @Test("Commands are found with their arguments")
    func findsCommands() {
        let parse = Parse(pipelines[0])
        #expect(parse.texts == [["SET", "key", "va\r\nl"], ["GET", "key"]])
        #expect(parse.consumed == pipelines[0].utf8.count)
        #expect(
            Parse(pipelines[1]).texts
                == [["PING"], ["set", "a b", "c'd", "A\n"], [""]])
        let open = Parse(pipelines[2])
        #expect(open.texts == [["PING"], ["ECHO", "hello"]])
        #expect(open.consumed == pipelines[2].utf8.count - 5)
    }

    @Test("Input split anywhere is parsed as the whole is")
    func parsesEverySplit() {
        for text in pipelines {
            let bytes = Array(text.utf8)
            let whole = Parse(bytes, ends: [bytes.count])
            for first in 0...bytes.count {
                #expect(Parse(bytes, ends: [first, bytes.count]) == whole)
            }
            // Byte by byte, and every pair of cuts of the short ones.
            #expect(Parse(bytes, ends: Array(0...bytes.count)) == whole)
            for first in 0...min(24, bytes.count) {
                for second in first...bytes.count {
                    #expect(Parse(bytes, ends: [first, second, bytes.count]) == whole)
                }
            }
        }
    }

    @Test("What isn't RESP is refused in Redis's words")
    func refusesMalformed() {
        func error(_ text: String, restricted: Bool = false) -> String {
            Parse(text, restricted: restricted).error?.description ?? "none"
        }
        #expect(error("*abc\r\n") == "invalid multibulk length")
        #expect(error("*99999\r\n") == "invalid multibulk length")
        #expect(error("*01\r\n") == "invalid multibulk length")
        #expect(error("*123456789012345678901234567890") == "invalid multibulk length")
        #expect(error("*\r\n") == "invalid multibulk length")
        #expect(error("*1\r\n+OK\r\n") == "expected '$', got '+'")
        #expect(error("*1\r\n$-1\r\n") == "invalid bulk length")
        #expect(error("*1\r\n$524289\r\n") == "invalid bulk length")
        #expect(error("*1\r\n$4 \r\n") == "invalid bulk length")
        #expect(error("*1\r\n$4\r\nPINGPING") == "expected CRLF after a bulk string")
        #expect(error("set 'a") == "none")
        #expect(error("set 'a\n") == "unbalanced quotes in request")
        #expect(error("set \"a\"b\n") == "unbalanced quotes in request")
        #expect(error(String(repeating: "x", count: 65_536)) == "too big inline request")
        #expect(error("*11\r\n", restricted: true) == "unauthenticated multibulk length")
        #expect(
            error("*2\r\n$4\r\nAUTH\r\n$16385\r\n", restricted: true)
                == "unauthenticated bulk length")
        #expect(error("*11\r\n") == "none")
    }

    @Test("A command is bounded as a whole")
    func boundsCommands() {
        var limits = RESPLimits()
        limits.commandBytes = 64
        #expect(Parse("*2\r\n$20\r\n", limits: limits).error == nil)
        #expect(Parse("*2\r\n$55\r\n", limits: limits).error == .commandTooLong)
        let filler = "$20\r\n" + String(repeating: "x", count: 20) + "\r\n"
        #expect(
            Parse("*9\r\n" + filler + filler + "$9\r\n", limits: limits).error == .commandTooLong)
    }

    @Test("A found command is found again until it is consumed")
    func findsAgain() {
        var parser = RESPParser()
        let bytes = Array("*1\r\n$4\r\nPING\r\n".utf8)
        #expect(parser.next(bytes.span.bytes, from: 0) == .command(byteCount: 14))
        #expect(parser.next(bytes.span.bytes, from: 0) == .command(byteCount: 14))
        #expect(parser.arguments.count == 1)
        parser.consume()
        #expect(parser.arguments.isEmpty)
    }

    @Test("No bytes make the parser trap, and what it keeps is bounded")
    func survivesFuzzing() {
        var random = SplitMix64(seed: 1)
        var limits = RESPLimits()
        limits.argumentCount = 32
        limits.bulkBytes = 256
        limits.commandBytes = 1_024
        limits.inlineBytes = 128
        let pieces = pipelines.map { Array($0.utf8) }
        let alphabet = Array("*$-0123456789\r\n\"'\\x aZ".utf8)
        var found = 0
        for round in 0..<100_000 {
            var bytes: [UInt8]
            if round % 3 == 0 {
                bytes = (0..<Int(random.next() % 48)).map { _ in
                    alphabet[Int(random.next() % UInt64(alphabet.count))]
                }
            } else {
                bytes = pieces[Int(random.next() % UInt64(pieces.count))]
                for _ in 0..<1 + random.next() % 3 {
                    let position = Int(random.next() % UInt64(bytes.count))
                    bytes[position] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            let cut = Int(random.next() % UInt64(bytes.count + 1))
            let parse = Parse(bytes, limits: limits, ends: [cut, bytes.count])
            found += parse.commands.count
            #expect(parse.consumed <= bytes.count)
            #expect(parse.commands.allSatisfy { $0.count <= 32 && !$0.isEmpty })
        }
        #expect(found > 10_000)
    }
}
