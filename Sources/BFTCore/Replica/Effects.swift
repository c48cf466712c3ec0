public import BFTBase

extension Array {
    /// Sends `message` to `peer`, or to all.
    @inlinable public mutating func send<P: ConsensusProtocol>(
        _ message: P.Message, to peer: ValidatorIndex?
    )
    where Element == Effect<P> {
        append(peer.map { .send(message, to: $0) } ?? .broadcast(message))
    }

    /// Says `message`, once `record` is durable, which brings it back after a crash. The only way
    /// in which a protocol speaks for the first time.
    ///
    /// - Parameter shown: what all others need first, to make something of the message.
    @inlinable public mutating func say<P: ConsensusProtocol>(
        _ message: P.Unsigned, recording record: P.Durable, showing shown: P.Message? = nil
    ) where Element == Effect<P> {
        append(.persist(record))
        if let shown { append(.broadcast(shown)) }
        append(.sign(message))
    }

    /// Says again what a record brought back.
    @inlinable public mutating func sayAgain<P: ConsensusProtocol>(_ message: P.Unsigned)
    where Element == Effect<P> {
        append(.sign(message))
    }
}
