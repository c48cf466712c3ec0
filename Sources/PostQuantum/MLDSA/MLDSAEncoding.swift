/// Encodings of FIPS 204, sections 7.1 and 7.2, that are not in the kernels.
enum MLDSAEncoding {
    /// SimpleBitPack of `offset - c` (or of `c`, where `sign` is 1) with `bits` bits each.
    static func pack(
        _ bytes: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int32>, bits: Int,
        offset: Int32, sign: Int32
    ) {
        var (accumulator, held, next): (UInt64, Int, Int) = (0, 0, 0)
        for j in 0..<degree {
            let value = UInt32(bitPattern: offset &+ sign &* polynomial[j])
            accumulator |= UInt64(value) &<< UInt64(held)
            held &+= bits
            while held >= 8 {
                bytes[next] = UInt8(truncatingIfNeeded: accumulator)
                accumulator &>>= 8
                held &-= 8
                next &+= 1
            }
        }
    }

    /// The inverse of ``pack(_:_:bits:offset:sign:)``.
    static func unpack(
        _ polynomial: UnsafeMutablePointer<Int32>, _ bytes: UnsafePointer<UInt8>, bits: Int,
        offset: Int32, sign: Int32
    ) {
        var (accumulator, held, next): (UInt64, Int, Int) = (0, 0, 0)
        let mask = (UInt64(1) &<< UInt64(bits)) &- 1
        for j in 0..<degree {
            while held < bits {
                accumulator |= UInt64(bytes[next]) &<< UInt64(held)
                held &+= 8
                next &+= 1
            }
            let value = Int32(truncatingIfNeeded: accumulator & mask)
            polynomial[j] = sign &* (value &- offset)
            accumulator &>>= UInt64(bits)
            held &-= bits
        }
    }

    /// Power2Round of FIPS 204, algorithm 35, for coefficients in 0..<q: high and low parts.
    static func power2Round(
        _ polynomial: UnsafePointer<Int32>, high: UnsafeMutablePointer<Int32>,
        low: UnsafeMutablePointer<Int32>
    ) {
        for j in 0..<degree {
            high[j] = (polynomial[j] &+ 4095) &>> 13
            low[j] = polynomial[j] &- high[j] &<< 13
        }
    }

    /// Encodes the positions of the set hints (HintBitPack).
    static func packHints(
        _ bytes: UnsafeMutablePointer<UInt8>, _ hints: UnsafePointer<UInt32>,
        _ parameters: MLDSAParameters
    ) {
        var next = 0
        for row in 0..<parameters.rows {
            for word in 0..<8 {
                var bits = hints[8 * row + word]
                while bits != 0 {
                    bytes[next] = UInt8(32 * word + bits.trailingZeroBitCount)
                    bits &= bits &- 1
                    next += 1
                }
            }
            bytes[parameters.omega + row] = UInt8(next)
        }
        for unused in next..<max(next, parameters.omega) { bytes[unused] = 0 }
    }

    /// Decodes hints into 256 bits a row (HintBitUnpack). `hints` must be all zero.
    ///
    /// - Returns: `false` where an encoding is not the one that ``packHints(_:_:_:)`` writes:
    ///   counts that fall or go beyond omega, positions that do not rise, padding that is not
    ///   zero. One set of hints has one encoding, so nobody can alter a signature unnoticed.
    static func unpackHints(
        _ hints: UnsafeMutablePointer<UInt32>, _ bytes: UnsafePointer<UInt8>,
        _ parameters: MLDSAParameters, _ checks: VerificationChecks
    ) -> Bool {
        let omega = parameters.omega
        var next = 0
        for row in 0..<parameters.rows {
            let end = Int(bytes[omega &+ row])
            if end < next, checks.contains(.hintCountsRise) { return false }
            if end > omega, checks.contains(.hintCountsAreBounded) { return false }
            let first = next
            while next < min(end, omega) {
                let position = bytes[next]
                if next > first, position <= bytes[next &- 1], checks.contains(.hintOrder) {
                    return false
                }
                hints[8 &* row &+ Int(position &>> 5)] |= 1 &<< UInt32(position & 31)
                next &+= 1
            }
        }
        while next < omega {
            if bytes[next] != 0, checks.contains(.hintPadding) { return false }
            next &+= 1
        }
        return true
    }
}

/// The checks of FIPS 204 verification, each by name, so that a test can take one away and show
/// what then gets through.
package struct VerificationChecks: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let signatureLength = VerificationChecks(rawValue: 1 << 0)
    package static let contextLength = VerificationChecks(rawValue: 1 << 1)
    package static let maskRange = VerificationChecks(rawValue: 1 << 2)
    package static let hintCountsRise = VerificationChecks(rawValue: 1 << 3)
    package static let hintCountsAreBounded = VerificationChecks(rawValue: 1 << 4)
    package static let hintOrder = VerificationChecks(rawValue: 1 << 5)
    package static let hintPadding = VerificationChecks(rawValue: 1 << 6)
    package static let challenge = VerificationChecks(rawValue: 1 << 7)
    package static let publicKeyLength = VerificationChecks(rawValue: 1 << 8)

    package static let all: VerificationChecks = [
        .signatureLength, .contextLength, .maskRange, .hintCountsRise, .hintCountsAreBounded,
        .hintOrder, .hintPadding, .challenge, .publicKeyLength,
    ]
}
