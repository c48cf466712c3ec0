/// Encodings, compression and sampling of FIPS 203, section 4.2, that are not in the kernels.
enum MLKEMEncoding {
    /// ByteEncode with 12 bits, for coefficients in (-q, q).
    static func pack12(
        _ bytes: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int16>
    ) {
        for pair in 0..<(degree / 2) {
            let first = UInt16(bitPattern: PortableMLKEM.nonNegative(polynomial[2 &* pair]))
            let second = UInt16(bitPattern: PortableMLKEM.nonNegative(polynomial[2 &* pair &+ 1]))
            let b = bytes + 3 &* pair
            b[0] = UInt8(truncatingIfNeeded: first)
            b[1] = UInt8(truncatingIfNeeded: first &>> 8 | second &<< 4)
            b[2] = UInt8(truncatingIfNeeded: second &>> 4)
        }
    }

    /// ByteDecode with 12 bits, without the reduction that FIPS 203 makes: see
    /// ``exceedsModulus(_:)``.
    static func unpack12(
        _ polynomial: UnsafeMutablePointer<Int16>, _ bytes: UnsafePointer<UInt8>
    ) {
        for pair in 0..<(degree / 2) {
            let b = bytes + 3 &* pair
            polynomial[2 &* pair] = Int16(b[0]) | Int16(b[1] & 15) &<< 8
            polynomial[2 &* pair &+ 1] = Int16(b[1]) &>> 4 | Int16(b[2]) &<< 4
        }
    }

    /// Whether a coefficient is not below q, so that the encoding was not canonical.
    static func exceedsModulus(_ polynomial: UnsafePointer<Int16>) -> Bool {
        var seen: Int16 = 0
        for j in 0..<degree { seen |= PortableMLKEM.q &- 1 &- polynomial[j] }
        return seen < 0
    }

    /// Compress to `bits` (1, 4 or 10) bits, for a value in 0..<q: the division by q is a product
    /// with a rounded reciprocal, exact on this range.
    @inline(__always)
    static func compress(_ value: Int16, bits: UInt64) -> UInt64 {
        let scaled = UInt64(UInt16(bitPattern: value)) &<< bits &+ 1665
        return (scaled &* 1_290_167) &>> 32 & ((1 &<< bits) &- 1)
    }

    /// Decompress from `bits` bits.
    @inline(__always)
    static func decompress(_ value: UInt64, bits: UInt64) -> Int16 {
        Int16(truncatingIfNeeded: (value &* 3329 &+ (1 &<< (bits &- 1))) &>> bits)
    }

    /// Compresses and encodes coefficients in (-q, q).
    static func packCompressed(
        _ bytes: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int16>, bits: UInt64
    ) {
        // Four coefficients fill a whole number of bytes with 10 bits, and with 4.
        let groupBytes = Int(bits) / 2
        for group in 0..<(degree / 4) {
            var word: UInt64 = 0
            for index in 0..<4 {
                let value = PortableMLKEM.nonNegative(polynomial[4 &* group &+ index])
                word |= compress(value, bits: bits) &<< (bits &* UInt64(index))
            }
            for byte in 0..<groupBytes {
                bytes[groupBytes &* group &+ byte] = UInt8(
                    truncatingIfNeeded: word &>> UInt64(8 &* byte))
            }
        }
    }

    /// Decodes and decompresses.
    static func unpackCompressed(
        _ polynomial: UnsafeMutablePointer<Int16>, _ bytes: UnsafePointer<UInt8>, bits: UInt64
    ) {
        let groupBytes = Int(bits) / 2
        for group in 0..<(degree / 4) {
            var word: UInt64 = 0
            for byte in 0..<groupBytes {
                word |= UInt64(bytes[groupBytes &* group &+ byte]) &<< UInt64(8 &* byte)
            }
            for index in 0..<4 {
                let value = word &>> (bits &* UInt64(index)) & ((1 &<< bits) &- 1)
                polynomial[4 &* group &+ index] = decompress(value, bits: bits)
            }
        }
    }

    /// The polynomial of a 32-byte message: each bit 0 or (q + 1) / 2.
    static func fromMessage(
        _ polynomial: UnsafeMutablePointer<Int16>, _ message: UnsafePointer<UInt8>
    ) {
        for j in 0..<degree {
            let bit = Int16(truncatingIfNeeded: message[j &>> 3] &>> UInt8(j & 7)) & 1
            polynomial[j] = (0 &- bit) & 1665
        }
    }

    /// The 32-byte message that coefficients in (-q, q) round to.
    static func toMessage(
        _ message: UnsafeMutablePointer<UInt8>, _ polynomial: UnsafePointer<Int16>
    ) {
        for index in 0..<32 {
            var byte: UInt8 = 0
            for bit in 0..<8 {
                let value = PortableMLKEM.nonNegative(polynomial[8 &* index &+ bit])
                byte |= UInt8(truncatingIfNeeded: compress(value, bits: 1)) &<< UInt8(bit)
            }
            message[index] = byte
        }
    }

    /// SamplePolyCBD with eta = 2 from 128 bytes: differences of two sums of two bits.
    static func sampleBinomial(
        _ polynomial: UnsafeMutablePointer<Int16>, _ bytes: UnsafePointer<UInt8>
    ) {
        for index in 0..<128 {
            let sums = bytes[index] & 0x55 &+ (bytes[index] &>> 1) & 0x55
            let first = Int16(sums & 3) &- Int16(sums &>> 2 & 3)
            let second = Int16(sums &>> 4 & 3) &- Int16(sums &>> 6)
            polynomial[2 &* index] = first
            polynomial[2 &* index &+ 1] = second
        }
    }
}
