public import BFTBase

/// The size limits of signatures, whatever the scheme.
public enum SignatureLimit {
    /// The largest signature of any scheme, in bytes: ML-DSA-87 has 4,627 (FIPS 204, table 2).
    public static let byteCount = 4_627
}

/// One validator's signature under one statement.
public typealias Vote = Signed<Statement>

extension Signed where Content == Statement {
    @inlinable public init(statement: Statement, voter: ValidatorIndex, signature: [UInt8]) {
        self.init(content: statement, signer: voter, signature: signature)
    }

    @inlinable public var statement: Statement { content }
    @inlinable public var voter: ValidatorIndex { signer }
}
