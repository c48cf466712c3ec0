/// Replies in RESP3, the protocol of Redis: a front end passes them on as they are.
///
/// Source: the RESP3 specification, github.com/redis/redis-specifications.
extension ResultWriter {
    /// `+text`: a status. The text has no line break.
    @inlinable
    public mutating func status(_ text: StaticString) {
        write("+")
        write(text)
        write("\r\n")
    }

    /// `+OK`.
    @inlinable
    public mutating func ok() { write("+OK\r\n") }

    /// `-text`: an error. The text starts with its code, such as `ERR`, and has no line break.
    @inlinable
    public mutating func error(_ text: StaticString) {
        write("-")
        write(text)
        write("\r\n")
    }

    /// `-text`: an error whose text may quote what a client sent: a byte that would break the
    /// line becomes a space, as in Redis.
    public mutating func error(_ text: [UInt8]) {
        write("-")
        write(text.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        write("\r\n")
    }

    /// `:value`: an integer.
    public mutating func integer(_ value: Int64) { line(0x3A, value) }

    /// `$length` and the bytes.
    public mutating func bulk(_ bytes: RawSpan) {
        line(0x24, Int64(bytes.byteCount))
        write(bytes)
        write("\r\n")
    }

    /// `_`: there is no value.
    @inlinable
    public mutating func null() { write("_\r\n") }

    /// `*count`: the head of an array. Its elements follow.
    public mutating func array(_ count: Int) { line(0x2A, Int64(count)) }

    /// `$length` and `value` in decimal.
    public mutating func bulk(decimal value: Int64) {
        var digits = DecimalDigits(value)
        digits.withBytes { bulk($0) }
    }

    private mutating func line(_ kind: UInt8, _ value: Int64) {
        var digits = DecimalDigits(value)
        digits.withLine(kind) { write($0) }
    }
}

/// A number written out in decimal without an allocation.
public struct DecimalDigits {
    /// A kind, a sign, 19 digits, a line break.
    private var buffer = InlineArray<24, UInt8>(repeating: 0)
    private var start: Int
    private static let end = 22

    public init(_ value: Int64) {
        start = Self.end
        var rest = value.magnitude
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            start -= 1
            buffer[start] = 0x30 + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        if value < 0 {
            start -= 1
            buffer[start] = 0x2D
        }
    }

    /// Calls `body` with the digits.
    public mutating func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        unsafe body(buffer.span.bytes.extracting(start..<Self.end))
    }

    /// Calls `body` with the byte `kind`, the digits, and a line break.
    fileprivate mutating func withLine(_ kind: UInt8, _ body: (RawSpan) -> Void) {
        buffer[start - 1] = kind
        buffer[Self.end] = 0x0D
        buffer[Self.end + 1] = 0x0A
        unsafe body(buffer.span.bytes.extracting(start - 1..<Self.end + 2))
    }
}
