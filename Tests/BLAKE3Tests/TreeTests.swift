import BLAKE3
import Testing

@Suite struct TreeTests {
    /// One less than, equal to and one more than every border of blocks, chunks and subtrees.
    static let borders: [Int] = {
        var sizes: Set<Int> = [0, 1, 2, 3, 4, 5, 6, 7, 8]
        for unit in [64, 128, 960, 1024] { sizes.formUnion([unit - 1, unit, unit + 1]) }
        for chunks in Array(2...9) + [15, 16, 17, 23, 31, 32, 33, 47, 48, 63, 64, 65, 100] {
            sizes.formUnion([chunks * 1024 - 1, chunks * 1024, chunks * 1024 + 1])
        }
        return sizes.sorted()
    }()

    @Test("Input in pieces of any size has the digest of the whole, in every mode")
    func incrementalEqualsOneShot() throws {
        let input = pattern(Self.borders.last ?? 0)
        let context = BLAKE3.Context("BLAKE3Tests 2025 incremental")
        for size in Self.borders {
            let whole = Array(input[..<size])
            let digest = BLAKE3.hash(whole)
            let underContext = context.hash(whole)
            #expect(digest != underContext)
            for piece in [1, 63, 64, 65, 1000, 1024, 1025, 4096, 17_000, 33_333] {
                if size / piece > 2000 { continue }
                var plain = BLAKE3()
                var derived = context.hasher()
                for start in stride(from: 0, to: size, by: piece) {
                    let slice = Array(whole[start..<min(start + piece, size)])
                    plain.update(slice)
                    derived.update(slice)
                }
                #expect(plain.finalize() == digest, "\(size) bytes by \(piece)")
                #expect(derived.finalize() == underContext, "\(size) bytes by \(piece)")
            }
        }
    }

    @Test("Every split of an input in two has the digest of the whole")
    func everySplit() {
        let input = pattern(5 * 1024 + 77)
        let digest = BLAKE3.hash(input)
        for split in 0...input.count {
            var hasher = BLAKE3()
            hasher.update(Array(input[..<split]))
            hasher.update(Array(input[split...]))
            #expect(hasher.finalize() == digest, "split at \(split)")
        }
    }

    @Test("Finalizing leaves the hasher as it was, and copies go their own way")
    func valueSemantics() {
        let input = pattern(20_000)
        var hasher = BLAKE3()
        for start in stride(from: 0, to: input.count, by: 500) {
            #expect(hasher.finalize() == BLAKE3.hash(Array(input[..<start])))
            let copy = hasher
            hasher.update(Array(input[start..<start + 500]))
            #expect(copy.finalize() == BLAKE3.hash(Array(input[..<start])))
        }
    }

    @Test("Extended output read from any offset is a part of one stream")
    func seek() {
        for size in [0, 1, 1024, 5000] {
            var hasher = BLAKE3()
            hasher.update(pattern(size))
            let stream = hasher.finalize(byteCount: 1000)
            #expect(Array(stream[..<32]) == hasher.finalize().bytes)
            for offset in Array(0...130) + [500, 640, 999] {
                for count in [0, 1, 31, 64, 65, 200] where offset + count <= stream.count {
                    #expect(
                        hasher.finalize(byteCount: count, from: UInt64(offset))
                            == Array(stream[offset..<offset + count]))
                }
            }
            #expect(hasher.finalize(byteCount: 64, from: UInt64.max - 64).count == 64)
        }
    }

    @Test("Pairs have the digests that they have one by one, also when written in place")
    func pairs() {
        let context = BLAKE3.Context("BLAKE3Tests 2025 pairs")
        for count in Array(0...40) + [63, 64, 65, 100] {
            let messages = pattern(count * 64)
            let expected = (0..<count).flatMap {
                context.hash(Array(messages[$0 * 64..<$0 * 64 + 64])).bytes
            }
            var apart = [UInt8](repeating: 0, count: count * 32)
            messages.withUnsafeBytes { from in
                apart.withUnsafeMutableBytes { context.hashPairs(from, into: $0) }
            }
            #expect(apart == expected)
            var inPlace = messages
            inPlace.withUnsafeMutableBytes { bytes in
                context.hashPairs(
                    UnsafeRawBufferPointer(bytes),
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(count * 32)]))
            }
            #expect(Array(inPlace[..<(count * 32)]) == expected)
        }
    }

    @Test("Messages of a few whole blocks have the digests that they have one by one")
    func messages() {
        let context = BLAKE3.Context("BLAKE3Tests 2025 messages")
        for blocks in 1...32 {
            for count in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33] {
                let size = blocks * 64
                let messages = pattern(count * size)
                let expected = (0..<count).flatMap {
                    context.hash(Array(messages[$0 * size..<($0 + 1) * size])).bytes
                }
                var digests = [UInt8](repeating: 0, count: count * 32)
                messages.withUnsafeBytes { from in
                    digests.withUnsafeMutableBytes {
                        context.hashMessages(from, byteCount: size, into: $0)
                    }
                }
                #expect(digests == expected)
                // What is asked for meanwhile, be it there or not, changes nothing.
                let wanted = (0..<UInt(count * blocks + 3)).map { $0 &* 0x1234_5678_9abc }
                var again = [UInt8](repeating: 0, count: count * 32)
                messages.withUnsafeBytes { from in
                    again.withUnsafeMutableBytes { to in
                        wanted.withUnsafeBufferPointer {
                            context.hashMessages(
                                from, byteCount: size, into: to, askingFor: $0)
                        }
                    }
                }
                #expect(again == expected)
            }
        }
    }

    @Test("A key of another length than 32 bytes is refused by name")
    func keyLength() {
        for count in [0, 31, 33, 64] {
            #expect(throws: BLAKE3Error.keyByteCount(count)) {
                try BLAKE3(key: [UInt8](repeating: 1, count: count))
            }
        }
    }
}
