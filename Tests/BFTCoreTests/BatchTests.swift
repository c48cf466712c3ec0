import BFTBase
import BFTCore
import BFTWire
import Testing

@Suite struct BatchTests {
    static func batch(_ transactions: [[UInt8]]) -> Batch {
        var builder = BatchBuilder()
        for transaction in transactions { builder.append(transaction.span.bytes) }
        return builder.seal(author: ValidatorIndex(3), sequence: BatchSequence(9))
    }

    static func transactions(of batch: Batch) -> [[UInt8]] {
        var found: [[UInt8]] = []
        batch.forEachTransaction { span in found.append(span.withUnsafeBytes { Array($0) }) }
        return found
    }

    @Test("A batch gives back its transactions, in order, and survives the round trip")
    func roundTrip() throws {
        let transactions: [[UInt8]] = [[1, 2, 3], [], [4], Array(repeating: 7, count: 1_000)]
        let batch = Self.batch(transactions)
        #expect(Self.transactions(of: batch) == transactions)
        let decoded = try Batch(encoded: batch.encoded)
        #expect(decoded == batch)
        #expect(decoded.author == ValidatorIndex(3) && decoded.sequence == BatchSequence(9))
    }

    @Test("A builder knows whether it holds anything, and how many bytes the batch will have")
    func builderSize() {
        var builder = BatchBuilder()
        #expect(builder.isEmpty)
        builder.append(([1, 2, 3] as [UInt8]).span.bytes)
        #expect(!builder.isEmpty)
        let byteCount = builder.byteCount
        let batch = builder.seal(author: ValidatorIndex(3), sequence: BatchSequence(9))
        #expect(batch.encoded.count == byteCount)
    }

    @Test("The encoding and the digest of a batch are pinned")
    func pinned() {
        let batch = Self.batch([[0xAA, 0xBB], [0xCC]])
        #expect(
            Hex.encode(batch.encoded)
                == "0300" + "0900000000000000" + "02000000" + "02000000aabb" + "01000000cc")
        #expect(batch.digest.hex.count == 64)
        #expect(batch.digest != Digest.of(batch.encoded, in: .block))
    }

    @Test("Every truncation of a batch is refused, and any other bytes have another digest")
    func hostileBytes() {
        let batch = Self.batch([[1, 2, 3], [4, 5]])
        for length in 0..<batch.encoded.count {
            #expect(throws: WireError.self) { try Batch(encoded: Array(batch.encoded[..<length])) }
        }
        for bit in 0..<batch.encoded.count * 8 {
            var flipped = batch.encoded
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let other = try? Batch(encoded: flipped) else { continue }
            #expect(other.digest != batch.digest)
            #expect(Self.transactions(of: other).count == other.transactionCount)
        }
    }

    @Test("More bytes than a batch may have are refused before they are read")
    func tooLarge() {
        let limit = Batch.byteLimit
        #expect(throws: WireError.tooLarge(limit: limit, found: UInt64(limit) + 1)) {
            try Batch(encoded: Array(repeating: 0, count: limit + 1))
        }
    }

    @Test("A count that the bytes don't hold is refused")
    func countWithoutContent() {
        var bytes = Self.batch([]).encoded
        bytes.replaceSubrange(10..<14, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: WireError.self) { try Batch(encoded: bytes) }
    }
}
