import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolHotStuff

extension Statement {
    /// The same vote for another block.
    fileprivate func moved(to block: Block, ancestor: BlockName?) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: block.view, height: block.height,
            block: block.digest, ancestor: ancestor)
    }
}

extension Block {
    /// Another block of the same leader and view.
    fileprivate func rebuilt(on parent: Digest, at height: Height, applied: AppliedState) -> Block {
        Block(
            epoch: epoch, view: view, height: height, parents: [parent], proposer: proposer,
            time: Timestamp(milliseconds: time.milliseconds + 1), applied: applied, payload: [])
    }
}

/// Proposes a different block to each half, and votes for both.
struct HotStuffEquivocator<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        guard case .proposal(let block, let vote, let justify, let timeouts) = unsigned else {
            return [(unsigned, to: peers)]
        }
        let other = block.rebuilt(on: block.parent, at: block.height, applied: block.applied)
        let otherVote = vote.moved(to: other, ancestor: vote.ancestor)
        let middle = Int.random(in: 0...peers.count, using: &random)
        return [
            (unsigned, to: Array(peers[..<middle])),
            (
                .proposal(other, otherVote, justify: justify, timeouts: timeouts),
                to: Array(peers[middle...])
            ),
            (.vote(vote, to: nil), to: peers), (.vote(otherVote, to: nil), to: peers),
        ]
    }
}

/// Builds on a certificate that is not the highest, and shows its proposals to some only.
struct StaleLeader<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>
    private var proposals: [HotStuffProposal] = []

    mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {
        guard case .consensus(.proposal(let proposal)) = message else { return }
        proposals = proposals.suffix(20) + [proposal]
    }

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        guard case .proposal(let block, let vote, _, let timeouts) = unsigned else {
            return [(unsigned, to: peers)]
        }
        let certified = proposals.suffix(4).filter { $0.justify != nil }
        guard let old = certified.randomElement(using: &random), let justify = old.justify else {
            return [(unsigned, to: peers)]
        }
        let other = block.rebuilt(
            on: justify.statement.block, at: justify.statement.height.next,
            applied: old.block.applied)
        let some = peers.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
        return [
            (
                .proposal(
                    other, vote.moved(to: other, ancestor: nil), justify: justify,
                    timeouts: timeouts), to: some
            )
        ]
    }
}

/// Says of its blocks that they commit their parents, and votes for that.
struct LyingLeader<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        guard case .proposal(let block, let vote, let justify, let timeouts) = unsigned,
            let below = block.height.previous, below > .zero
        else { return [(unsigned, to: peers)] }
        let lie = vote.moved(
            to: block, ancestor: BlockName(height: below, digest: block.parent))
        return [(.proposal(block, lie, justify: justify, timeouts: timeouts), to: peers)]
    }
}

/// Claims to know a certificate of the view before each that it gives up.
struct TimeoutLiar<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        guard case .timeout(let said) = unsigned, let previous = said.view.previous else {
            return [(unsigned, to: peers)]
        }
        func timeout(_ view: View, _ high: View) -> HotStuffUnsigned {
            .timeout(
                TimeoutStatement(
                    chain: said.chain, epoch: said.epoch, view: view, highView: high))
        }
        return [
            (timeout(said.view, previous), to: peers),
            (timeout(said.view.next.next, said.view), to: peers),
        ]
    }
}

/// Votes for every proposal that it hears of, whatever it said before, and tells everybody.
struct EagerVoter<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>
    private var statements: [Statement] = []

    mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {
        guard case .consensus(.proposal(let proposal)) = message else { return }
        statements = statements.suffix(8) + [proposal.vote.statement]
    }

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        [(unsigned, to: peers)] + statements.map { (.vote($0, to: nil), to: peers) }
    }
}

/// Says nothing when it leads.
struct HotStuffSilence<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        guard case .proposal = unsigned else { return [(unsigned, to: peers)] }
        return []
    }
}

/// Sends what it signs and what it holds to some replicas only, others each time.
struct HotStuffWithholding<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func messages(
        insteadOf unsigned: HotStuffUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(HotStuffUnsigned, to: [ValidatorIndex])] {
        [(unsigned, to: peers.filter { _ in Bool.random(using: &random) })]
    }

    mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>] {
        Bool.random(using: &random) ? [message] : []
    }
}

/// Repeats what it heard long ago, and makes up votes and certificates of others.
struct HotStuffReplay<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>
    private var heard: [ReplicaMessage<P>] = []

    mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {
        if heard.count < 300 { heard.append(message) }
    }

    mutating func speak(random: inout SplitMix64) -> [ReplicaMessage<P>] {
        guard let old = heard.randomElement(using: &random) else { return [] }
        return [old, forged(from: old, random: &random)].compactMap(\.self)
    }

    private func forged(
        from message: ReplicaMessage<P>, random: inout SplitMix64
    ) -> ReplicaMessage<P>? {
        guard case .consensus(.proposal(let proposal)) = message, let justify = proposal.justify
        else { return nil }
        let said = justify.statement
        let claimed = Statement(
            chain: said.chain, epoch: said.epoch, kind: said.kind,
            view: View(UInt64.random(in: 0...200, using: &random)), height: said.height,
            block: said.block, ancestor: BlockName(height: said.height, digest: said.block))
        let votes = zip(justify.signers.positions, justify.signatures).map {
            Vote(statement: claimed, voter: ValidatorIndex($0), signature: $1)
        }
        return Certificate(
            statement: claimed, votes: votes, validatorCount: justify.signers.count
        ).map { .consensus(.certificate($0)) }
    }
}
