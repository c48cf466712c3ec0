import BFTBase

/// The commands once more over a plain dictionary, to compare with: slow and obvious.
struct ModelStore {
    struct Entry: Equatable {
        var value: [UInt8]
        var expiry: UInt64
    }

    var entries: [[UInt8]: Entry] = [:]
    var time: UInt64 = 0

    mutating func begin(_ time: UInt64) {
        self.time = time
        entries = entries.filter { $0.value.expiry == 0 || $0.value.expiry >= time }
    }

    private func number(_ key: [UInt8]) -> Int64? {
        guard let entry = entries[key] else { return 0 }
        guard let value = Int64(String(decoding: entry.value, as: UTF8.self)),
            Array(String(value).utf8) == entry.value
        else { return nil }
        return value
    }

    private func bulk(_ key: [UInt8]) -> String {
        guard let entry = entries[key] else { return "_|" }
        return "$\(entry.value.count)|" + text(entry.value) + "|"
    }

    private mutating func add(_ amount: Int64, _ key: [UInt8]) -> String {
        guard let value = number(key) else {
            return "-ERR value is not an integer or out of range|"
        }
        let (sum, overflow) = value.addingReportingOverflow(amount)
        if overflow { return "-ERR increment or decrement would overflow|" }
        entries[key] = Entry(
            value: Array(String(sum).utf8), expiry: entries[key]?.expiry ?? 0)
        return ":\(sum)|"
    }

    /// The reply to one command, which is well formed.
    mutating func run(_ words: [[UInt8]]) -> String {
        let key = words.count > 1 ? words[1] : []
        switch String(decoding: words[0], as: UTF8.self) {
        case "GET": return bulk(key)
        case "SET":
            entries[key] = Entry(value: words[2], expiry: 0)
            if words.count > 3 {
                let amount = UInt64(String(decoding: words[4], as: UTF8.self))!
                entries[key]!.expiry = time + amount
            }
            return "+OK|"
        case "SETNX":
            if entries[key] != nil { return ":0|" }
            entries[key] = Entry(value: words[2], expiry: 0)
            return ":1|"
        case "GETDEL":
            defer { entries[key] = nil }
            return bulk(key)
        case "DEL":
            let found = Set(words.dropFirst().filter { entries[$0] != nil })
            for key in found { entries[key] = nil }
            return ":\(found.count)|"
        case "EXISTS":
            return ":\(words.dropFirst().count { entries[$0] != nil })|"
        case "MGET":
            return "*\(words.count - 1)|" + words.dropFirst().map(bulk).joined()
        case "APPEND":
            entries[key, default: Entry(value: [], expiry: 0)].value += words[2]
            return ":\(entries[key]!.value.count)|"
        case "INCR": return add(1, key)
        case "PEXPIRE":
            guard entries[key] != nil else { return ":0|" }
            let amount = Int64(String(decoding: words[2], as: UTF8.self))!
            if amount <= 0 {
                entries[key] = nil
            } else {
                entries[key]!.expiry = time + UInt64(amount)
            }
            return ":1|"
        case "PERSIST":
            guard let entry = entries[key], entry.expiry != 0 else { return ":0|" }
            entries[key]!.expiry = 0
            return ":1|"
        case "PTTL":
            guard let entry = entries[key] else { return ":-2|" }
            return entry.expiry == 0 ? ":-1|" : ":\(entry.expiry - time)|"
        case "DBSIZE": return ":\(entries.count)|"
        case "FLUSHDB":
            entries = [:]
            return "+OK|"
        default: return "unknown to the model"
        }
    }
}

/// Random commands over few keys, so that they meet.
struct CommandSource {
    var random: SplitMix64
    let keyCount: Int

    init(seed: UInt64, keyCount: Int = 40) {
        random = SplitMix64(seed: seed)
        self.keyCount = keyCount
    }

    mutating func key() -> [UInt8] {
        let number = Int.random(in: 0..<keyCount, using: &random)
        // Keys of many lengths, the empty one too.
        return Array("key:\(number)".utf8.prefix(number == 7 ? 0 : 6))
            + Array(repeating: 0x78, count: number % 5 * 13)
    }

    mutating func value() -> [UInt8] {
        if Bool.random(using: &random) {
            return Array(String(Int.random(in: -5..<2_000, using: &random)).utf8)
        }
        let sizes = [0, 1, 15, 16, 31, 48, 64, 100, 200, 900, 1_000, 3_000]
        let size = sizes.randomElement(using: &random)!
        return (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    mutating func milliseconds() -> [UInt8] {
        Array(String(Int.random(in: 1..<400, using: &random)).utf8)
    }

    mutating func next() -> [[UInt8]] {
        let name = { (name: String) in Array(name.utf8) }
        switch Int.random(in: 0..<200, using: &random) {
        case 0: return [name("FLUSHDB")]
        case 1..<50: return [name("SET"), key(), value()]
        case 50..<75: return [name("SET"), key(), value(), name("PX"), milliseconds()]
        case 75..<85: return [name("SETNX"), key(), value()]
        case 85..<95: return [name("GETDEL"), key()]
        case 95..<110: return [name("DEL"), key(), key(), key()]
        case 110..<120: return [name("EXISTS"), key(), key()]
        case 120..<130: return [name("MGET"), key(), key()]
        case 130..<145: return [name("APPEND"), key(), value()]
        case 145..<160: return [name("INCR"), key()]
        case 160..<170: return [name("PEXPIRE"), key(), milliseconds()]
        case 170..<172: return [name("PEXPIRE"), key(), name("-1")]
        case 172..<180: return [name("PERSIST"), key()]
        case 180..<190: return [name("PTTL"), key()]
        case 190..<192: return [name("DBSIZE")]
        default: return [name("GET"), key()]
        }
    }
}
