public import BFTApplication
public import BFTBase
import BFTWire

/// The built-in application: a replicated store of strings that understands the commands of Redis.
///
/// A transaction or a query is a `CommandList`; the result is a `Reply`. A list with one
/// command has that command's reply, any other a list of replies, as `EXEC` has. The commands of
/// a list are carried out together and in order; one that fails leaves its error in the array and
/// stops no other.
///
/// The state is kept in memory and emitted as changes at the end of each block. The only clock is
/// the agreed time of the block.
///
/// - Invariant K1: what `execute` and `end` do is a function of the entries, the block and the
///   transactions. The history behind the entries doesn't show.
/// - Invariant K2: a transaction that is not a well-formed list changes nothing.
public struct KeyValueStore: Application, Sendable {
    var database = BufferedDatabase()
    public internal(set) var stateRoot: Digest

    /// A store without entries.
    public init() {
        stateRoot = StateRoot.digest(entries: .zero, count: 0, time: 0)
    }

    /// The commands of the store.
    public static let commandTable: CommandTable? = CommandTable(Verb.allCases.map(\.rule))

    /// The entries, and those that expired but are not removed yet. What `DBSIZE` replies.
    public var count: Int { database.unflushed.keyspace.count }

    // MARK: Blocks

    /// Takes over the time and removes what has expired, at most
    /// `KeyValueLimits.expirationsPerBlock` entries, the longest expired first.
    public mutating func begin(_ block: BlockContext) {
        database.flushed.begin(block.time.milliseconds)
    }

    public mutating func execute(_ transaction: RawSpan, result: inout ResultWriter) {
        defer { result.end() }
        guard var reader = try? CommandReader(transaction) else {
            return result.malformed()
        }
        if reader.count != 1 { result.list(reader.count) }
        while reader.remaining > 0 {
            var command = reader.next()
            let name = command.next()
            guard let entry = VerbTable.shared[name] else {
                result.unknownCommand(name, command)
                continue
            }
            guard Self.accepts(entry.arity, command.count) else {
                result.wrongArgumentCount(entry.verb)
                continue
            }
            if entry.verb == .set, command.remaining == 2 {
                setPlainly(command.next(), command.next(), &result)
            } else {
                database.flushed.execute(entry.verb, isRead: entry.isRead, &command, &result)
            }
        }
    }

    /// `SET` without options.
    @inline(__always)
    private mutating func setPlainly(
        _ key: RawSpan, _ value: RawSpan, _ result: inout ResultWriter
    ) {
        guard Database.isWithinLimits(key, value.byteCount, &result) else { return }
        database.set(key, value)
        result.ok()
    }

    public mutating func save(into changes: inout some StateSink) {
        database.flushed.save(into: &changes)
    }

    public mutating func end() -> Digest {
        stateRoot = database.flushed.commit()
        return stateRoot
    }

    private static func accepts(_ arity: Int, _ count: Int) -> Bool {
        arity < 0 ? count >= -arity : count == arity
    }

    // MARK: Queries

    /// Answers from the state as of the last block. Commands that write have an error for answer.
    ///
    /// Between `begin` and `end` an answer may hold some of the block's writes and lack others.
    public func query(_ request: RawSpan, answer: inout ResultWriter) {
        defer { answer.end() }
        guard var reader = try? CommandReader(request) else { return answer.malformed() }
        var allowance = Allowance.query
        if reader.count != 1 { answer.list(reader.count) }
        while reader.remaining > 0 {
            var command = reader.next()
            let name = command.next()
            guard let entry = VerbTable.shared[name] else {
                answer.unknownCommand(name, command)
                continue
            }
            guard Self.accepts(entry.arity, command.count) else {
                answer.wrongArgumentCount(entry.verb)
                continue
            }
            guard entry.isRead else {
                answer.error("ERR a command that writes can't be a query")
                continue
            }
            database.unflushed.read(entry.verb, &command, &allowance, &answer)
        }
    }
}

extension ResultWriter {
    mutating func malformed() { error("ERR the transaction is not a list of commands") }

    mutating func wrongArgumentCount(_ verb: Verb) {
        error(Array("ERR wrong number of arguments for '\(verb)' command".utf8))
    }

    /// As Redis says it: the name, and the arguments until they are 128 bytes.
    mutating func unknownCommand(_ name: RawSpan, _ arguments: borrowing CommandArguments) {
        var text = Array("ERR unknown command '".utf8)
        Self.append(name, upTo: 128, to: &text)
        text += Array("', with args beginning with: ".utf8)
        var quoted: [UInt8] = []
        var rest = copy arguments
        while rest.remaining > 0, quoted.count < 128 {
            quoted.append(UInt8(ascii: "'"))
            Self.append(rest.next(), upTo: 128 - (quoted.count - 1), to: &quoted)
            quoted += Array("' ".utf8)
        }
        error(text + quoted)
    }

    private static func append(_ bytes: RawSpan, upTo limit: Int, to text: inout [UInt8]) {
        let part = bytes.extracting(first: max(0, limit))
        unsafe part.withUnsafeBytes { unsafe text.append(contentsOf: $0) }
    }
}
