import KeyValueStore
import Testing

@Suite struct RedisReplyTests {
    /// The words of a line: parted by spaces, or in single quotes, with `\\`, `\r` and `\n`.
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        var characters = line.unicodeScalars.makeIterator()
        while let character = characters.next() {
            switch character {
            case "'":
                isQuoted.toggle()
                word = word ?? ""
            case " " where !isQuoted:
                if let done = word { words.append(done) }
                word = nil
            case "\\":
                let next = characters.next() ?? "\\"
                let meant: Unicode.Scalar = next == "r" ? "\r" : next == "n" ? "\n" : next
                word = (word ?? "") + String(meant)
            default: word = (word ?? "") + String(character)
            }
        }
        if let done = word { words.append(done) }
        return words
    }

    @Test("Every reply is the one that Redis gives")
    func recorded() {
        var replica = Replica(time: 1_700_000_000_000)
        var compared = 0
        for line in recordedReplies.split(separator: "\n") {
            if line.hasPrefix("---") {
                replica.run("FLUSHDB")
                continue
            }
            guard let mark = line.range(of: "  ==>  ") else {
                Issue.record("no reply in \(line)")
                continue
            }
            let words = Self.words(String(line[..<mark.lowerBound]))
            let reply = replica.block([command(words)])[0]
            #expect(reply == line[mark.upperBound...], "\(line)")
            compared += 1
        }
        #expect(compared > 250)
    }
}

extension Substring {
    /// Where `text` first stands.
    fileprivate func range(of text: String) -> Range<Index>? {
        indices.lazy.first { self[$0...].hasPrefix(text) }.map {
            $0..<index($0, offsetBy: text.count)
        }
    }
}
