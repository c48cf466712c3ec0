import BFTBase
import BFTCrypto
import BFTWire
import Testing

/// The bytes that `text` spells in hexadecimal.
func hex(_ text: String) throws -> [UInt8] { try #require(Hex.decode(text)) }

/// The secret that `text` spells in hexadecimal.
func secret(_ text: String) throws -> SecretBytes { SecretBytes(copying: try hex(text)) }

extension SecretBytes {
    var hex: String { withUnsafeBytes { Hex.encode($0) } }
}

/// The key of a scheme that the number determines.
func key(_ number: UInt8, _ scheme: SignatureSchemeID = .ed25519) throws -> SigningKey {
    try SigningKey(scheme, seed: SecretBytes(copying: [UInt8](repeating: number, count: 32)))
}

/// A message with the claims that it is given.
struct Note: Authenticated, Equatable {
    var number = 0
    var claims: [SignatureClaim]

    /// A note that each of `signers` signed with the key of its number.
    init(_ number: Int, signers: [Int], _ scheme: SignatureSchemeID = .ed25519) throws {
        self.number = number
        claims = []
        for signer in signers {
            let statement = Array("note \(number) of \(signer)".utf8)
            let signature = try key(UInt8(signer), scheme).sign(statement)
            claims.append(
                SignatureClaim(
                    signer: ValidatorIndex(signer), statement: statement, signature: signature))
        }
    }
}

/// The keys numbered 0 up to `count`.
func validatorKeys(
    _ count: Int, _ scheme: SignatureSchemeID = .ed25519
) throws -> ValidatorKeys {
    try ValidatorKeys(epoch: .zero, (0..<count).map { try key(UInt8($0), scheme).publicKey })
}
