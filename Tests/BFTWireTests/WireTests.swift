import BFTBase
import BFTWire
import Testing

/// A value that uses every kind of field.
private struct Sample: WireCodable, Equatable {
    var view: View
    var digest: Digest
    var signers: Bitmap
    var name: String
    var payload: [UInt8]
    var sizes: [UInt16]
    var epoch: Epoch?

    static let example: Sample = {
        var signers = Bitmap(count: 11)
        for position in [0, 3, 10] { signers.insert(position) }
        return Sample(
            view: View(0x0102_0304_0506_0708), digest: Digest(1, 2, 3, .max), signers: signers,
            name: "Käfer", payload: [9, 8, 7], sizes: [1, 0xFFEE], epoch: Epoch(5))
    }()

    init(
        view: View, digest: Digest, signers: Bitmap, name: String, payload: [UInt8],
        sizes: [UInt16], epoch: Epoch?
    ) {
        self.view = view
        self.digest = digest
        self.signers = signers
        self.name = name
        self.payload = payload
        self.sizes = sizes
        self.epoch = epoch
    }

    func encode(into writer: inout Writer) {
        view.encode(into: &writer)
        digest.encode(into: &writer)
        signers.encode(into: &writer)
        writer.text(name)
        writer.bytes(payload)
        writer.array(sizes) { $0.uint16($1) }
        writer.optional(epoch) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    init(from reader: inout Reader) throws(WireError) {
        view = try View(from: &reader)
        digest = try Digest(from: &reader)
        signers = try Bitmap(from: &reader)
        name = try reader.text(limit: 16)
        payload = try reader.bytes(limit: 8)
        sizes = try reader.array(limit: 4) { reader throws(WireError) in try reader.uint16() }
        epoch = try reader.optional { reader throws(WireError) in try Epoch(from: &reader) }
    }
}

@Suite struct WireTests {
    @Test("The encoding is pinned")
    func pinned() {
        let expected =
            "0807060504030201" + "0100000000000000020000000000000003000000000000" + "00"
            + "ffffffffffffffff" + "0b00" + "0904" + "060000004bc3a4666572" + "03000000090807"
            + "020000000100eeff" + "010500000000000000"
        #expect(Hex.encode(Sample.example.encoded) == expected)
    }

    @Test("A value survives the round trip")
    func roundTrip() throws {
        #expect(try Sample(decoding: Sample.example.encoded) == .example)
    }

    @Test("Every truncation is refused")
    func truncation() {
        let bytes = Sample.example.encoded
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) { try Sample(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: WireError.trailing(byteCount: 1)) { try Sample(decoding: bytes + [0]) }
    }

    @Test("Every flipped bit gives another value or an error, never another spelling")
    func bitFlips() {
        let bytes = Sample.example.encoded
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let value = try? Sample(decoding: flipped) else { continue }
            #expect(value != .example)
            #expect(value.encoded == flipped, "W2 at bit \(bit)")
        }
    }

    @Test("Random bytes never decode to a value that encodes otherwise")
    func randomBytes() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...90, using: &random)).map { _ in
                UInt8.random(in: 0...3, using: &random)
            }
            guard let value = try? Sample(decoding: bytes) else { continue }
            #expect(value.encoded == bytes)
        }
    }

    @Test("A count above its limit is refused before anything is allocated")
    func limits() {
        var writer = Writer()
        writer.uint32(.max)
        let bytes = writer.bytes
        #expect(throws: WireError.tooLarge(limit: 8, found: 0xFFFF_FFFF)) {
            var reader = Reader(bytes.span.bytes)
            _ = try reader.bytes(limit: 8)
        }
    }
}
