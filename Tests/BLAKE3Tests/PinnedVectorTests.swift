import BLAKE3
import Testing

/// A few of the published vectors (BLAKE3-team/BLAKE3, test_vectors.json, CC0), so that a build
/// without the file is still checked.
@Suite struct PinnedVectorTests {
    enum Function { case hash, keyedHash, deriveKey }

    static let vectors: [(Int, Function, String)] = [
        (
            0, .hash,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        ),
        (
            0, .keyedHash,
            "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"
        ),
        (
            0, .deriveKey,
            "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d"
        ),
        (
            1, .hash,
            "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"
        ),
        (
            1, .keyedHash,
            "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"
        ),
        (
            1, .deriveKey,
            "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c"
        ),
        (
            64, .hash,
            "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"
        ),
        (
            64, .keyedHash,
            "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6"
        ),
        (
            64, .deriveKey,
            "a5c4a7053fa86b64746d4bb688d06ad1f02a18fce9afd3e818fefaa7126bf73e"
        ),
        (
            1_024, .hash,
            "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"
        ),
        (
            1_024, .keyedHash,
            "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"
        ),
        (
            1_024, .deriveKey,
            "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706"
        ),
        (
            1_025, .hash,
            "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"
        ),
        (
            1_025, .keyedHash,
            "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"
        ),
        (
            1_025, .deriveKey,
            "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb"
        ),
        (
            3_073, .hash,
            "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"
        ),
        (
            3_073, .keyedHash,
            "68dede9bef00ba89e43f31a6825f4cf433389fedae75c04ee9f0cf16a427c95a"
        ),
        (
            3_073, .deriveKey,
            "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081"
        ),
        (
            31_744, .hash,
            "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"
        ),
        (
            31_744, .keyedHash,
            "efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419"
        ),
        (
            31_744, .deriveKey,
            "39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e"
        ),
        (
            102_400, .hash,
            "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"
        ),
        (
            102_400, .keyedHash,
            "1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7"
        ),
        (
            102_400, .deriveKey,
            "4652cff7a3f385a6103b5c260fc1593e13c778dbe608efb092fe7ee69df6e9c6"
        ),
    ]

    @Test("The pinned vectors hold, in one go and in pieces")
    func pinned() throws {
        let key = Array("whats the Elvish word for friend".utf8)
        let context = BLAKE3.Context("BLAKE3 2019-12-27 16:29:52 test vectors context")
        for (byteCount, function, expected) in Self.vectors {
            let input = pattern(byteCount)
            var hasher =
                switch function {
                case .hash: BLAKE3()
                case .keyedHash: try BLAKE3(key: key)
                case .deriveKey: context.hasher()
                }
            hasher.update(input.span.bytes)
            #expect(hasher.finalize().description == expected)
            switch function {
            case .hash: #expect(BLAKE3.hash(input.span.bytes).description == expected)
            case .deriveKey: #expect(context.hash(input.span.bytes).description == expected)
            case .keyedHash: break
            }
        }
    }
}
