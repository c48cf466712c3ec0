import BFTBase
public import BFTCore
import BFTLedger
import BFTWire

/// Sends bytes that are no message: noise, messages with bits flipped, cut short or drawn out.
public struct GarbagePeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        var bytes = vantage.coalition.heard.randomElement(using: &vantage.random)?.encoded ?? [1]
        switch vantage.choice(of: 5) {
        case 0:
            bytes = (0..<vantage.choice(of: 200)).map { _ in
                UInt8.random(in: 0...255, using: &vantage.random)
            }
        case 1: bytes[vantage.choice(of: bytes.count)] ^= 1 << UInt8(vantage.choice(of: 8))
        case 2: bytes.removeLast(1 + vantage.choice(of: bytes.count))
        case 3: bytes += Array(repeating: 0, count: 1 + vantage.choice(of: 9))
        default:
            // Lengths and counts that claim far more than there is.
            let start = vantage.choice(of: bytes.count)
            for position in start..<min(bytes.count, start + 4) { bytes[position] = 0xFF }
        }
        return [Dispatch(bytes: bytes, to: vantage.peers)]
    }
}
