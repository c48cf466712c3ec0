import BFTBase
import BFTCrypto
import BFTWire
import Testing

@Suite struct Ed25519Tests {
    /// Seed, public key, message, signature: RFC 8032, section 7.1, tests 1 to 3.
    static let vectors = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
                + "39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f"
                + "3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67"
                + "f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]

    @Test("Keys and signatures are those of RFC 8032")
    func pinned() throws {
        for (seed, publicKey, message, signature) in Self.vectors {
            let key = try SigningKey(.ed25519, seed: secret(seed))
            #expect(Hex.encode(key.publicKey.bytes) == publicKey)
            #expect(Hex.encode(key.sign(try hex(message))) == signature)
            let prepared = try PreparedKey(key.publicKey)
            #expect(prepared.isValid(try hex(signature), for: try hex(message)))
        }
    }

    @Test("Every flipped bit of signature, message and key is refused")
    func bitFlips() throws {
        let (_, publicKey, message, signature) = Self.vectors[2]
        let key = try PreparedKey(PublicKey(.ed25519, bytes: hex(publicKey)))
        for bit in 0..<512 {
            var flipped = try hex(signature)
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isValid(flipped, for: try hex(message)), "signature bit \(bit)")
        }
        for bit in 0..<16 {
            var flipped = try hex(message)
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isValid(try hex(signature), for: flipped), "message bit \(bit)")
        }
        for bit in 0..<256 {
            var flipped = try hex(publicKey)
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let other = try? PreparedKey(PublicKey(.ed25519, bytes: flipped))
            #expect(other?.isValid(try hex(signature), for: try hex(message)) != true, "key \(bit)")
        }
    }

    @Test("Signatures of every other length are refused")
    func lengths() throws {
        let (_, publicKey, message, signature) = Self.vectors[1]
        let key = try PreparedKey(PublicKey(.ed25519, bytes: hex(publicKey)))
        let padded = try hex(signature) + [UInt8](repeating: 0, count: 70)
        for length in 0..<padded.count where length != 64 {
            #expect(!key.isValid(Array(padded[..<length]), for: try hex(message)))
        }
    }

    @Test("A signature has one spelling: S plus the group order is refused")
    func malleability() throws {
        let order = try hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        for (_, publicKey, message, signature) in Self.vectors {
            var second = try hex(signature)
            for _ in 0..<7 {
                var carry = 0
                for position in 0..<32 {
                    let sum = Int(second[32 + position]) + Int(order[position]) + carry
                    second[32 + position] = UInt8(sum & 255)
                    carry = sum >> 8
                }
                guard carry == 0 else { break }
                let key = try PreparedKey(PublicKey(.ed25519, bytes: hex(publicKey)))
                #expect(!key.isValid(second, for: try hex(message)))
            }
        }
    }

    @Test("Keys of small order and second spellings of keys are refused")
    func weakKeys() throws {
        let ys = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        for y in ys {
            for sign: UInt8 in [0, 0x80] {
                var bytes = try hex(y)
                bytes[31] |= sign
                let key = try PublicKey(.ed25519, bytes: bytes)
                #expect(throws: KeyError.refused(.ed25519)) { try PreparedKey(key) }
            }
        }
    }

    @Test("Public keys survive wire and text, and malformed ones are refused")
    func publicKeys() throws {
        let publicKey = try key(7).publicKey
        #expect(try PublicKey(decoding: publicKey.encoded) == publicKey)
        #expect(try PublicKey(text: publicKey.text) == publicKey)
        #expect(publicKey.encoded.count == 33)
        for length in 0..<33 {
            let bytes = Array(publicKey.encoded[..<length])
            #expect(throws: WireError.self) { try PublicKey(decoding: bytes) }
        }
        for tag: UInt8 in [0, 4, 255] {
            let bytes = [tag] + publicKey.bytes
            #expect(throws: WireError.unknownTag(tag)) { try PublicKey(decoding: bytes) }
        }
        for text in ["", "ed25519", "ed25519:", "ed25519:zz", "rsa:00", "ed25519:00", "a:b:c"] {
            #expect(throws: KeyError.self) { try PublicKey(text: text) }
        }
    }

    @Test("The numbers of the schemes are pinned")
    func schemeNumbers() {
        #expect(SignatureSchemeID.allCases.map(\.rawValue) == [1, 2, 3])
        #expect(SignatureSchemeID.allCases.map(\.name) == ["ed25519", "ml-dsa-65", "ml-dsa-87"])
        for id in SignatureSchemeID.allCases { #expect(SignatureSchemeID(name: id.name) == id) }
    }
}
