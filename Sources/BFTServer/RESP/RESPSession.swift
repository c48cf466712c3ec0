internal import BFTApplication

/// One client's connection, without the connection: bytes in, replies out.
///
/// Replies come in the order of the commands. To hold to that without a queue of replies, a
/// session has either writes or reads under way, never both:
/// - writes follow each other at once, each into the open batch;
/// - a read behind writes of the same session goes through the log as well, so it sees them;
/// - reads follow each other; a write behind reads waits until they are answered, and so does
///   whatever the session answers itself behind either.
///
/// A session that waits consumes nothing. Its host keeps the unread bytes, stops reading from the
/// connection, and calls `receive` again when what `pause` names is over.
public struct RESPSession: Sendable {
    /// Why `receive` stopped before the end of its input, or that it didn't.
    public enum Pause: Equatable, Sendable {
        /// More bytes of the client are needed.
        case input
        /// Commands under way have to be answered first.
        case answers
        /// The gateway was busy.
        case gateway
        /// The client has to read what is there for it first.
        case output
    }

    /// How a session is over.
    public enum Closure: Equatable, Sendable {
        /// Close when the replies that are there are sent.
        case afterOutput
        /// Close now: the client doesn't read.
        case now
    }

    enum Traffic: Sendable {
        case none
        case writes
        case reads
    }

    public let id: SessionID
    public internal(set) var pause = Pause.input
    public internal(set) var closure: Closure?
    /// How many commands were passed on and not answered yet.
    public private(set) var outstandingCount = 0
    /// How many commands were taken from the client, for metrics.
    public private(set) var commandCount: UInt64 = 0
    /// The bytes that the host took from the output and that the kernel hasn't taken yet.
    public var unsentByteCount = 0

    let frontEnd: RESPFrontEnd
    var parser: RESPParser
    var client = ClientState()
    var block: CommandBlock?
    private var traffic = Traffic.none
    /// Of the commands under way, counted from the first of the session, those that make up an
    /// `EXEC` of one command: their answers become arrays of one.
    private var soleAnswers: [UInt64] = []
    private var answeredCount: UInt64 = 0

    public init(id: SessionID, frontEnd: RESPFrontEnd) {
        self.id = id
        self.frontEnd = frontEnd
        parser = RESPParser(limits: frontEnd.limits)
        client.isAuthenticated = frontEnd.password == nil
        parser.isRestricted = !client.isAuthenticated
    }

    /// Whether the host should read from the connection.
    public var wantsInput: Bool { pause == .input && closure == nil }

    /// Takes commands from the start of `input`, which holds all bytes that were not consumed
    /// yet. Appends replies to `output`, which holds the bytes that the host didn't take yet.
    ///
    /// Returns how many bytes are consumed. The rest, at most one command's bytes if `pause` is
    /// `.input`, must stand at the start of the next call's input.
    public mutating func receive(
        _ input: RawSpan, gateway: inout some CommandGateway, output: inout [UInt8]
    ) -> Int {
        var consumed = 0
        pause = .input
        while closure == nil {
            guard output.count + unsentByteCount <= frontEnd.limits.outputBytesToPause else {
                pause = .output
                return consumed
            }
            switch parser.next(input, from: consumed) {
            case .incomplete: return consumed
            case .nothing(let byteCount): consumed += byteCount
            case .failed(let error):
                guard isQuiet() else { return consumed }
                output.replyError("ERR Protocol error: \(error)")
                closure = .afterOutput
                return input.byteCount
            case .command(let byteCount):
                let isTaken: Bool
                if let line = parser.inlineBytes {
                    isTaken = take(line.span.bytes, &gateway, &output)
                } else {
                    let command = input.extracting(consumed..<consumed + byteCount)
                    isTaken = take(command, &gateway, &output)
                }
                guard isTaken else { return consumed }
                commandCount &+= 1
                consumed += byteCount
            }
            parser.consume()
        }
        return closure == nil ? consumed : input.byteCount
    }

    /// The argument at `position` of the command that the parser found.
    @_lifetime(copy command)
    func argument(_ position: Int, of command: RawSpan) -> RawSpan {
        command.extracting(parser.arguments[position].range)
    }

    /// Whether nothing is under way, so that the session may answer by itself. If something is,
    /// notes that the session waits for it.
    mutating func isQuiet() -> Bool {
        if outstandingCount > 0 { pause = .answers }
        return outstandingCount == 0
    }

    /// Takes the command that the parser found, or notes in `pause` why it can't now.
    private mutating func take(
        _ command: RawSpan, _ gateway: inout some CommandGateway, _ output: inout [UInt8]
    ) -> Bool {
        let name = argument(0, of: command)
        guard let position = frontEnd.commands.find(name) else {
            guard isQuiet() else { return false }
            refuseUnknown(command, &output)
            return true
        }
        let entry = frontEnd.commands.entries[position]
        guard entry.rule.accepts(argumentCount: parser.arguments.count) else {
            guard isQuiet() else { return false }
            refuse(
                "ERR wrong number of arguments for '\(entry.rule.name.lowercased())' command",
                &output)
            return true
        }
        if case .ledger(let access) = entry.target, client.isAuthenticated, block == nil {
            return pass(command, entry, access, &gateway, &output)
        }
        guard isQuiet() else { return false }
        if !client.isAuthenticated {
            guard case .connection(let own) = entry.target, own.isOpenToAll else {
                refuse("NOAUTH Authentication required.", &output)
                return true
            }
        }
        switch entry.target {
        case .ledger(let access): queue(command, entry, access, &output)
        case .connection(.exec): return execute(&gateway, &output)
        case .connection(let own):
            if block != nil && !own.steersBlocks {
                refuse("ERR Command not allowed inside a transaction", &output)
            } else {
                answer(own, command, gateway, &output)
            }
        }
        return true
    }

    /// Passes a command of the application on.
    private mutating func pass(
        _ command: RawSpan, _ entry: CommandIndex.Entry, _ access: CommandRule.Access,
        _ gateway: inout some CommandGateway, _ output: inout [UInt8]
    ) -> Bool {
        let throughLog = access == .write || traffic == .writes
        guard !(throughLog && traffic == .reads), hasRoom() else {
            pause = .answers
            return false
        }
        let arguments = parser.arguments
        var limit = 4
        for argument in arguments { limit += 4 + Int(argument.byteCount) }
        let admission: Admission
        if throughLog {
            admission = gateway.submit(id, upTo: limit) { buffer in
                CommandList.begin(1, into: &buffer)
                Self.append(command, arguments, name: entry.name, to: &buffer)
            }
        } else {
            admission = gateway.read(id, local: client.readsLocally, upTo: limit) { buffer in
                CommandList.begin(1, into: &buffer)
                Self.append(command, arguments, name: entry.name, to: &buffer)
            }
        }
        return settle(admission, throughLog ? .writes : .reads, &output)
    }

    /// Draws the consequences of what the gateway said.
    private mutating func settle(
        _ admission: Admission, _ kind: Traffic, _ output: inout [UInt8]
    ) -> Bool {
        switch admission {
        case .accepted:
            traffic = kind
            outstandingCount += 1
            return true
        case .busy:
            pause = .gateway
            return false
        case .refused(let text):
            guard isQuiet() else { return false }
            refuse(text, &output)
            return true
        }
    }

    private func hasRoom() -> Bool { outstandingCount < frontEnd.limits.outstandingCommands }

    /// Appends one command in the encoding of `CommandList`.
    static func append(
        _ command: RawSpan, _ arguments: [RESPParser.Argument], name: [UInt8],
        to buffer: inout [UInt8]
    ) {
        CommandList.command(arguments.count, into: &buffer)
        name.withUnsafeBytes { CommandList.argument($0, into: &buffer) }
        for position in 1..<arguments.count {
            command.extracting(arguments[position].range).withUnsafeBytes {
                CommandList.argument($0, into: &buffer)
            }
        }
    }

    /// An error reply, which also dooms the block that is being gathered.
    mutating func refuse(_ text: String, _ output: inout [UInt8]) {
        block?.isDoomed = true
        output.replyError(text)
    }

    /// Sends off the block that was gathered.
    private mutating func execute(
        _ gateway: inout some CommandGateway, _ output: inout [UInt8]
    ) -> Bool {
        guard let gathered = block else {
            output.replyError("ERR EXEC without MULTI")
            return true
        }
        if gathered.isDoomed || gathered.count == 0 {
            block = nil
            if gathered.isDoomed {
                output.replyError("EXECABORT Transaction discarded because of previous errors.")
            } else {
                output.replyArray(0)
            }
            return true
        }
        let admission = gateway.submit(id, upTo: 2 + gathered.bytes.count) { buffer in
            CommandList.begin(gathered.count, into: &buffer)
            buffer.append(contentsOf: gathered.bytes)
        }
        let isTaken = settle(admission, .writes, &output)
        if isTaken {
            block = nil
            if admission == .accepted && gathered.count == 1 {
                soleAnswers.append(answeredCount + UInt64(outstandingCount) - 1)
            }
        }
        return isTaken
    }

    // MARK: Answers

    /// The answer to the oldest write under way: a `Reply`, as the application wrote it.
    ///
    /// - Precondition: writes are under way.
    public mutating func writeAnswered(_ result: RawSpan, output: inout [UInt8]) {
        precondition(traffic == .writes, "an answer to no write")
        answered(result, &output)
    }

    /// The answer to the oldest read under way, likewise.
    ///
    /// - Precondition: reads are under way.
    public mutating func readAnswered(_ result: RawSpan, output: inout [UInt8]) {
        precondition(traffic == .reads, "an answer to no read")
        answered(result, &output)
    }

    /// Answers the oldest command under way with an error, which has its code in front:
    /// `UNKNOWN the node stops: the command may be carried out or not`.
    ///
    /// - Precondition: a command is under way.
    public mutating func failed(_ text: String, output: inout [UInt8]) {
        _ = settleOldest()
        output.replyError(text)
        cutIfOverrun(output)
    }

    /// Answers all commands under way with an error. Whatever answers to them still come must not
    /// be given to the session any more.
    public mutating func failedAll(_ text: String, output: inout [UInt8]) {
        while outstandingCount > 0 { failed(text, output: &output) }
    }

    private mutating func answered(_ result: RawSpan, _ output: inout [UInt8]) {
        if settleOldest() { output.replyArray(1) }
        if !RESPFraming.append(result, client.version, to: &output) {
            output.replyError("ERR the application gave no well-formed reply")
        }
        cutIfOverrun(output)
    }

    /// Counts the oldest command under way as answered. Returns whether it was an `EXEC` of one.
    private mutating func settleOldest() -> Bool {
        precondition(outstandingCount > 0, "an answer to no command")
        let number = answeredCount
        answeredCount += 1
        outstandingCount -= 1
        if outstandingCount == 0 { traffic = .none }
        guard soleAnswers.first == number else { return false }
        soleAnswers.removeFirst()
        return true
    }

    private mutating func cutIfOverrun(_ output: [UInt8]) {
        if output.count + unsentByteCount > frontEnd.limits.outputBytes { closure = .now }
    }
}
