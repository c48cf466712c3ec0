import BFTApplication
public import BFTBase

/// What one client asked for and was answered. A client waits for an answer before it asks again;
/// one whose answer never comes is never heard of again.
public struct ClientOperation: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        case get(key: Int)
        case set(key: Int, value: Int64)
        /// `SETNX`: answers 1 if there was no value, else 0 and changes nothing.
        case setIfAbsent(key: Int, value: Int64)
        /// `GETSET`: answers what was there before.
        case exchange(key: Int, value: Int64)
        /// `INCRBY`: answers the sum. A key that is missing counts as 0.
        case add(key: Int, value: Int64)
        /// `DEL`: answers how many keys there were.
        case delete(key: Int)
        /// `SET` with `PX` on a key of its own kind, which expires by the time of blocks.
        case setExpiring(key: Int, value: Int64, milliseconds: Int)
    }

    public enum Answer: Sendable, Equatable {
        case ok
        case integer(Int64)
        /// A value that is a number in decimal.
        case value(Int64)
        case missing
        /// What the store or the node refuses, in its words.
        case error(String)
    }

    public let client: Int
    public let node: ValidatorIndex
    public let action: Action
    public let invokedAt: Instant
    /// `nil`: nobody knows. The operation may take effect at any time later, or never.
    public internal(set) var answer: Answer?
    public internal(set) var answeredAt: Instant?
    /// The node said that it certainly did not and never will take effect.
    public internal(set) var isRefused = false
}

extension ClientOperation.Action {
    public var isRead: Bool {
        if case .get = self { return true }
        return false
    }

    /// The command as a client sends it.
    var command: [[UInt8]] {
        func bytes(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }
        return switch self {
        case .get(let key): bytes("GET", "key\(key)")
        case .set(let key, let value): bytes("SET", "key\(key)", "\(value)")
        case .setIfAbsent(let key, let value): bytes("SETNX", "key\(key)", "\(value)")
        case .exchange(let key, let value): bytes("GETSET", "key\(key)", "\(value)")
        case .add(let key, let value): bytes("INCRBY", "key\(key)", "\(value)")
        case .delete(let key): bytes("DEL", "key\(key)")
        case .setExpiring(let key, let value, let milliseconds):
            bytes("SET", "expiring\(key)", "\(value)", "PX", "\(milliseconds)")
        }
    }

    /// The write that `transaction` is, if it is one that a client here might ask for.
    init?(_ transaction: RawSpan) {
        guard var reader = try? CommandReader(transaction), reader.count == 1 else { return nil }
        var arguments = reader.next()
        var words: [String] = []
        while arguments.remaining > 0 {
            let bytes = arguments.next()
            words.append(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        guard words.count > 1, words[1].hasPrefix("key"), let key = Int(words[1].dropFirst(3))
        else { return nil }
        let value = words.count == 3 ? Int64(words[2]) : nil
        switch (words[0], value) {
        case ("SET", let value?): self = .set(key: key, value: value)
        case ("SETNX", let value?): self = .setIfAbsent(key: key, value: value)
        case ("GETSET", let value?): self = .exchange(key: key, value: value)
        case ("INCRBY", let value?): self = .add(key: key, value: value)
        case ("DEL", nil): self = .delete(key: key)
        default: return nil
        }
    }

    /// A transaction or a query with nothing but this command.
    var encoded: [UInt8] { CommandList.encode([command]) }
}

extension ClientOperation.Answer {
    /// Reads a result of the store: of the commands above, these are all there are.
    init(result: some Collection<UInt8>) {
        self =
            switch Reply(result) {
            case .ok: .ok
            case .null: .missing
            case .integer(let value): .integer(value)
            case .value(let digits): .init(digits: digits)
            case .error(let text): .error(String(decoding: text, as: UTF8.self))
            default: .error("no reply of the store: \(Array(result))")
            }
    }

    private init(digits: [UInt8]) {
        let text = String(decoding: digits, as: UTF8.self)
        self = Int64(text).map { .value($0) } ?? .error(text)
    }
}
