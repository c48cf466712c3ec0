import BFTApplication

/// A store of strings, counters and hashes, small enough to be read at a glance.
struct DictionaryApplication {
    static let table = CommandTable([
        CommandRule("SET", arity: 3, .write),
        CommandRule("GET", arity: 2, .read),
        CommandRule("DEL", arity: -2, .write, keys: (1, -1, 1)),
        CommandRule("INCR", arity: 2, .write),
        CommandRule("INCRBY", arity: 3, .write),
        CommandRule("MSET", arity: -3, .write, keys: (1, -1, 2)),
        CommandRule("DBSIZE", arity: 1, .read, keys: (0, 0, 0)),
        CommandRule("FLUSHALL", arity: -1, .write, keys: (0, 0, 0)),
        CommandRule("GETMAP", arity: -2, .read, keys: (1, -1, 1)),
    ])

    private var values: [[UInt8]: [UInt8]] = [:]

    /// Executes a command list and returns its reply in RESP3.
    mutating func execute(_ list: [UInt8]) -> [UInt8] {
        let commands = decode(list)
        if commands.count == 1 { return executeOne(commands[0]) }
        return Array("*\(commands.count)\r\n".utf8) + commands.flatMap { executeOne($0) }
    }

    private mutating func executeOne(_ command: [[UInt8]]) -> [UInt8] {
        switch String(decoding: command[0], as: UTF8.self) {
        case "SET":
            values[command[1]] = command[2]
            return Array("+OK\r\n".utf8)
        case "GET": return bulk(values[command[1]])
        case "DEL":
            let removed = command.dropFirst().count { values.removeValue(forKey: $0) != nil }
            return Array(":\(removed)\r\n".utf8)
        case "INCR", "INCRBY":
            let step = command.count == 3 ? Int(String(decoding: command[2], as: UTF8.self)) : 1
            let old = String(decoding: values[command[1]] ?? [48], as: UTF8.self)
            guard let number = Int(old), let step else {
                return Array("-ERR value is not an integer or out of range\r\n".utf8)
            }
            values[command[1]] = Array(String(number + step).utf8)
            return Array(":\(number + step)\r\n".utf8)
        case "MSET":
            for position in stride(from: 1, to: command.count - 1, by: 2) {
                values[command[position]] = command[position + 1]
            }
            return Array("+OK\r\n".utf8)
        case "DBSIZE": return Array(":\(values.count)\r\n".utf8)
        case "FLUSHALL":
            values = [:]
            return Array("+OK\r\n".utf8)
        case "GETMAP":
            return Array("%\(command.count - 1)\r\n".utf8)
                + command.dropFirst().flatMap { bulk($0) + bulk(values[$0]) }
        default: return Array("-ERR no such command\r\n".utf8)
        }
    }

    private func bulk(_ value: [UInt8]?) -> [UInt8] {
        guard let value else { return Array("_\r\n".utf8) }
        return Array("$\(value.count)\r\n".utf8) + value + [13, 10]
    }
}

/// The commands of a `CommandList`, read by its documentation.
func decode(_ list: [UInt8]) -> [[[UInt8]]] {
    var rest = list[...]
    func number(_ byteCount: Int) -> Int {
        defer { rest = rest.dropFirst(byteCount) }
        return rest.prefix(byteCount).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let commands = (0..<number(2)).map { _ in
        (0..<number(2)).map { _ in
            let count = number(4)
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
    precondition(rest.isEmpty, "bytes behind a command list")
    return commands
}

/// The same as text.
func texts(_ list: [UInt8]) -> [[String]] {
    decode(list).map { $0.map { String(decoding: $0, as: UTF8.self) } }
}
