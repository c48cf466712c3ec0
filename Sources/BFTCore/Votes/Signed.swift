public import BFTBase
public import BFTWire

/// What a validator puts its signature under.
public protocol SignedContent: Equatable, Sendable, WireCodable {
    /// The exact bytes to sign: a label that no other use of the key shares, then the encoding.
    var signingBytes: [UInt8] { get }
    /// The signatures that it carries inside.
    var carriedClaims: [SignatureClaim] { get }
}

extension SignedContent {
    /// None, unless a content says otherwise.
    @inlinable public var carriedClaims: [SignatureClaim] { [] }

    /// The bytes to sign under `label`, which no other use of the key may share.
    @inlinable public func signingBytes(_ label: [UInt8]) -> [UInt8] {
        var writer = Writer(capacity: 160)
        writer.raw(label)
        encode(into: &writer)
        return writer.bytes
    }
}

/// One validator's signature under something.
public struct Signed<Content: SignedContent>: Equatable, Sendable {
    public let content: Content
    public let signer: ValidatorIndex
    public let signature: [UInt8]

    @inlinable public init(content: Content, signer: ValidatorIndex, signature: [UInt8]) {
        self.content = content
        self.signer = signer
        self.signature = signature
    }
}

extension Signed: Authenticated {
    @inlinable public var claims: [SignatureClaim] {
        [SignatureClaim(signer: signer, statement: content.signingBytes, signature: signature)]
            + content.carriedClaims
    }
}

extension Signed: WireCodable {
    @inlinable public func encode(into writer: inout Writer) {
        content.encode(into: &writer)
        signer.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    @inlinable public init(from reader: inout Reader) throws(WireError) {
        content = try Content(from: &reader)
        signer = try ValidatorIndex(from: &reader)
        signature = try reader.bytes(limit: SignatureLimit.byteCount)
    }
}
