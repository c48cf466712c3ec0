public import BFTApplication
internal import BFTBase

/// What all sessions of a node have in common.
public final class RESPFrontEnd: Sendable {
    public let limits: RESPLimits
    /// What a client has to authenticate with, or `nil` if anybody may send commands.
    let password: [UInt8]?
    let commands: CommandIndex
    let ledgerCommands: CommandTable
    /// The replies of `CONFIG GET`, by name.
    let settings: [(name: String, value: String)]

    /// The version of Redis whose commands and error texts this front end follows. Clients look
    /// at it to decide what they may send.
    public static let redisVersion = "7.0.15"

    /// - Parameter table: the commands of the application. Those that a session answers itself
    ///   (`PING`, `MULTI`, …) can't be replaced by it.
    /// - Precondition: the names in `table` are in upper case and at most 24 bytes long.
    public init(table: CommandTable, limits: RESPLimits = RESPLimits(), password: [UInt8]? = nil) {
        let limits = limits.clamped
        self.limits = limits
        self.password = password
        self.ledgerCommands = table
        self.commands = CommandIndex(table)
        settings = [
            // What redis-benchmark and libraries ask for. Every write is in the log: the
            // nearest that Redis has is an append-only file that is synced each time.
            ("appendfsync", "always"), ("appendonly", "yes"), ("databases", "1"),
            ("maxclients", String(limits.clientCount)), ("maxmemory", "0"),
            ("maxmemory-policy", "noeviction"), ("proto-max-bulk-len", String(limits.bulkBytes)),
            ("save", ""), ("timeout", String(limits.idleTimeout.nanoseconds / 1_000_000_000)),
        ]
    }

    /// What a host sends to a connection that is one too many, before it closes it.
    public static let tooManyClients = Array("-ERR max number of clients reached\r\n".utf8)

    /// Whether `candidate` is the password. The time that it takes depends on the length of
    /// `candidate` alone, so that a client can't find the password byte by byte.
    func isPassword(_ candidate: RawSpan) -> Bool {
        guard let password, !password.isEmpty else { return false }
        var difference = UInt(bitPattern: password.count ^ candidate.byteCount)
        for position in 0..<candidate.byteCount {
            difference |= UInt(candidate[position] ^ password[position % password.count])
        }
        return difference == 0
    }
}
