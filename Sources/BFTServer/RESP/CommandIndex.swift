internal import BFTApplication

/// The commands that a session answers itself, since they are about the connection.
enum ConnectionCommand: String, CaseIterable, Sendable {
    case auth = "AUTH"
    case client = "CLIENT"
    case command = "COMMAND"
    case config = "CONFIG"
    case discard = "DISCARD"
    case echo = "ECHO"
    case exec = "EXEC"
    case hello = "HELLO"
    case info = "INFO"
    case multi = "MULTI"
    case ping = "PING"
    case quit = "QUIT"
    case readOnly = "READONLY"
    case readWrite = "READWRITE"
    case reset = "RESET"
    case select = "SELECT"
    case unwatch = "UNWATCH"
    case watch = "WATCH"

    /// As in Redis's `COMMAND`.
    var arity: Int {
        switch self {
        case .command, .hello, .info, .ping, .quit: -1
        case .auth, .client, .config, .watch: -2
        case .echo, .select: 2
        case .discard, .exec, .multi, .readOnly, .readWrite, .reset, .unwatch: 1
        }
    }

    /// Whether a client may send it before it has authenticated.
    var isOpenToAll: Bool {
        switch self {
        case .auth, .hello, .quit, .reset: true
        default: false
        }
    }

    /// Whether it is carried out at once within a `MULTI` block.
    var steersBlocks: Bool {
        switch self {
        case .multi, .exec, .discard, .watch, .quit, .reset: true
        default: false
        }
    }
}

/// Finds a command by its name, in any case, without allocating.
///
/// Names are packed into three words and looked up by open addressing: a dictionary keyed by
/// `String` would cost more than parsing the command did.
struct CommandIndex: Sendable {
    enum Target: Sendable, Equatable {
        case connection(ConnectionCommand)
        case ledger(CommandRule.Access)
    }

    struct Entry: Sendable {
        /// In upper case.
        let name: [UInt8]
        let rule: CommandRule
        let target: Target
    }

    struct Name: Equatable, Sendable {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)

        /// The name that `bytes` spell, or `nil` if it is longer than any command's.
        @inline(__always)
        init?(_ bytes: RawSpan) {
            guard bytes.byteCount <= 24, bytes.byteCount > 0 else { return nil }
            for position in 0..<bytes.byteCount {
                let byte = bytes[position]
                // The bytes of 0 pad a shorter name, so they can't be part of one.
                guard byte != 0 else { return nil }
                let isLower = byte &- UInt8(ascii: "a") < 26
                let upper = UInt64(isLower ? byte & 0xDF : byte)
                switch position >> 3 {
                case 0: words.0 |= upper << UInt64(8 * position)
                case 1: words.1 |= upper << UInt64(8 * (position - 8))
                default: words.2 |= upper << UInt64(8 * (position - 16))
                }
            }
        }

        var hash: UInt64 {
            var mixed = words.0 &* 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 29) ^ words.1) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 32) ^ words.2) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }

        static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    }

    let entries: [Entry]
    private var names: [Name] = []
    /// Positions in `entries`, or -1. A power of two, at most half full.
    private var slots: [Int32]

    /// - Precondition: the names are in upper case and at most 24 bytes long.
    init(_ table: CommandTable) {
        var entries = ConnectionCommand.allCases.map { command in
            Entry(
                name: Array(command.rawValue.utf8),
                rule: CommandRule(command.rawValue, arity: command.arity, .read, keys: (0, 0, 0)),
                target: .connection(command))
        }
        entries += table.rules.map {
            Entry(name: Array($0.name.utf8), rule: $0, target: .ledger($0.access))
        }
        var capacity = 64
        while capacity < 2 * entries.count { capacity *= 2 }
        slots = Array(repeating: -1, count: capacity)
        self.entries = entries
        for (position, entry) in entries.enumerated() {
            guard let name = Name(entry.name.span.bytes) else {
                preconditionFailure("'\(entry.rule.name)' is no name of a command")
            }
            names.append(name)
            var slot = Int(truncatingIfNeeded: name.hash) & (capacity - 1)
            while slots[slot] >= 0, names[Int(slots[slot])] != name {
                slot = (slot + 1) & (capacity - 1)
            }
            // The first of two entries wins: what is about the connection stays with the session.
            if slots[slot] < 0 { slots[slot] = Int32(position) }
        }
    }

    /// The position of the entry called `bytes`.
    func find(_ bytes: RawSpan) -> Int? {
        guard let name = Name(bytes) else { return nil }
        var slot = Int(truncatingIfNeeded: name.hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if names[position] == name { return position }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
