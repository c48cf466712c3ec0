import BLAKE3
import Testing

@Suite struct VectorTests {
    @Test("Every published vector holds in all three modes, digest and extended output")
    func publishedVectors() throws {
        guard let vectors = try PublishedVectors.load() else { return }
        #expect(vectors.cases.count == 35)
        let key = Array(vectors.key.utf8)
        let context = BLAKE3.Context(vectors.context)
        for vector in vectors.cases {
            let input = pattern(vector.byteCount)
            let modes = [
                (BLAKE3(), vector.hash), (try BLAKE3(key: key), vector.keyedHash),
                (BLAKE3(derivingKeyFor: vectors.context), vector.deriveKey),
                (context.hasher(), vector.deriveKey),
            ]
            for (hasher, expected) in modes {
                var hasher = hasher
                hasher.update(input)
                #expect(hex(hasher.finalize(byteCount: expected.utf8.count / 2)) == expected)
                #expect(hasher.finalize().description == String(expected.prefix(64)))
            }
            #expect(BLAKE3.hash(input).description == String(vector.hash.prefix(64)))
            #expect(hex(context.hash(input).bytes) == String(vector.deriveKey.prefix(64)))
        }
    }
}
