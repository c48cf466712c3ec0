public import BFTWire

/// Reads a `CommandList` from bytes that nobody vouches for, where they stand.
///
/// Making one checks the whole encoding, so that a list is known to be well formed before its
/// first command is carried out. Nothing is allocated.
public struct CommandReader: ~Escapable {
    private let span: RawSpan
    private var offset = 2
    /// The commands in the list.
    public let count: Int
    /// The commands not read yet.
    public private(set) var remaining: Int

    /// - Throws: unless `span`, all of it, is the encoding of a list within `CommandList`'s
    ///   limits. Every command has a name at least.
    @_lifetime(copy span)
    public init(_ span: RawSpan) throws(WireError) {
        var reader = Reader(span)
        let count = Int(try reader.uint16())
        guard count <= CommandList.commandLimit else {
            throw .tooLarge(limit: CommandList.commandLimit, found: UInt64(count))
        }
        for _ in 0..<count {
            let arguments = Int(try reader.uint16())
            guard arguments > 0 else { throw .invalid("a command without a name") }
            guard arguments <= CommandList.argumentLimit else {
                throw .tooLarge(limit: CommandList.argumentLimit, found: UInt64(arguments))
            }
            for _ in 0..<arguments {
                _ = try reader.raw(byteCount: Int(try reader.uint32()))
            }
        }
        try reader.finish()
        self.span = span
        self.count = count
        self.remaining = count
    }

    /// The next command.
    ///
    /// - Precondition: `remaining` is not zero.
    @_lifetime(copy self)
    public mutating func next() -> CommandArguments {
        precondition(remaining > 0, "no command is left")
        remaining -= 1
        let command = CommandArguments(span, at: offset)
        var rest = command
        while rest.remaining > 0 { _ = rest.next() }
        offset = rest.offset
        return command
    }
}

/// The arguments of one command in a list that was found well formed, its name first.
public struct CommandArguments: ~Escapable {
    private let span: RawSpan
    fileprivate private(set) var offset: Int
    /// The arguments, with the name.
    public let count: Int
    /// The arguments not read yet.
    public private(set) var remaining: Int

    @_lifetime(copy span)
    fileprivate init(_ span: RawSpan, at offset: Int) {
        self.span = span
        self.offset = offset + 2
        count = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
        remaining = count
    }

    /// No bytes: where an argument is kept that may be missing.
    public var nothing: RawSpan {
        @_lifetime(copy self)
        get { span.extracting(first: 0) }
    }

    /// The next argument, or no bytes when none is left.
    @_lifetime(copy self)
    public mutating func next() -> RawSpan {
        guard remaining > 0 else { return nothing }
        let byteCount = Int(
            unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let start = offset + 4
        offset = start + byteCount
        remaining -= 1
        return span.extracting(start..<start + byteCount)
    }
}
