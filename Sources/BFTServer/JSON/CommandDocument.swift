internal import BFTApplication

/// Why a JSON document is no transaction, and where.
public struct CommandDocumentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The byte, from 0, at which reading stopped.
    public let offset: Int
    public let reason: String

    public var description: String { "\(reason), at byte \(offset)" }
}

/// A transaction as a JSON document: `{"command": ["SET", "k", "v"]}`, or several commands that
/// are executed together: `{"commands": [[…], […]]}`.
///
/// An argument is a string, a number (its spelling is taken) or `{"base64": "…"}`. Nothing else
/// is read, so nothing is nested deeper than the form asks for. Source: RFC 8259.
public struct CommandDocument {
    private let bytes: [UInt8]
    private var position = 0

    /// Returns the `CommandList` that `document` stands for, with the names in upper case.
    public static func commandList(of document: [UInt8]) throws(CommandDocumentError) -> [UInt8] {
        var reader = Self(bytes: document)
        return CommandList.encode(try reader.document())
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func document() throws(CommandDocumentError) -> [[[UInt8]]] {
        try expect("{", "expected an object")
        let name = try string("expected \"command\" or \"commands\"")
        try expect(":", "expected ':'")
        var commands: [[[UInt8]]] = []
        switch String(decoding: name, as: UTF8.self) {
        case "command": commands = [try command()]
        case "commands":
            try expect("[", "expected an array of commands")
            repeat {
                guard commands.count < CommandList.commandLimit else {
                    throw error("more than \(CommandList.commandLimit) commands")
                }
                commands.append(try command())
            } while take(",")
            try expect("]", "expected ',' or ']' after a command")
        default: throw error("expected \"command\" or \"commands\"")
        }
        try expect("}", "expected '}' and nothing else beside the commands")
        skipBlanks()
        guard position == bytes.count else { throw error("bytes after the end of the document") }
        return commands
    }

    private mutating func command() throws(CommandDocumentError) -> [[UInt8]] {
        try expect("[", "expected a command, an array of its name and arguments")
        let name = try string("expected the name of a command, a string")
        var arguments = [name.map { $0 &- UInt8(ascii: "a") < 26 ? $0 & 0xDF : $0 }]
        while take(",") {
            guard arguments.count < CommandList.argumentLimit else {
                throw error("more than \(CommandList.argumentLimit) arguments")
            }
            arguments.append(try argument())
        }
        try expect("]", "expected ',' or ']' after an argument")
        return arguments
    }

    private mutating func argument() throws(CommandDocumentError) -> [UInt8] {
        skipBlanks()
        switch peek ?? 0 {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "{"):
            position += 1
            let name = try string("expected \"base64\"")
            guard name == Array("base64".utf8) else { throw error("expected \"base64\"") }
            try expect(":", "expected ':'")
            guard let value = Base64.decode(try string("expected a string in base 64")) else {
                throw error("no base 64")
            }
            try expect("}", "expected '}'")
            return value
        default: return try string("expected an argument: a string, a number or {\"base64\": …}")
        }
    }

    private mutating func number() throws(CommandDocumentError) -> [UInt8] {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return Array(bytes[start..<position])
    }

    private mutating func digits() throws(CommandDocumentError) {
        let start = position
        while let digit = peek, digit &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    private mutating func string(_ reason: String) throws(CommandDocumentError) -> [UInt8] {
        try expect("\"", reason)
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard String(validating: text, as: UTF8.self) != nil else {
                    throw error("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(&text)
            case 0..<32: throw error("a control character in a string")
            default: text.append(byte)
            }
        }
        throw error("a string without an end")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(CommandDocumentError) {
        let byte = peek
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte ?? 0)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if value >> 10 == 0xD800 >> 10 {
                guard peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw error("half of a surrogate pair") }
                position += 2
                let low = try hexadecimal()
                guard low >> 10 == 0xDC00 >> 10 else { throw error("half of a surrogate pair") }
                value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw error("half of a surrogate pair")
            }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw error("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(CommandDocumentError) -> UInt32 {
        var value = UInt32(0)
        for _ in 0..<4 {
            guard let byte = peek, let digit = InlineCommand.digit(byte) else {
                throw error("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 32 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard peek == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func expect(
        _ mark: Unicode.Scalar, _ reason: String
    ) throws(CommandDocumentError) {
        guard take(mark) else { throw error(reason) }
    }

    private func error(_ reason: String) -> CommandDocumentError {
        CommandDocumentError(offset: position, reason: reason)
    }
}
