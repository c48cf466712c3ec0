/// A value whose every signature was checked against the validator set it names.
///
/// Only `BFTCrypto`, and the simulator with its stand-in signatures, can make one: the initializer
/// is behind `@_spi(Verification)`, and a test holds the list of files that import it. A protocol
/// takes nothing else, so a message that nobody checked can't reach it.
public struct Verified<Value> {
    public let value: Value

    @_spi(Verification)
    public init(_ value: Value) { self.value = value }
}

extension Verified: Equatable where Value: Equatable {}
extension Verified: Sendable where Value: Sendable {}
