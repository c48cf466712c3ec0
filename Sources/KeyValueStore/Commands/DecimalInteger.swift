/// The number that `text` spells in decimal, in the one way that Redis takes: no sign but a
/// minus, no leading zero, no space, within 64 bits.
func decimalInteger(_ text: RawSpan) -> Int64? {
    let count = text.byteCount
    guard count > 0, count <= 20 else { return nil }
    var offset = 0
    let isNegative = unsafe text.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == 0x2D
    if isNegative { offset = 1 }
    guard offset < count else { return nil }
    let first = unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    if first == 0x30 { return count == 1 ? 0 : nil }
    var magnitude: UInt64 = 0
    while offset < count {
        let digit = unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self) &- 0x30
        guard digit <= 9 else { return nil }
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        guard !overflow, !carry else { return nil }
        magnitude = sum
        offset += 1
    }
    if isNegative {
        return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }
    return Int64(exactly: magnitude)
}

/// The cursor that `text` spells: decimal digits, within 64 bits. No digits spell 0.
func decimalCursor(_ text: RawSpan) -> UInt64? {
    var value: UInt64 = 0
    for offset in 0..<text.byteCount {
        let digit = unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self) &- 0x30
        guard digit <= 9 else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        guard !overflow, !carry else { return nil }
        value = sum
    }
    return value
}

/// Whether `text` is `word` but for the case of its letters.
///
/// - Precondition: `word` is in upper case.
func isWord(_ text: RawSpan, _ word: StaticString) -> Bool {
    guard text.byteCount == word.utf8CodeUnitCount else { return false }
    for offset in 0..<text.byteCount {
        var byte = unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        if byte >= 0x61 && byte <= 0x7A { byte -= 0x20 }
        if unsafe byte != word.utf8Start[offset] { return false }
    }
    return true
}
