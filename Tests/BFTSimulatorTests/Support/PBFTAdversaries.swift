import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolPBFT

/// Proposes a different block to each half, and votes for both.
struct PBFTEquivocatingLeader<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        guard case .prePrepare(let block, let vote) = unsigned else {
            return [(unsigned, to: peers)]
        }
        let other = Block(
            epoch: block.epoch, view: block.view, height: block.height, parents: block.parents,
            proposer: block.proposer,
            time: Timestamp(milliseconds: block.time.milliseconds + 1), applied: block.applied,
            payload: block.payload)
        let otherVote = vote.altered(to: .prepare, block: other.digest)
        let middle = Int.random(in: 0...peers.count, using: &random)
        return [
            (unsigned, to: Array(peers[..<middle])),
            (.prePrepare(other, otherVote), to: Array(peers[middle...])),
            (.vote(otherVote), to: peers), (.vote(vote), to: peers),
            (.vote(vote.altered(to: .commit)), to: peers),
            (.vote(otherVote.altered(to: .commit)), to: peers),
        ]
    }
}

/// Votes to commit whatever it hears of, before anybody has prepared it, and for nothing beside.
struct PBFTDoubleVoter<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        guard case .vote(let said) = unsigned, said.kind != .checkpoint else {
            return [(unsigned, to: peers)]
        }
        let other = Digest(random.next(), 0, 0, 0)
        let all: [(PBFTUnsigned, to: [ValidatorIndex])] = [
            (unsigned, to: peers), (.vote(said.altered(to: .commit)), to: peers),
            (.vote(said.altered(to: .prepare)), to: peers),
            (.vote(said.altered(to: .prepare, block: other)), to: peers),
            (.vote(said.altered(to: .commit, block: other)), to: peers),
        ]
        return all.shuffled(using: &random)
    }
}

/// Says nothing when it leads.
struct PBFTSilentLeader<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        switch unsigned {
        case .prePrepare: []
        case .newView: Bool.random(using: &random) ? [] : [(unsigned, to: peers)]
        case .vote, .viewChange: [(unsigned, to: peers)]
        }
    }
}

/// Sends what it signs and what it holds to some replicas only, others each time.
struct PBFTWithholdingPeer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        [(unsigned, to: peers.filter { _ in Bool.random(using: &random) })]
    }

    mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>] {
        Bool.random(using: &random) ? [message] : []
    }
}

/// Repeats what it heard long ago, from whomever, and makes up signatures of others.
struct PBFTReplayingPeer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>
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
        switch message {
        case .consensus(.vote(let vote)):
            let other = Digest(random.next(), 0, 0, 0)
            return .consensus(
                .vote(
                    Vote(
                        statement: vote.statement.altered(to: .commit, block: other),
                        voter: vote.voter, signature: vote.signature)))
        case .consensus(.certificate(let certificate)):
            let said = certificate.statement.altered(
                to: .commit, block: Digest(random.next(), 0, 0, 0))
            let votes = zip(certificate.signers.positions, certificate.signatures).map {
                Vote(statement: said, voter: ValidatorIndex($0), signature: $1)
            }
            return Certificate(
                statement: said, votes: votes, validatorCount: certificate.signers.count
            ).map { .consensus(.certificate($0)) }
        default: return nil
        }
    }
}

/// Reports nothing when it asks for a view, and begins its own with nothing, too.
struct PBFTForgetfulLeader<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        switch unsigned {
        case .viewChange(let content, _):
            return [(.viewChange(content.naming(nil), nil), to: peers)]
        case .newView(let content):
            // The lowest report, with the view changes as they are.
            let lowest = content.viewChanges.compactMap(\.content.highest)
                .reduce(nil as CertificateName?) { best, report in
                    best.map { $0.isAbove(report) } ?? true ? report : best
                }
            let isNothing = lowest == content.outcome.highest || lowest == nil
            let changed = NewViewContent(
                outcome: content.outcome.naming(isNothing ? nil : content.outcome.highest),
                viewChanges: content.viewChanges,
                certificate: isNothing ? nil : content.certificate)
            return [(.newView(changed), to: peers)]
        case .prePrepare, .vote: return [(unsigned, to: peers)]
        }
    }
}

/// Asks for another view with everything it says.
struct PBFTRestlessPeer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        guard case .vote(let said) = unsigned else { return [(unsigned, to: peers)] }
        let ahead = View(said.view.rawValue + UInt64.random(in: 1...3, using: &random))
        let content = ViewChangeContent(
            chain: said.chain, epoch: said.epoch, view: ahead, highest: nil)
        return [(unsigned, to: peers), (.viewChange(content, nil), to: peers)]
    }
}

/// Signs checkpoints of states and blocks that nobody has, near and far.
struct PBFTFalseCheckpointer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func messages(
        insteadOf unsigned: PBFTUnsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(PBFTUnsigned, to: [ValidatorIndex])] {
        guard case .vote(let said) = unsigned else { return [(unsigned, to: peers)] }
        let interval = PBFTBounds.checkpointInterval
        let next = (said.height.rawValue / interval + UInt64.random(in: 1...4, using: &random))
        let height = Height(next * interval)
        let digest = Digest(random.next(), 0, 0, 0)
        let checkpoint = Statement(
            chain: said.chain, epoch: said.epoch, kind: .checkpoint, view: .zero, height: height,
            block: digest, ancestor: BlockName(height: height, digest: digest))
        return [(unsigned, to: peers), (.vote(checkpoint), to: peers)]
    }
}

extension ViewChangeContent {
    func naming(_ highest: CertificateName?) -> ViewChangeContent {
        ViewChangeContent(chain: chain, epoch: epoch, view: view, highest: highest)
    }
}

extension Statement {
    fileprivate func altered(to kind: VoteKind, block: Digest? = nil) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view, height: height,
            block: block ?? self.block)
    }
}
