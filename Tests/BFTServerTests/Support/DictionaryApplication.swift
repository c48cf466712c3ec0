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

    /// Executes a command list and returns its reply.
    mutating func execute(_ list: [UInt8]) -> [UInt8] {
        let commands = decode(list)
        var result = ResultWriter()
        if commands.count != 1 { result.list(commands.count) }
        for command in commands { execute(command, &result) }
        return result.bytes
    }

    private mutating func execute(_ command: [[UInt8]], _ result: inout ResultWriter) {
        switch String(decoding: command[0], as: UTF8.self) {
        case "SET":
            values[command[1]] = command[2]
            result.ok()
        case "GET": write(values[command[1]], &result)
        case "DEL":
            let removed = command.dropFirst().count { values.removeValue(forKey: $0) != nil }
            result.integer(Int64(removed))
        case "INCR", "INCRBY":
            let step = command.count == 3 ? Int(String(decoding: command[2], as: UTF8.self)) : 1
            let old = String(decoding: values[command[1]] ?? [48], as: UTF8.self)
            guard let number = Int(old), let step else {
                return result.error("ERR value is not an integer or out of range")
            }
            values[command[1]] = Array(String(number + step).utf8)
            result.integer(Int64(number + step))
        case "MSET":
            for position in stride(from: 1, to: command.count - 1, by: 2) {
                values[command[position]] = command[position + 1]
            }
            result.ok()
        case "DBSIZE": result.integer(Int64(values.count))
        case "FLUSHALL":
            values = [:]
            result.ok()
        case "GETMAP":
            result.map(command.count - 1)
            for key in command.dropFirst() {
                write(key, &result)
                write(values[key], &result)
            }
        default: result.error("ERR no such command")
        }
    }

    private func write(_ value: [UInt8]?, _ result: inout ResultWriter) {
        guard let value else { return result.null() }
        result.value(value.span.bytes)
    }
}

/// Bytes that `write` made.
func reply(_ write: (inout ResultWriter) -> Void) -> [UInt8] {
    var result = ResultWriter()
    write(&result)
    return result.bytes
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
