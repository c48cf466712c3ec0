import BFTBase
import BFTCrypto
import Testing

@Suite struct HashTests {
    @Test("SHA-256 and SHA3-256 of nothing and of abc are those of FIPS 180-4 and 202")
    func hashes() {
        #expect(
            Hash.sha256.digest().hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Hash.sha256.digest(Array("ab".utf8), Array("c".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Hash.sha3_256.digest().hex
                == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
        #expect(
            Hash.sha3_256.digest(Array("abc".utf8)).hex
                == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
    }

    @Test("HKDF is that of RFC 5869, appendix A.1 to A.3")
    func hkdf() throws {
        let keyMaterial = SecretBytes(copying: [UInt8](repeating: 0x0B, count: 22))
        let short = HKDF.extract(salt: Array(0...0x0C), secret: keyMaterial)
        #expect(short.hex == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        #expect(
            HKDF.expand(short, info: Array(0xF0...0xF9), count: 42).hex
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b8"
                + "87185865")
        let long = HKDF.extract(
            salt: Array(0x60...0xAF), secret: SecretBytes(copying: Array(0...0x4F)))
        #expect(long.hex == "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244")
        #expect(
            HKDF.expand(long, info: Array(0xB0...0xFF), count: 82).hex
                == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7"
                + "827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5"
                + "c1f3434f1d87")
        let bare = HKDF.extract(salt: [], secret: keyMaterial)
        #expect(bare.hex == "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04")
        #expect(
            HKDF.expand(bare, info: [], count: 42).hex
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4"
                + "b61a96c8")
    }

    @Test("A secret compares by its bytes, splits and joins, and never shows them")
    func secrets() throws {
        let secret = SecretBytes(copying: [1, 2, 3, 4])
        #expect(secret == SecretBytes(copying: [1, 2, 3, 4]))
        for other in [[], [1, 2, 3], [1, 2, 3, 5], [1, 2, 3, 4, 0]] as [[UInt8]] {
            #expect(secret != SecretBytes(copying: other))
        }
        #expect(secret.part(offset: 1, count: 2).hex == "0203")
        #expect(secret.joined(with: SecretBytes(copying: [9])).hex == "0102030409")
        var source: [UInt8] = [1, 2, 3, 4]
        #expect(SecretBytes(wiping: &source) == secret)
        #expect(source == [0, 0, 0, 0])
        #expect("\(secret)" == "4 secret bytes")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("0102"))
    }

    @Test("Random bytes come in the number asked for, and differ")
    func random() {
        for count in [0, 1, 32, 100_000] { #expect(SecureRandom.bytes(count).count == count) }
        let drawn = Set((0..<100).map { _ in SecureRandom.bytes(16) })
        #expect(drawn.count == 100)
    }
}
