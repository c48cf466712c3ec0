import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex

/// Proposes a different block to each half, and votes for both.
struct EquivocatingLeader: Adversary {
    typealias P = Simplex

    mutating func messages(
        insteadOf unsigned: UnsignedMessage, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(UnsignedMessage, to: [ValidatorIndex])] {
        guard case .proposal(let block, let vote) = unsigned else { return [(unsigned, to: peers)] }
        let other = Block(
            epoch: block.epoch, view: block.view, height: block.height, parents: block.parents,
            proposer: block.proposer,
            time: Timestamp(milliseconds: block.time.milliseconds + 1), applied: block.applied,
            payload: block.payload)
        let otherVote = vote.naming(other)
        let middle = Int.random(in: 0...peers.count, using: &random)
        return [
            (unsigned, to: Array(peers[..<middle])),
            (.proposal(other, otherVote), to: Array(peers[middle...])),
            (.vote(otherVote), to: peers), (.vote(vote), to: peers),
            (.vote(vote.changed(to: .finalize)), to: peers),
            (.vote(otherVote.changed(to: .finalize)), to: peers),
        ]
    }
}

/// Builds on its grandparent, as if its parent had never been notarized.
struct SkippingLeader<Rules: VotingRules>: Adversary {
    typealias P = SimplexReplica<Rules>
    private var blocks: [Block] = []

    mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {
        guard case .consensus(.proposal(let proposal)) = message else { return }
        blocks = blocks.suffix(20) + [proposal.block]
    }

    mutating func messages(
        insteadOf unsigned: UnsignedMessage, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(UnsignedMessage, to: [ValidatorIndex])] {
        guard case .proposal(let block, let vote) = unsigned,
            let parent = blocks.last(where: { $0.digest == block.parent })
        else { return [(unsigned, to: peers)] }
        let other = Block(
            epoch: block.epoch, view: block.view, height: parent.height, parents: parent.parents,
            proposer: block.proposer, time: block.time, applied: parent.applied, payload: [])
        return [(.proposal(other, vote.naming(other)), to: peers)]
    }
}

/// Says everything that can be said of a view: nullify and finalize beside every vote.
struct DoubleVoter: Adversary {
    typealias P = Simplex

    mutating func messages(
        insteadOf unsigned: UnsignedMessage, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(UnsignedMessage, to: [ValidatorIndex])] {
        let said = unsigned.statement
        var all: [(UnsignedMessage, to: [ValidatorIndex])] = [
            (unsigned, to: peers), (.vote(said.changed(to: .nullify)), to: peers),
        ]
        if said.kind != .nullify {
            all.append((.vote(said.changed(to: .finalize)), to: peers))
            all.append((.vote(said.changed(to: .notarize)), to: peers))
        }
        return all.shuffled(using: &random)
    }
}

/// Says nothing when it leads.
struct SilentLeader: Adversary {
    typealias P = Simplex

    mutating func messages(
        insteadOf unsigned: UnsignedMessage, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(UnsignedMessage, to: [ValidatorIndex])] {
        guard case .proposal = unsigned else { return [(unsigned, to: peers)] }
        return []
    }
}

/// Sends what it signs and what it holds to some replicas only, others each time.
struct WithholdingPeer: Adversary {
    typealias P = Simplex

    mutating func messages(
        insteadOf unsigned: UnsignedMessage, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(UnsignedMessage, to: [ValidatorIndex])] {
        [(unsigned, to: peers.filter { _ in Bool.random(using: &random) })]
    }

    mutating func messages(
        insteadOf message: ReplicaMessage<Simplex>, to peer: ValidatorIndex,
        random: inout SplitMix64
    ) -> [ReplicaMessage<Simplex>] {
        Bool.random(using: &random) ? [message] : []
    }
}

/// Repeats what it heard long ago, from whomever, and makes up signatures of others.
struct ReplayingPeer: Adversary {
    typealias P = Simplex
    private var heard: [ReplicaMessage<Simplex>] = []

    mutating func hear(_ message: ReplicaMessage<Simplex>, from sender: ValidatorIndex) {
        if heard.count < 300 { heard.append(message) }
    }

    mutating func speak(random: inout SplitMix64) -> [ReplicaMessage<Simplex>] {
        guard let old = heard.randomElement(using: &random) else { return [] }
        return [old, forged(from: old, random: &random)].compactMap(\.self)
    }

    private func forged(
        from message: ReplicaMessage<Simplex>, random: inout SplitMix64
    ) -> ReplicaMessage<Simplex>? {
        let view = View(UInt64.random(in: 0...200, using: &random))
        switch message {
        case .consensus(.vote(let vote)):
            let statement = vote.statement.changed(to: .nullify, in: view)
            return .consensus(
                .vote(Vote(statement: statement, voter: vote.voter, signature: vote.signature)))
        case .consensus(.certificate(let certificate)):
            let votes = zip(certificate.signers.positions, certificate.signatures).map {
                Vote(
                    statement: certificate.statement.changed(to: .nullify, in: view),
                    voter: ValidatorIndex($0), signature: $1)
            }
            guard let first = votes.first else { return nil }
            return Certificate(
                statement: first.statement, votes: votes,
                validatorCount: certificate.signers.count
            ).map { .consensus(.certificate($0)) }
        default: return nil
        }
    }
}

extension Statement {
    func changed(to kind: VoteKind, in view: View? = nil) -> Statement {
        let isNullify = kind == .nullify
        return Statement(
            chain: chain, epoch: epoch, kind: kind, view: view ?? self.view,
            height: isNullify ? .zero : height, block: isNullify ? .zero : block)
    }

    func naming(_ block: Block) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view, height: block.height,
            block: block.digest)
    }
}
