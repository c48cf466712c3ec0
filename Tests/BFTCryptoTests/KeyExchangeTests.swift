import BFTBase
import BFTCrypto
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

    @Test("Every exchange that this build holds agrees on both sides")
    func agreement() throws {
        for id in KeyExchangeID.allCases {
            guard let exchange = id.exchange else { continue }
            #expect(exchange.id == id)
            let initiator = exchange.initiate(
                random: SecureRandom.secret(exchange.initiatorRandomByteCount))
            #expect(initiator.share.count == exchange.initiatorShareByteCount)
            let response = try #require(
                exchange.respond(
                    to: initiator.share,
                    random: SecureRandom.secret(exchange.responderRandomByteCount)))
            #expect(response.share.count == exchange.responderShareByteCount)
            #expect(initiator.finish(with: response.share) == response.secret)
        }
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
