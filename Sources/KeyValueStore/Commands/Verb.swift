import BFTApplication

/// The commands of the store.
enum Verb: UInt8, CaseIterable {
    case get, set, setnx, getset, getdel, mget, mset, del, unlink, exists
    case incr, incrby, decr, decrby, append, strlen
    case expire, pexpire, ttl, pttl, persist
    case type, keys, scan, dbsize, flushdb

    /// What a front end must know. The arities are those of Redis.
    var rule: CommandRule {
        switch self {
        case .get: CommandRule("GET", arity: 2, .read)
        case .set: CommandRule("SET", arity: -3, .write)
        case .setnx: CommandRule("SETNX", arity: 3, .write)
        case .getset: CommandRule("GETSET", arity: 3, .write)
        case .getdel: CommandRule("GETDEL", arity: 2, .write)
        case .mget: CommandRule("MGET", arity: -2, .read, keys: (1, -1, 1))
        case .mset: CommandRule("MSET", arity: -3, .write, keys: (1, -1, 2))
        case .del: CommandRule("DEL", arity: -2, .write, keys: (1, -1, 1))
        case .unlink: CommandRule("UNLINK", arity: -2, .write, keys: (1, -1, 1))
        case .exists: CommandRule("EXISTS", arity: -2, .read, keys: (1, -1, 1))
        case .incr: CommandRule("INCR", arity: 2, .write)
        case .incrby: CommandRule("INCRBY", arity: 3, .write)
        case .decr: CommandRule("DECR", arity: 2, .write)
        case .decrby: CommandRule("DECRBY", arity: 3, .write)
        case .append: CommandRule("APPEND", arity: 3, .write)
        case .strlen: CommandRule("STRLEN", arity: 2, .read)
        case .expire: CommandRule("EXPIRE", arity: -3, .write)
        case .pexpire: CommandRule("PEXPIRE", arity: -3, .write)
        case .ttl: CommandRule("TTL", arity: 2, .read)
        case .pttl: CommandRule("PTTL", arity: 2, .read)
        case .persist: CommandRule("PERSIST", arity: 2, .write)
        case .type: CommandRule("TYPE", arity: 2, .read)
        case .keys: CommandRule("KEYS", arity: 2, .read, keys: (0, 0, 0))
        case .scan: CommandRule("SCAN", arity: -2, .read, keys: (0, 0, 0))
        case .dbsize: CommandRule("DBSIZE", arity: 1, .read, keys: (0, 0, 0))
        case .flushdb: CommandRule("FLUSHDB", arity: -1, .write, keys: (0, 0, 0))
        }
    }
}

/// Finds a verb by its name: a hash table of the names as integers, sized so that looking up is
/// one or two comparisons.
struct VerbTable: Sendable {
    struct Entry: Sendable {
        var name: UInt64
        var verb: Verb
        var arity: Int
        var isRead: Bool
    }

    static let shared = VerbTable()

    private var places: [Entry?] = Array(repeating: nil, count: 128)

    private init() {
        for verb in Verb.allCases {
            let rule = verb.rule
            var name: UInt64 = 0
            for byte in rule.name.utf8.reversed() { name = name << 8 | UInt64(byte) }
            var position = Self.position(name)
            while places[position] != nil { position = (position + 1) & 127 }
            places[position] = Entry(
                name: name, verb: verb, arity: rule.arity, isRead: rule.access == .read)
        }
    }

    @inline(__always)
    private static func position(_ name: UInt64) -> Int {
        Int(truncatingIfNeeded: (name &* 0x9E37_79B9_7F4A_7C15) >> 57)
    }

    /// The command called `name`, in upper case.
    @inline(__always)
    subscript(name: RawSpan) -> Entry? {
        let count = name.byteCount
        guard count > 0, count <= 8 else { return nil }
        var word: UInt64 = 0
        for offset in 0..<count {
            let byte = unsafe name.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            // A name with a zero byte spells no other name's integer.
            guard byte != 0 else { return nil }
            word |= UInt64(byte) << UInt64(8 * offset)
        }
        var position = Self.position(word)
        while let entry = places[position] {
            if entry.name == word { return entry }
            position = (position + 1) & 127
        }
        return nil
    }
}
