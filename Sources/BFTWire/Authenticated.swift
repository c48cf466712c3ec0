public import BFTBase

/// One signature and what it must cover: `signer` is held to have signed `statement`.
public struct SignatureClaim: Equatable, Sendable {
    public let signer: ValidatorIndex
    /// The exact bytes that were signed. They name chain, epoch and kind, so that no signature
    /// can be used in another place.
    public let statement: [UInt8]
    public let signature: [UInt8]

    public init(signer: ValidatorIndex, statement: [UInt8], signature: [UInt8]) {
        self.signer = signer
        self.statement = statement
        self.signature = signature
    }
}

/// A message that stands on signatures. It is `Verified` when every one of its claims holds.
public protocol Authenticated: Sendable {
    var claims: [SignatureClaim] { get }
}
