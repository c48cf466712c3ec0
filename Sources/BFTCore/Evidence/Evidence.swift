public import BFTBase
public import BFTWire

/// Two signed statements of one validator that no honest validator makes both of.
///
/// Anybody can check it: the two signatures, and the contradiction.
public struct Evidence: Equatable, Sendable {
    public let first: Vote
    public let second: Vote

    /// The evidence that `first` and `second` are, or `nil` if they don't contradict each other.
    public init?(_ first: Vote, _ second: Vote) {
        guard first.voter == second.voter, first.statement.contradicts(second.statement) else {
            return nil
        }
        self.first = first
        self.second = second
    }

    /// The validator that contradicted itself.
    public var culprit: ValidatorIndex { first.voter }
}

extension Evidence: Authenticated {
    public var claims: [SignatureClaim] { first.claims + second.claims }
}

extension Evidence: WireCodable {
    public func encode(into writer: inout Writer) {
        first.encode(into: &writer)
        second.encode(into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let first = try Vote(from: &reader)
        let second = try Vote(from: &reader)
        guard let evidence = Evidence(first, second) else {
            throw .invalid("evidence without a contradiction")
        }
        self = evidence
    }
}
