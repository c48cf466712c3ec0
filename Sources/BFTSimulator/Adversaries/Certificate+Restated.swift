import BFTBase
public import BFTCore

extension Certificate {
    /// The first `count` of these signatures under another statement, which they don't sign.
    public func restated(_ statement: Statement, keeping count: Int = .max) -> Certificate? {
        let votes = zip(signers.positions, signatures).prefix(count).map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: $1)
        }
        return Certificate(
            statement: statement, votes: votes, validatorCount: signers.count)
    }
}
