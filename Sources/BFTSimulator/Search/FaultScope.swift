import BFTBase
import BFTCore

/// A search among runs with few faults, each of small scope: the network splits in two in a few of
/// the first views, and one validator changes, in a few of them, what it signs for some of its
/// peers, by little. What is changed are real messages, so that the changes get past the checks
/// that random bytes fail.
///
/// Source: Winter et al., "Randomized testing of Byzantine fault tolerant algorithms" (OOPSLA
/// 2023).
public struct FaultScope: Sendable, Equatable {
    public let viewCount: Int
    /// The most views in which the network splits.
    public let splitLimit: Int
    /// The most changes. Each is of all messages of one view to some peers.
    public let changeLimit: Int

    public init(viewCount: Int, splitLimit: Int, changeLimit: Int) {
        self.viewCount = viewCount
        self.splitLimit = splitLimit
        self.changeLimit = changeLimit
    }

    /// One change, of all messages of a view to some peers.
    private struct Deviation: Sendable {
        let view: View
        let peers: Set<ValidatorIndex>
        let alteration: Alteration
    }

    /// What `seed` draws: when the network splits, who lies, and how.
    func drawn<P: Attackable>(
        seed: UInt64, powers: [VotingPower]
    ) -> (plan: RoundPlan, liar: RoundLiar<P>) {
        var random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xB12F)
        var rounds = (0..<viewCount).map { view in
            RoundPlan.Round(
                leader: ValidatorIndex(view % powers.count), parts: powers.map { _ in 0 })
        }
        for _ in 0..<Int.random(in: 0...splitLimit, using: &random) {
            let view = Int.random(in: rounds.indices, using: &random)
            rounds[view] = RoundPlan.Round(
                leader: rounds[view].leader,
                parts: powers.map { _ in Int.random(in: 0...1, using: &random) })
        }
        let culprit = ValidatorIndex(Int.random(in: powers.indices, using: &random))
        let changes = (0..<Int.random(in: 0...changeLimit, using: &random)).map { _ in
            Deviation(
                view: View(UInt64.random(in: 1...UInt64(viewCount), using: &random)),
                peers: Set(
                    powers.indices.filter { _ in Bool.random(using: &random) }
                        .map { ValidatorIndex($0) }),
                alteration: Alteration.allCases.randomElement(using: &random) ?? .silence)
        }
        let liar = RoundLiar<P>(validator: culprit) { unsigned, view, peer in
            for change in changes where change.view == view && change.peers.contains(peer) {
                return change.alteration.made(of: unsigned, as: P.self)
            }
            return [unsigned]
        }
        return (RoundPlan(powers: powers, twins: [], rounds: rounds), liar)
    }
}

/// A small change of a message.
private enum Alteration: CaseIterable, Sendable {
    /// It is not sent.
    case silence
    case nextView
    case previousView
    /// Another block that is as good, in a proposal.
    case otherBlock
    /// A digest in the place of the block's that is of no block.
    case otherDigest
    /// Votes of every other kind.
    case otherKinds
    case nextEpoch

    func made<P: Attackable>(of unsigned: P.Unsigned, as type: P.Type) -> [P.Unsigned] {
        let view = P.view(of: unsigned)
        return switch self {
        case .silence: []
        case .nextView: P.variants(of: unsigned, .view(view.next))
        case .previousView: P.variants(of: unsigned, .view(view.previous ?? view))
        case .otherBlock: P.variants(of: unsigned, .otherBlock)
        case .otherDigest: P.variants(of: unsigned, .block(Digest(view.rawValue, 1, 2, 3)))
        case .otherKinds: P.variants(of: unsigned, .otherKinds)
        case .nextEpoch: P.variants(of: unsigned, .epoch(Epoch(1)))
        }
    }
}
