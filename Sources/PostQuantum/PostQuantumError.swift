/// Why a key could not be made, or an operation not be done.
///
/// A signature that does not verify, or a ciphertext that was made up, is no error: verification
/// answers `false`, decapsulation gives a secret that nobody else has.
public enum PostQuantumError: Error, Equatable, Sendable {
    /// A representation of a key has the wrong length.
    case incorrectKeySize(expected: Int, actual: Int)
    /// A context, message representative, ciphertext or randomness has the wrong length.
    case incorrectParameterSize(expected: Int, actual: Int)
    /// The public key that was given, or its hash, is not that of the private key.
    case publicKeyMismatch
    /// A coefficient of an encoded key is out of range, so no key generation made it.
    case invalidKeyEncoding
}
