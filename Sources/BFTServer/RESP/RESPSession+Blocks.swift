internal import BFTApplication

/// What a client has told about itself.
struct ClientState: Sendable {
    var version = RESPVersion.two
    var isAuthenticated = false
    /// Whether the client asked for `READONLY`: reads are answered from the state of this node.
    var readsLocally = false
    var name: [UInt8] = []
    var libraryName: [UInt8] = []
    var libraryVersion: [UInt8] = []
}

/// The commands between `MULTI` and `EXEC`.
struct CommandBlock: Sendable {
    /// Encoded one after another as in a `CommandList`, without its head.
    var bytes: [UInt8] = []
    var count = 0
    /// Whether a command was refused, so that `EXEC` carries out none.
    var isDoomed = false
}

extension RESPSession {
    /// Puts a command into the block that is being gathered.
    mutating func queue(
        _ command: RawSpan, _ entry: CommandIndex.Entry, _ access: CommandRule.Access,
        _ output: inout [UInt8]
    ) {
        guard var gathered = block else { return }
        // One owner while it grows, so that it grows in place.
        block = nil
        defer { block = gathered }
        if !gathered.isDoomed {
            var byteCount = gathered.bytes.count + 2
            for argument in parser.arguments { byteCount += 4 + Int(argument.byteCount) }
            guard gathered.count < frontEnd.limits.blockCommandCount,
                byteCount <= frontEnd.limits.commandBytes
            else {
                gathered.isDoomed = true
                gathered.bytes = []
                output.replyError("ERR the transaction is too large")
                return
            }
            Self.append(command, parser.arguments, name: entry.name, to: &gathered.bytes)
            gathered.count += 1
        }
        output.replySimple("QUEUED")
    }

    mutating func beginBlock(_ output: inout [UInt8]) {
        guard block == nil else {
            return output.replyError("ERR MULTI calls can not be nested")
        }
        block = CommandBlock()
        output.replySimple("OK")
    }

    mutating func discardBlock(_ output: inout [UInt8]) {
        guard block != nil else { return output.replyError("ERR DISCARD without MULTI") }
        block = nil
        output.replySimple("OK")
    }

    func refuseWatch(_ output: inout [UInt8]) {
        guard block == nil else {
            return output.replyError("ERR WATCH inside MULTI is not allowed")
        }
        output.replyError(
            "ERR WATCH is not supported: a MULTI block is executed as one transaction of the "
                + "log, so put what it depends on into one command")
    }

    /// An error reply in the words of Redis: clients compare them.
    mutating func refuseUnknown(_ command: RawSpan, _ output: inout [UInt8]) {
        let name = argument(0, of: command)
        // What browsers send first when a page makes them talk to this port.
        if Self.matches(name, "POST") || Self.matches(name, "HOST:") {
            closure = .afterOutput
            return
        }
        var text = Array("-ERR unknown command '".utf8)
        Self.appendPrintable(name, atMost: 128, to: &text)
        text.append(contentsOf: "', with args beginning with: ".utf8)
        let start = text.count
        for position in 1..<max(1, parser.arguments.count) where text.count - start < 128 {
            let room = 128 - (text.count - start)
            text.append(UInt8(ascii: "'"))
            Self.appendPrintable(argument(position, of: command), atMost: room, to: &text)
            text.append(UInt8(ascii: "'"))
            text.append(UInt8(ascii: " "))
        }
        text.replyEnd()
        block?.isDoomed = true
        output.append(contentsOf: text)
    }

    /// Appends at most `limit` bytes, up to a NUL, with blanks for line ends: as Redis does.
    private static func appendPrintable(
        _ bytes: RawSpan, atMost limit: Int, to text: inout [UInt8]
    ) {
        for position in 0..<min(limit, bytes.byteCount) {
            let byte = bytes[position]
            guard byte != 0 else { return }
            text.append(byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") ? 32 : byte)
        }
    }

    /// Whether `bytes` spell `word`, which is in upper case, in any case.
    static func matches(_ bytes: RawSpan, _ word: StaticString) -> Bool {
        guard bytes.byteCount == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            for position in 0..<bytes.byteCount {
                let byte = bytes[position]
                let isLower = byte &- UInt8(ascii: "a") < 26
                guard (isLower ? byte & 0xDF : byte) == letters[position] else { return false }
            }
            return true
        }
    }

    /// The bytes of an argument as text, for an error reply.
    static func text(_ bytes: RawSpan, atMost limit: Int = 128) -> String {
        String(decoding: copy(bytes.extracting(first: limit)), as: UTF8.self)
    }

    static func copy(_ bytes: RawSpan) -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }

    /// The number that an argument spells, as Redis reads numbers.
    static func integer(_ bytes: RawSpan) -> Int? {
        Int(String(decoding: copy(bytes), as: UTF8.self))
    }
}
