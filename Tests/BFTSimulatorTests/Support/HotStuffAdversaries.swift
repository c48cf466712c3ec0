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

/// Builds on a certificate that is not the highest, and shows its proposals to some only.
struct StaleLeader<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>
    private var proposals: [HotStuffProposal] = []

    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(.proposal(let proposal)) = message {
            proposals = proposals.suffix(20) + [proposal]
        }
        return []
    }

    mutating func instead(
        of unsigned: HotStuffUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let certified = proposals.suffix(4).filter { $0.justify != nil }
        guard case .proposal(let block, let vote, _, let timeouts) = unsigned,
            let old = certified.randomElement(using: &vantage.random), let justify = old.justify
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let other = block.rebuilt(
            on: justify.statement.block, at: justify.statement.height.next,
            applied: old.block.applied)
        let some = vantage.peers.filter { _ in vantage.choice(of: 4) > 0 }
        let proposal = HotStuffUnsigned.proposal(
            other, vote.moved(to: other, ancestor: nil), justify: justify, timeouts: timeouts)
        return [Dispatch(proposal, to: some)]
    }
}

/// Builds again on what a block that skipped a view stood on, by the timeouts of that view.
struct StaleTimeouts<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>
    private var skipping: [HotStuffProposal] = []

    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(.proposal(let proposal)) = message, proposal.timeouts != nil {
            skipping = skipping.suffix(3) + [proposal]
        }
        return []
    }

    mutating func instead(
        of unsigned: HotStuffUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .proposal(let block, let vote, _, _) = unsigned,
            let old = skipping.randomElement(using: &vantage.random)
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let other = block.rebuilt(
            on: old.block.parent, at: old.block.height, applied: old.block.applied)
        let proposal = HotStuffUnsigned.proposal(
            other, vote.moved(to: other, ancestor: nil), justify: old.justify,
            timeouts: old.timeouts)
        return [Dispatch(proposal, to: vantage.peers)]
    }
}

/// Says of its blocks that they commit their parents, or themselves where the parent is true, and
/// votes for that.
struct LyingLeader<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func instead(
        of unsigned: HotStuffUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .proposal(let block, let vote, let justify, let timeouts) = unsigned,
            let below = block.height.previous, below > .zero
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let parent = BlockName(height: below, digest: block.parent)
        let own = BlockName(height: block.height, digest: block.digest)
        let lie = vote.moved(to: block, ancestor: vote.ancestor == parent ? own : parent)
        return [
            Dispatch(
                .proposal(block, lie, justify: justify, timeouts: timeouts), to: vantage.peers)
        ]
    }
}

/// Claims to know a certificate of the view before each that it gives up.
struct TimeoutLiar<Rules: HotStuffRules>: Adversary {
    typealias P = HotStuffReplica<Rules>

    mutating func instead(
        of unsigned: HotStuffUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .timeout(let said) = unsigned, let previous = said.view.previous else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        func timeout(_ view: View, _ high: View) -> HotStuffUnsigned {
            .timeout(
                HotStuffTimeoutStatement(
                    chain: said.chain, epoch: said.epoch, view: view, highView: high))
        }
        return [
            Dispatch(timeout(said.view, previous), to: vantage.peers),
            Dispatch(timeout(said.view.next.next, said.view), to: vantage.peers),
        ]
    }
}
