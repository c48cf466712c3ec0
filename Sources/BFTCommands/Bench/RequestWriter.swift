import BFTBase

/// The kinds of requests that `bft bench` sends.
package enum BenchCommand: String, CaseIterable, Sendable, ExpressibleByArgument {
    case set, get, incr
    /// Half of the requests set, half get.
    case mix
}

/// Writes RESP requests with random keys.
///
/// Each kind of request is built once; for a request, it is copied and twelve digits of its key
/// are overwritten, which costs tens of nanoseconds.
struct RequestWriter {
    private struct Template {
        let bytes: [UInt8]
        /// Where the digits of the key begin.
        let digits: Int
    }

    private static let digitCount = 12

    private let templates: [Template]
    private let keyspace: UInt64
    private var random: SplitMix64

    /// - Precondition: `keyspace` is positive.
    init(_ command: BenchCommand, valueBytes: Int, keyspace: UInt64, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let value = (0..<valueBytes).map { _ in letters[Int(random.next() % 36)] }
        let set = Self.template("SET", prefix: "key:", value: value)
        let get = Self.template("GET", prefix: "key:", value: nil)
        // Counters have keys of their own: SET would leave them text.
        let increment = Self.template("INCR", prefix: "counter:", value: nil)
        switch command {
        case .set: templates = [set]
        case .get: templates = [get]
        case .incr: templates = [increment]
        case .mix: templates = [set, get]
        }
        self.keyspace = keyspace
        self.random = random
    }

    private static func template(_ name: String, prefix: String, value: [UInt8]?) -> Template {
        let keyCount = prefix.utf8.count + digitCount
        var bytes = Array("*\(value == nil ? 2 : 3)\r\n$\(name.utf8.count)\r\n\(name)\r\n".utf8)
        bytes += Array("$\(keyCount)\r\n\(prefix)".utf8)
        let digits = bytes.count
        bytes += [UInt8](repeating: UInt8(ascii: "0"), count: digitCount)
        bytes += [13, 10]
        if let value { bytes += Array("$\(value.count)\r\n".utf8) + value + [13, 10] }
        return Template(bytes: bytes, digits: digits)
    }

    /// Appends one request.
    mutating func append(to buffer: inout [UInt8]) {
        let draw = random.next()
        let template =
            templates.count == 1 ? templates[0] : templates[Int(draw >> 63) % templates.count]
        let start = buffer.count
        buffer.append(contentsOf: template.bytes)
        var key = (draw & (.max >> 1)) % keyspace
        var position = start + template.digits + Self.digitCount - 1
        while key > 0, position >= start + template.digits {
            buffer[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: key % 10)
            key /= 10
            position -= 1
        }
    }
}
