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

    /// One change.
    private struct Change: Sendable {
        let view: View
        let peers: Set<ValidatorIndex>
        let alteration: Alteration
    }

    /// What `seed` draws: when the network splits, who lies, and how.
    func drawn<P: ConsensusProtocol>(
        seed: UInt64, powers: [VotingPower],
        alter: @escaping @Sendable (P.Unsigned, Alteration) -> P.Unsigned?
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
            Change(
                view: View(UInt64.random(in: 1...UInt64(viewCount), using: &random)),
                peers: Set(
                    powers.indices.filter { _ in Bool.random(using: &random) }
                        .map { ValidatorIndex($0) }),
                alteration: Alteration.allCases.randomElement(using: &random) ?? .silence)
        }
        let liar = RoundLiar<P>(validator: culprit) { unsigned, view, peer in
            for change in changes where change.view == view && change.peers.contains(peer) {
                return alter(unsigned, change.alteration).map { [$0] } ?? []
            }
            return [unsigned]
        }
        return (RoundPlan(powers: powers, twins: [], rounds: rounds), liar)
    }
}

/// A small change of a message.
public enum Alteration: CaseIterable, Sendable {
    /// It is not sent.
    case silence
    case nextView
    case previousView
    /// Another digest in the place of the block's.
    case otherBlock
    case otherHeight
    /// A vote of another kind.
    case otherKind
}
