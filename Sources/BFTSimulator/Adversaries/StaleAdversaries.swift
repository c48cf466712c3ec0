import BFTBase
public import BFTCore
import BFTLedger
import BFTWire

/// Repeats what it heard long ago, from whomever.
public struct ReplayingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        (0..<3).compactMap { _ in
            vantage.coalition.heard.randomElement(using: &vantage.random)
                .map { Dispatch($0, to: vantage.peers) }
        }
    }
}

/// Says what it says for other epochs and other chains, with good signatures, and passes on what
/// others said as if it had been said there.
public struct StrayingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let changes: [Change] = [
            .epoch(vantage.configuration.epoch.next), .epoch(Epoch(.max)),
            .chain(Digest(vantage.random.next(), 0, 0, 0)),
        ]
        let strays = changes.flatMap { P.variants(of: unsigned, $0) }
        return strays.map { Dispatch($0, to: vantage.peers) }
            + [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }
}

/// Makes up signatures of others: those it heard, under other statements and other names.
public struct Forger<P: Attackable>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard let old = vantage.coalition.heard.randomElement(using: &vantage.random),
            case .consensus(let part) = old
        else { return [] }
        return P.forgeries(of: part, &vantage.random)
            .map { Dispatch(.consensus($0), to: vantage.peers) }
    }
}

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

/// Floods: votes for views far away, up to the end of time, and big batches of its own.
public struct FloodingPeer<P: Attackable>: Adversary {
    private var template: P.Unsigned?
    private var sequence = BatchSequence.zero

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        template = unsigned
        return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard let template else { return [] }
        let distances: [UInt64] = [2, 20, 63, 64, 65, 1_000, 1 << 40]
        let views = distances.map { View(vantage.view.rawValue &+ $0) } + [View(.max)]
        let votes = views.flatMap { view in
            P.variants(of: template, .view(view)).flatMap { [$0] + P.variants(of: $0, .otherKinds) }
        }
        let size = 4_000 + vantage.choice(of: 4_000)
        let batches = (0..<8).map { _ in
            sequence = sequence.next
            return Batch.of(
                [Array(repeating: 1, count: size)], author: vantage.own, sequence: sequence)
        }
        return votes.map { Dispatch($0, to: vantage.peers) }
            + batches.map { Dispatch(.ledger(.batch($0)), to: vantage.peers) }
    }
}
