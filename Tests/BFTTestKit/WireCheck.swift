package import BFTWire
package import Testing

/// What holds of every encoding of hostile origin.
package enum WireCheck {
    /// Round trip, every truncation, a byte too many, every bit flipped (W1, W2).
    package static func check<Value: WireCodable & Equatable>(
        _ value: Value, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = value.encoded
        #expect(try Value(decoding: bytes) == value, sourceLocation: sourceLocation)
        for length in 0..<bytes.count {
            #expect(throws: WireError.self, sourceLocation: sourceLocation) {
                try Value(decoding: Array(bytes[..<length]))
            }
        }
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let other = try? Value(decoding: flipped) else { continue }
            if other == value || other.encoded != flipped {
                Issue.record("bit \(bit) has two spellings", sourceLocation: sourceLocation)
            }
        }
    }

    /// A byte after the end is an error. Not for values that take the rest of the message.
    package static func checkEnd<Value: WireCodable & Equatable>(
        _ value: Value, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) {
            try Value(decoding: value.encoded + [0])
        }
    }
}
