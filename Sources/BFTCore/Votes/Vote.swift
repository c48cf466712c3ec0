public import BFTBase
public import BFTWire

/// The size limits of signatures, whatever the scheme.
public enum SignatureLimit {
    /// The largest signature of any scheme, in bytes: ML-DSA-87 has 4,627 (FIPS 204, table 2).
    public static let byteCount = 4_627
}

/// One validator's signature under one statement.
public struct Vote: Equatable, Sendable {
    public let statement: Statement
    public let voter: ValidatorIndex
    public let signature: [UInt8]

    public init(statement: Statement, voter: ValidatorIndex, signature: [UInt8]) {
        self.statement = statement
        self.voter = voter
        self.signature = signature
    }
}

extension Vote: Authenticated {
    public var claims: [SignatureClaim] {
        [SignatureClaim(signer: voter, statement: statement.signingBytes, signature: signature)]
    }
}

extension Vote: WireCodable {
    public func encode(into writer: inout Writer) {
        statement.encode(into: &writer)
        voter.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        statement = try Statement(from: &reader)
        voter = try ValidatorIndex(from: &reader)
        signature = try reader.bytes(limit: SignatureLimit.byteCount)
    }
}
