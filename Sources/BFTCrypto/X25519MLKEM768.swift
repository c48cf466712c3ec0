internal import PostQuantum

/// X25519 and ML-KEM-768 (FIPS 203) side by side: the secret is safe as long as one of them is.
///
/// Shares and secrets stand one after the other, ML-KEM first, as in TLS
/// (draft-ietf-tls-ecdhe-mlkem, X25519MLKEM768). The handshake hashes both shares into its
/// transcript, which is the salt of what is derived from the secret.
struct X25519MLKEM768Exchange: KeyExchange {
    private static let encapsulationKeyByteCount = 1_184
    private static let ciphertextByteCount = 1_088
    private static let kemSeedByteCount = 64
    private static let encapsulationRandomByteCount = 32
    private static let curve = X25519Exchange()

    var id: KeyExchangeID { .x25519MLKEM768 }
    var initiatorShareByteCount: Int {
        Self.encapsulationKeyByteCount + Self.curve.initiatorShareByteCount
    }
    var responderShareByteCount: Int {
        Self.ciphertextByteCount + Self.curve.responderShareByteCount
    }
    var initiatorRandomByteCount: Int {
        Self.kemSeedByteCount + Self.curve.initiatorRandomByteCount
    }
    var responderRandomByteCount: Int {
        Self.encapsulationRandomByteCount + Self.curve.responderRandomByteCount
    }

    func initiate(random: SecretBytes) -> any KeyExchangeInitiator {
        let seed = random.part(offset: 0, count: Self.kemSeedByteCount)
        let key = seed.withUnsafeBytes { bytes in
            try? MLKEM768.PrivateKey(
                seedRepresentation: RawSpan(_unsafeBytes: bytes), publicKey: nil)
        }
        guard let key else { preconditionFailure("64 bytes are a seed") }
        let rest = random.part(
            offset: Self.kemSeedByteCount, count: Self.curve.initiatorRandomByteCount)
        return Initiator(key: key, curve: Self.curve.initiate(random: rest))
    }

    func respond(to share: [UInt8], random: SecretBytes) -> KeyExchangeResponse? {
        guard share.count == initiatorShareByteCount else { return nil }
        let kemShare = Array(share[..<Self.encapsulationKeyByteCount])
        let curveShare = Array(share[Self.encapsulationKeyByteCount...])
        let curveRandom = random.part(
            offset: Self.encapsulationRandomByteCount, count: Self.curve.responderRandomByteCount)
        guard let capsule = encapsulate(to: kemShare, random: random),
            let response = Self.curve.respond(to: curveShare, random: curveRandom)
        else { return nil }
        return KeyExchangeResponse(
            share: capsule.share + response.share,
            secret: capsule.secret.joined(with: response.secret))
    }

    /// The ML-KEM half of the answer, or `nil` if the share is no key (FIPS 203, section 7.2).
    private func encapsulate(to share: [UInt8], random: SecretBytes) -> KeyExchangeResponse? {
        var randomness = random.withUnsafeBytes {
            Array($0.prefix(Self.encapsulationRandomByteCount))
        }
        defer { Wipe.bytes(&randomness) }
        guard let key = try? MLKEM768.PublicKey(rawRepresentation: share) else { return nil }
        var capsule = try? key.encapsulate(randomness: randomness)
        guard let ciphertext = capsule?.encapsulated, var secret = capsule?.sharedSecret else {
            return nil
        }
        // The last other reference: what is wiped is the only copy.
        capsule = nil
        return KeyExchangeResponse(share: ciphertext, secret: SecretBytes(wiping: &secret))
    }

    private struct Initiator: KeyExchangeInitiator {
        let key: MLKEM768.PrivateKey
        let curve: any KeyExchangeInitiator

        var share: [UInt8] { key.publicKey.rawRepresentation + curve.share }

        func finish(with responderShare: [UInt8]) -> SecretBytes? {
            guard responderShare.count > ciphertextByteCount,
                let curveSecret = curve.finish(
                    with: Array(responderShare[ciphertextByteCount...])),
                var kemSecret = try? key.decapsulate(Array(responderShare[..<ciphertextByteCount]))
            else { return nil }
            return SecretBytes(wiping: &kemSecret).joined(with: curveSecret)
        }
    }
}
