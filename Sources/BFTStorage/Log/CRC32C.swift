import CChecksum

/// CRC-32C, the checksum with the Castagnoli polynomial (RFC 3720, section 12.1 and B.4).
///
/// It notices every error burst of up to 32 bits, and others but one in 2³². It is no defence
/// against somebody who can write to the disk.
public struct CRC32C: Sendable {
    private var state: UInt32 = .max

    public init() {}

    /// The checksum of `bytes`.
    public static func checksum(_ bytes: RawSpan) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(bytes)
        return checksum.value
    }

    /// The checksum of everything so far.
    public var value: UInt32 { ~state }

    public mutating func update(_ bytes: RawSpan) {
        if bft_crc32c_is_accelerated() {
            bytes.withUnsafeBytes {
                state = bft_crc32c_accelerated(state, $0.baseAddress, $0.count)
            }
        } else {
            updatePortably(bytes)
        }
    }

    /// As `update`, for processors without the instruction: eight table look-ups for eight bytes
    /// (Kounavis and Berry, "Novel table lookup-based algorithms for CRC generation", 2008).
    mutating func updatePortably(_ bytes: RawSpan) {
        var offset = 0
        Self.tables.withUnsafeBufferPointer { tables in
            while bytes.byteCount - offset >= 8 {
                let word =
                    UInt64(
                        littleEndian: bytes.unsafeLoadUnaligned(
                            fromByteOffset: offset, as: UInt64.self))
                    ^ UInt64(state)
                var next: UInt32 = 0
                for position in 0..<8 {
                    let byte = Int(truncatingIfNeeded: word >> UInt64(8 * position)) & 255
                    next ^= tables[(7 - position) * 256 + byte]
                }
                state = next
                offset += 8
            }
            while offset < bytes.byteCount {
                let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                state = (state >> 8) ^ tables[Int(UInt8(truncatingIfNeeded: state) ^ byte)]
                offset += 1
            }
        }
    }

    /// Table `k` at `256·k`: the effect of a byte that `k` further bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for entry in 256..<8 * 256 {
            let before = tables[entry - 256]
            tables[entry] = (before >> 8) ^ tables[Int(before & 255)]
        }
        return tables
    }()
}
