import BFTBase
import BFTCrypto
import FoundationEssentials
import Testing

@Suite struct KeyExchangeTests {
    @Test("X25519 is that of RFC 7748, sections 5.2 and 6.1")
    func pinned() throws {
        let scalar = X25519PrivateKey(
            seed: try secret("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"))
        let point = try hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
        #expect(
            scalar.sharedSecret(with: point)?.hex
                == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
        let alice = X25519PrivateKey(
            seed: try secret("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
        let bob = X25519PrivateKey(
            seed: try secret("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        #expect(
            Hex.encode(alice.publicKey)
                == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        #expect(
            Hex.encode(bob.publicKey)
                == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(alice.sharedSecret(with: bob.publicKey)?.hex == shared)
        #expect(bob.sharedSecret(with: alice.publicKey)?.hex == shared)
    }

    @Test("A share that gives everybody the same secret is refused, and every other length")
    func weakShares() throws {
        let exchange = X25519Probe()
        let weak = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        for share in weak { #expect(try exchange.refuses(try hex(share)), "\(share)") }
        for length in [0, 1, 31, 33, 64, 1_184] {
            #expect(try exchange.refuses([UInt8](repeating: 9, count: length)))
        }
        #expect(try !exchange.refuses([9] + [UInt8](repeating: 0, count: 31)))
    }

    @Test("Both sides of every exchange agree, and nothing but their random bytes decides")
    func agreement() throws {
        for id in KeyExchangeID.allCases {
            let exchange = try #require(id.exchange)
            #expect(exchange.id == id)
            let random = SecureRandom.secret(exchange.initiatorRandomByteCount)
            let initiator = exchange.initiate(random: random)
            #expect(initiator.share.count == exchange.initiatorShareByteCount)
            #expect(exchange.initiate(random: random).share == initiator.share)
            let other = SecureRandom.secret(exchange.responderRandomByteCount)
            let response = try #require(exchange.respond(to: initiator.share, random: other))
            #expect(response.share.count == exchange.responderShareByteCount)
            #expect(initiator.finish(with: response.share) == response.secret)
            let again = try #require(exchange.respond(to: initiator.share, random: other))
            #expect(again.share == response.share && again.secret == response.secret)
            let fresh = try #require(
                exchange.respond(
                    to: initiator.share,
                    random: SecureRandom.secret(exchange.responderRandomByteCount)))
            #expect(fresh.share != response.share && fresh.secret != response.secret)
        }
    }

    @Test("Shares of every other length are refused by both sides of every exchange")
    func lengths() throws {
        for id in KeyExchangeID.allCases {
            let exchange = try #require(id.exchange)
            let initiator = exchange.initiate(
                random: SecureRandom.secret(exchange.initiatorRandomByteCount))
            let random = SecureRandom.secret(exchange.responderRandomByteCount)
            let response = try #require(exchange.respond(to: initiator.share, random: random))
            for length in 0..<initiator.share.count {
                let part = Array(initiator.share[..<length])
                #expect(exchange.respond(to: part, random: random) == nil)
            }
            #expect(exchange.respond(to: initiator.share + [0], random: random) == nil)
            for length in 0..<response.share.count {
                #expect(initiator.finish(with: Array(response.share[..<length])) == nil)
            }
            #expect(initiator.finish(with: response.share + [0]) == nil)
        }
    }

    @Test("Both halves of the hybrid secret count, and both halves of a share are checked")
    func halves() throws {
        let exchange = try #require(KeyExchangeID.x25519MLKEM768.exchange)
        let initiator = exchange.initiate(random: SecureRandom.secret(96))
        let random = SecureRandom.secret(64)
        let response = try #require(exchange.respond(to: initiator.share, random: random))
        #expect(response.secret.count == 64)
        // A changed ciphertext changes the first half only, a changed point the second.
        for (position, changed) in [(7, 0..<32), (1_088 + 7, 32..<64)] {
            var share = response.share
            share[position] ^= 1
            let secret = try #require(initiator.finish(with: share))
            for half in [0..<32, 32..<64] {
                let isEqual =
                    secret.part(offset: half.lowerBound, count: 32)
                    == response.secret.part(offset: half.lowerBound, count: 32)
                #expect(isEqual == (half != changed))
            }
        }
        // A coefficient above the modulus, and a point of small order.
        var share = initiator.share
        share[0] = 0xFF
        share[1] |= 0x0F
        #expect(exchange.respond(to: share, random: random) == nil)
        share = initiator.share.dropLast(32) + [UInt8](repeating: 0, count: 32)
        #expect(exchange.respond(to: share, random: random) == nil)
        share = response.share.dropLast(32) + [UInt8](repeating: 0, count: 32)
        #expect(initiator.finish(with: share) == nil)
    }

    @Test("The hybrid exchange is ML-KEM-768 of the published vectors, then X25519 of RFC 7748")
    func hybridVectors() throws {
        guard let vectors = try KEMVectors.load() else { return }
        let alice = try hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        let alicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        let bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        let exchange = try #require(KeyExchangeID.x25519MLKEM768.exchange)
        var count = 0
        for test in vectors.tests {
            guard let seed = test.seed, let share = test.ek, seed.utf8.count == 128 else {
                continue
            }
            let random = SecretBytes(copying: try hex(seed) + alice)
            let initiator = exchange.initiate(random: random)
            #expect(Hex.encode(initiator.share) == share + alicePublic)
            let secret = initiator.finish(with: try hex(test.c + bobPublic))
            #expect(secret?.hex == (test.result == "valid" ? test.K + shared : nil))
            count += 1
        }
        #expect(count > 50)
    }
}

/// The part of Wycheproof's vectors for ML-KEM-768 that an exchange can follow.
private struct KEMVectors: Decodable {
    struct Group: Decodable { let tests: [Test] }
    struct Test: Decodable {
        let seed: String?
        let ek: String?
        let c: String
        let K: String
        let result: String
    }

    let testGroups: [Group]
    var tests: [Test] { testGroups.flatMap(\.tests) }

    /// The vectors, or `nil`, said aloud, where they are not.
    static func load() throws -> KEMVectors? {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let path = "../shared/vectors/wycheproof/mlkem_768_test.json"
        guard let data = try? Data(contentsOf: root.appending(path: path)) else {
            print("skipped: no test vectors at \(path)")
            return nil
        }
        return try JSONDecoder().decode(KEMVectors.self, from: data)
    }
}

/// Offers shares to both sides of X25519.
private struct X25519Probe {
    func refuses(_ share: [UInt8]) throws -> Bool {
        let exchange = try #require(KeyExchangeID.x25519.exchange)
        let response = exchange.respond(to: share, random: SecureRandom.secret(32))
        let secret = exchange.initiate(random: SecureRandom.secret(32)).finish(with: share)
        #expect((response == nil) == (secret == nil))
        return response == nil
    }
}
