public import BFTBase
public import BFTCore
public import BFTLedger

/// Puts whatever was signed into any place of any message, and signs what it likes beside that.
public struct AnythingSayer<P: Attackable>: Adversary {
    private var sayer = Sayer<P>()

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        sayer.instead(of: unsigned, &vantage)
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        sayer.instead(of: message, to: peer, &vantage)
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        sayer.hear(message, from: sender, &vantage)
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        sayer.speak(&vantage)
    }
}
