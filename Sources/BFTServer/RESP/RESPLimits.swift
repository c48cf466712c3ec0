internal import BFTApplication
public import BFTBase

/// What one client may ask of a node. All bounds of the RESP front end stand here.
public struct RESPLimits: Equatable, Sendable {
    /// The most arguments, with the name, of one command.
    public var argumentCount = 16_384
    /// The most bytes of one argument.
    public var bulkBytes = 512 << 10
    /// The most bytes of one command as it is sent, and of the commands of one `MULTI` block.
    public var commandBytes = 1 << 20
    /// The most bytes of one inline command.
    public var inlineBytes = 64 << 10
    /// The most commands of one `MULTI` block.
    public var blockCommandCount = 4_096
    /// The most commands of one session that wait for their answers.
    public var outstandingCommands = 4_096
    /// Above this many unsent bytes a session takes no more commands.
    public var outputBytesToPause = 1 << 20
    /// Above this many unsent bytes a session is cut: its client doesn't read.
    public var outputBytes = 32 << 20
    /// The most sessions of one node.
    public var clientCount = 10_000
    /// After this long without a byte either way a host closes an idle session. Zero: never.
    public var idleTimeout = Interval.zero

    public init() {}

    /// These limits, none above what a command list can hold.
    var clamped: Self {
        var limits = self
        limits.argumentCount = min(argumentCount, CommandList.argumentLimit)
        limits.blockCommandCount = min(blockCommandCount, CommandList.commandLimit)
        return limits
    }
}

/// Why what a client sends is not RESP. The session answers with the text and closes: after such
/// an error nobody knows where the next command begins.
public enum RESPProtocolError: Error, Equatable, Sendable, CustomStringConvertible {
    case inlineTooLong
    case unbalancedQuotes
    case badArgumentCount
    case argumentCountUnauthenticated
    case bulkExpected(found: UInt8)
    case badBulkLength
    case bulkLengthUnauthenticated
    case bulkNotTerminated
    case commandTooLong

    /// The text that Redis gives, where Redis knows the error.
    public var description: String {
        switch self {
        case .inlineTooLong: "too big inline request"
        case .unbalancedQuotes: "unbalanced quotes in request"
        case .badArgumentCount: "invalid multibulk length"
        case .argumentCountUnauthenticated: "unauthenticated multibulk length"
        case .bulkExpected(let found): "expected '$', got '\(Self.printable(found))'"
        case .badBulkLength: "invalid bulk length"
        case .bulkLengthUnauthenticated: "unauthenticated bulk length"
        case .bulkNotTerminated: "expected CRLF after a bulk string"
        case .commandTooLong: "too big command"
        }
    }

    private static func printable(_ byte: UInt8) -> Character {
        byte >= 32 && byte < 127 ? Character(UnicodeScalar(byte)) : " "
    }
}
