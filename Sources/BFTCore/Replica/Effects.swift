public import BFTBase

extension Array {
    /// Says `message`, to `peer` or to all.
    public mutating func send<P: ConsensusProtocol>(_ message: P.Message, to peer: ValidatorIndex?)
    where Element == Effect<P> {
        append(peer.map { .send(message, to: $0) } ?? .broadcast(message))
    }
}
