import BFTApplication

/// A number written out in decimal without an allocation.
struct DecimalDigits {
    /// A sign and 19 digits.
    private static let byteCount = 20
    private var buffer = InlineArray<20, UInt8>(repeating: 0)
    private var start = Self.byteCount

    init(_ value: Int64) {
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
    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        unsafe body(buffer.span.bytes.extracting(start..<Self.byteCount))
    }
}

extension ResultWriter {
    /// `number` in decimal, as the bytes of a value.
    mutating func value(decimal number: Int64) {
        DecimalDigits(number).withBytes { value($0) }
    }
}
