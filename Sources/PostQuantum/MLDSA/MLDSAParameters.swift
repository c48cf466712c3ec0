/// The numbers of one parameter set (FIPS 204, table 1) and the sizes that follow from them
/// (table 2).
public struct MLDSAParameters: Sendable {
    /// Rows and columns of the matrix.
    let rows: Int
    let columns: Int
    /// The largest coefficient of a secret.
    let eta: Int32
    /// The number of nonzero coefficients of the challenge.
    let tau: Int
    /// The largest number of hints.
    let omega: Int
    /// The bytes of the hash that commits a signature.
    let challengeBytes: Int

    /// The largest coefficient of a challenge times a secret.
    var beta: Int32 { Int32(tau) * eta }
    /// Bits that encode a coefficient of a secret.
    var secretBits: Int { eta == 2 ? 3 : 4 }
    var secretPolynomialBytes: Int { 32 * secretBits }
    var maskBytes: Int { 640 * columns }
    var packedHighBytes: Int { 128 * rows }

    var publicKeyBytes: Int { 32 + 320 * rows }
    var signatureBytes: Int { challengeBytes + maskBytes + omega + rows }
    var expandedKeyBytes: Int {
        128 + secretPolynomialBytes * (rows + columns) + 416 * rows
    }
}

/// A parameter set of ML-DSA, as a type.
public protocol MLDSAParameterSet: Sendable {
    /// Its numbers.
    static var parameters: MLDSAParameters { get }
}

/// The parameter set ML-DSA-65, of security category 3.
public enum MLDSA65Parameters: MLDSAParameterSet {
    /// Its numbers.
    public static let parameters = MLDSAParameters(
        rows: 6, columns: 5, eta: 4, tau: 49, omega: 55, challengeBytes: 48)
}

/// The parameter set ML-DSA-87, of security category 5.
public enum MLDSA87Parameters: MLDSAParameterSet {
    /// Its numbers.
    public static let parameters = MLDSAParameters(
        rows: 8, columns: 7, eta: 2, tau: 60, omega: 75, challengeBytes: 64)
}

/// The module-lattice signature scheme of FIPS 204, for one parameter set.
///
/// Use it as ``MLDSA65`` or ``MLDSA87``.
public enum MLDSA<Parameters: MLDSAParameterSet> {}

/// ML-DSA-65: keys of 1,952 bytes, signatures of 3,309 bytes.
public typealias MLDSA65 = MLDSA<MLDSA65Parameters>

/// ML-DSA-87: keys of 2,592 bytes, signatures of 4,627 bytes.
public typealias MLDSA87 = MLDSA<MLDSA87Parameters>
