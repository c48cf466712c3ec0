/// Finds the commands in the bytes that a client sends.
///
/// The parser holds no input. It is shown the unread bytes again when more have come and goes on
/// where it stopped, so that a command that comes in many pieces is read once. What it finds are
/// the places of the arguments, in one array that it keeps: nothing is allocated for an argument.
///
/// Source: the Redis serialization protocol specification, "Sending commands to a Redis server"
/// and "Inline commands".
public struct RESPParser: Sendable {
    /// Where an argument stands, counted from the first byte of its command.
    public struct Argument: Equatable, Sendable {
        public let offset: UInt32
        public let byteCount: UInt32

        @inline(__always)
        init(offset: Int, byteCount: Int) {
            self.offset = UInt32(truncatingIfNeeded: offset)
            self.byteCount = UInt32(truncatingIfNeeded: byteCount)
        }

        public var range: Range<Int> { Int(offset)..<Int(offset) + Int(byteCount) }
    }

    /// What the unread bytes begin with.
    public enum Step: Equatable, Sendable {
        /// A part of a command.
        case incomplete
        /// Bytes that ask for nothing, such as an empty line.
        case nothing(byteCount: Int)
        /// A command of this many bytes. Its arguments stand in `arguments`.
        case command(byteCount: Int)
        /// No command.
        case failed(RESPProtocolError)
    }

    private enum State: Sendable {
        case fresh
        /// Within an array: this many bulk strings are still to come.
        case array(remaining: Int)
        /// Within a line: the first `cursor` bytes hold no line feed.
        case line
        /// Found, and not consumed yet.
        case found(Step)
    }

    public let limits: RESPLimits
    /// Whether the client has yet to authenticate: it may send only as much as that takes.
    public var isRestricted = false
    /// The arguments of the command that was found.
    public private(set) var arguments: [Argument] = []
    /// For an inline command the bytes that `arguments` point into instead of the input: quotes
    /// and escapes are undone there.
    public private(set) var inlineBytes: [UInt8]?

    private var state = State.fresh
    /// The bytes of the command that were read.
    private var cursor = 0
    /// The length of the bulk string at `cursor`, once its head was read.
    private var bulkByteCount = -1

    public init(limits: RESPLimits = RESPLimits()) { self.limits = limits.clamped }

    /// Reads on in `input`, where the command that is being read begins at `start`.
    ///
    /// A found command is found again until `consume` is called.
    public mutating func next(_ input: RawSpan, from start: Int) -> Step {
        if case .found(let step) = state { return step }
        let bytes = input.extracting(start..<input.byteCount)
        if case .fresh = state, let step = begin(bytes) { return finish(step) }
        let step: Step?
        switch state {
        case .array(let remaining): step = readArray(bytes, remaining)
        case .line: step = readLine(bytes)
        case .fresh, .found: step = nil
        }
        guard let step else { return .incomplete }
        return finish(step)
    }

    /// Goes on to the command after the one that was found.
    public mutating func consume() {
        state = .fresh
        cursor = 0
        bulkByteCount = -1
        inlineBytes = nil
        // One command with thousands of arguments is no reason to keep room for as many.
        arguments.removeAll(keepingCapacity: arguments.count <= 1_024)
    }

    private mutating func finish(_ step: Step) -> Step {
        state = .found(step)
        return step
    }

    /// Reads the first bytes of a command: which of the two forms it has.
    private mutating func begin(_ bytes: RawSpan) -> Step? {
        guard bytes.byteCount > 0 else { return nil }
        guard bytes[0] == UInt8(ascii: "*") else {
            state = .line
            return nil
        }
        switch Self.integer(bytes, from: 1) {
        case .incomplete: return nil
        case .malformed: return .failed(.badArgumentCount)
        case .value(let count, let end):
            guard count > 0 else { return .nothing(byteCount: end) }
            guard count <= limits.argumentCount else { return .failed(.badArgumentCount) }
            guard !isRestricted || count <= 10 else {
                return .failed(.argumentCountUnauthenticated)
            }
            cursor = end
            state = .array(remaining: count)
            return nil
        }
    }

    private mutating func readArray(_ bytes: RawSpan, _ count: Int) -> Step? {
        var remaining = count
        defer { if case .array = state { state = .array(remaining: remaining) } }
        while remaining > 0 {
            if bulkByteCount < 0 {
                guard cursor < bytes.byteCount else { return nil }
                let mark = bytes[cursor]
                guard mark == UInt8(ascii: "$") else { return .failed(.bulkExpected(found: mark)) }
                switch Self.integer(bytes, from: cursor + 1) {
                case .incomplete: return nil
                case .malformed: return .failed(.badBulkLength)
                case .value(let length, let end):
                    if let error = refusal(ofBulk: length, at: end) { return .failed(error) }
                    bulkByteCount = length
                    cursor = end
                }
            }
            let end = cursor + bulkByteCount
            guard bytes.byteCount >= end + 2 else { return nil }
            guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else {
                return .failed(.bulkNotTerminated)
            }
            arguments.append(Argument(offset: cursor, byteCount: bulkByteCount))
            cursor = end + 2
            bulkByteCount = -1
            remaining -= 1
        }
        return .command(byteCount: cursor)
    }

    private func refusal(ofBulk length: Int, at offset: Int) -> RESPProtocolError? {
        if length < 0 || length > limits.bulkBytes { return .badBulkLength }
        if isRestricted && length > 16_384 { return .bulkLengthUnauthenticated }
        return offset + length + 2 > limits.commandBytes ? .commandTooLong : nil
    }

    private mutating func readLine(_ bytes: RawSpan) -> Step? {
        let end = min(bytes.byteCount, limits.inlineBytes)
        while cursor < end {
            if bytes[cursor] == UInt8(ascii: "\n") { return splitLine(bytes, cursor) }
            cursor += 1
        }
        return cursor >= limits.inlineBytes ? .failed(.inlineTooLong) : nil
    }

    private mutating func splitLine(_ bytes: RawSpan, _ lineFeed: Int) -> Step {
        let hasReturn = lineFeed > 0 && bytes[lineFeed - 1] == UInt8(ascii: "\r")
        var line = InlineCommand()
        let text = bytes.extracting(0..<lineFeed - (hasReturn ? 1 : 0))
        guard line.split(text, countLimit: limits.argumentCount) else {
            return .failed(line.error)
        }
        guard !line.arguments.isEmpty else { return .nothing(byteCount: lineFeed + 1) }
        arguments = line.arguments
        inlineBytes = line.bytes
        return .command(byteCount: lineFeed + 1)
    }

    enum Integer {
        case incomplete
        case malformed
        /// The number, and where the bytes after its CRLF begin.
        case value(Int, end: Int)
    }

    /// The number at `start`, spelled in the one way that Redis takes, and its CRLF.
    @inline(__always)
    static func integer(_ bytes: RawSpan, from start: Int) -> Integer {
        var position = start
        var value = 0
        var isNegative = false
        if position < bytes.byteCount, bytes[position] == UInt8(ascii: "-") {
            isNegative = true
            position += 1
        }
        let first = position
        while position < bytes.byteCount {
            let digit = bytes[position] &- UInt8(ascii: "0")
            if digit > 9 {
                guard bytes[position] == UInt8(ascii: "\r"), position > first else {
                    return .malformed
                }
                let isPadded =
                    bytes[first] == UInt8(ascii: "0") && (position > first + 1 || isNegative)
                guard !isPadded else { return .malformed }
                guard position + 1 < bytes.byteCount else { return .incomplete }
                guard bytes[position + 1] == UInt8(ascii: "\n") else { return .malformed }
                return .value(isNegative ? -value : value, end: position + 2)
            }
            guard position - first < 18 else { return .malformed }
            value = value &* 10 &+ Int(digit)
            position += 1
        }
        return .incomplete
    }
}

extension RawSpan {
    /// The byte at `position`, checked.
    @inline(__always)
    subscript(position: Int) -> UInt8 { unsafeLoad(fromByteOffset: position, as: UInt8.self) }
}
