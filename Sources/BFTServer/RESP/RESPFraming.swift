internal import BFTApplication

/// Frames the replies of an application for a client, in the protocol that it speaks.
///
/// A reply is a row of parts, each of which has its form in either protocol: in RESP2 a map of n
/// entries is an array of 2n. So one pass over the parts does it, without recursion, however deep
/// the reply is.
///
/// Source: the RESP3 specification, github.com/redis/redis-specifications; the choices for RESP2
/// are those of Redis 7.
enum RESPFraming {
    /// Appends `reply` to `output` and returns whether it was one whole reply. If not, nothing is
    /// appended.
    static func append(
        _ reply: RawSpan, _ version: RESPVersion, to output: inout [UInt8]
    ) -> Bool {
        let start = output.count
        var reader = ReplyReader(reply)
        do {
            var pending = 1
            while pending > 0 {
                pending += append(try reader.next(), of: reply, version, to: &output) - 1
            }
            try reader.finish()
            return true
        } catch {
            output.removeSubrange(start...)
            return false
        }
    }

    /// Appends one part, and returns how many replies follow that belong to it.
    private static func append(
        _ part: ReplyReader.Part, of reply: RawSpan, _ version: RESPVersion,
        to output: inout [UInt8]
    ) -> Int {
        switch part {
        case .null: output.replyNull(version)
        case .ok: output.replySimple("OK")
        case .status(let range): line(UInt8(ascii: "+"), reply.extracting(range), &output)
        case .error(let range): line(UInt8(ascii: "-"), reply.extracting(range), &output)
        case .integer(let value): output.replyInteger(Int(value))
        case .value(let range): output.replyBulk(reply.extracting(range))
        case .list(let count):
            output.replyArray(count)
            return count
        case .map(let count):
            output.replyMap(count, version)
            return 2 * count
        }
        return 0
    }

    /// A line of text. What would end it becomes a blank, as in Redis.
    private static func line(_ kind: UInt8, _ text: RawSpan, _ output: inout [UInt8]) {
        output.append(kind)
        for position in 0..<text.byteCount {
            let byte = text[position]
            output.append(byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") ? 32 : byte)
        }
        output.replyEnd()
    }
}
