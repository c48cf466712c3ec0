extension BLAKE3 {
    /// A digest of 32 bytes, held as four words so that it hashes and compares fast.
    public struct Output: Hashable, Sendable {
        /// Bytes 0 to 7, little-endian.
        public let word0: UInt64
        /// Bytes 8 to 15, little-endian.
        public let word1: UInt64
        /// Bytes 16 to 23, little-endian.
        public let word2: UInt64
        /// Bytes 24 to 31, little-endian.
        public let word3: UInt64

        /// The digest of the four little-endian words.
        public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
            self.word0 = word0
            self.word1 = word1
            self.word2 = word2
            self.word3 = word3
        }

        @inline(__always)
        init(_ value: ChainingValue) {
            let words = unsafeBitCast(value, to: SIMD4<UInt64>.self)
            self.init(words[0], words[1], words[2], words[3])
        }

        /// The 32 bytes in the order in which the paper writes them.
        public var bytes: [UInt8] {
            [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
                let raw = UnsafeMutableRawBufferPointer(buffer)
                raw.storeBytes(of: word0.littleEndian, toByteOffset: 0, as: UInt64.self)
                raw.storeBytes(of: word1.littleEndian, toByteOffset: 8, as: UInt64.self)
                raw.storeBytes(of: word2.littleEndian, toByteOffset: 16, as: UInt64.self)
                raw.storeBytes(of: word3.littleEndian, toByteOffset: 24, as: UInt64.self)
                count = 32
            }
        }
    }
}

extension BLAKE3.Output: CustomStringConvertible {
    /// The digest as 64 lower-case hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
