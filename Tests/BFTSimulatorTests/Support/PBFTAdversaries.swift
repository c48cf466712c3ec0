import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolPBFT
import SimulatedProtocols

// What only a protocol with view changes and checkpoints can be attacked with.

/// Votes for another block beside each of its votes, before the same peers.
struct PBFTDoubleVoter<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func instead(
        of unsigned: PBFTUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        var all = [unsigned]
        if case .vote = unsigned {
            all += P.variants(of: unsigned, .block(Digest(vantage.random.next(), 0, 0, 0)))
        }
        return all.shuffled(using: &vantage.random).map { Dispatch($0, to: vantage.peers) }
    }
}

/// Reports nothing when it asks for a view, and begins its own with nothing, too.
struct PBFTForgetfulLeader<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func instead(
        of unsigned: PBFTUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        switch unsigned {
        case .viewChange(let content, _):
            [Dispatch(.viewChange(content.naming(nil), nil), to: vantage.peers)]
        case .newView(let content):
            [
                Dispatch(
                    .newView(
                        PBFTNewViewContent(
                            outcome: content.outcome.naming(nil),
                            viewChanges: content.viewChanges, certificate: nil)),
                    to: vantage.peers)
            ]
        case .prePrepare, .vote: [Dispatch(unsigned, to: vantage.peers)]
        }
    }
}

/// Asks for another view with everything it says.
struct PBFTRestlessPeer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func instead(
        of unsigned: PBFTUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let said = Dispatch<P>(unsigned, to: vantage.peers)
        guard case .vote(let vote) = unsigned else { return [said] }
        let ahead = View(vote.view.rawValue + 1 + UInt64(vantage.choice(of: 3)))
        let content = PBFTViewChangeContent(
            chain: vote.chain, epoch: vote.epoch, view: ahead, highest: nil)
        return [said, Dispatch(.viewChange(content, nil), to: vantage.peers)]
    }
}

/// Signs checkpoints of states and blocks that nobody has, near and far.
struct PBFTFalseCheckpointer<Rules: PBFTRules>: Adversary {
    typealias P = PBFTReplica<Rules>

    mutating func instead(
        of unsigned: PBFTUnsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let honest = Dispatch<P>(unsigned, to: vantage.peers)
        guard case .vote(let said) = unsigned else { return [honest] }
        let interval = PBFTBounds.checkpointInterval
        let next = said.height.rawValue / interval + 1 + UInt64(vantage.choice(of: 4))
        let height = Height(next * interval)
        let digest = Digest(vantage.random.next(), 0, 0, 0)
        let checkpoint = Statement(
            chain: said.chain, epoch: said.epoch, kind: .checkpoint, view: .zero, height: height,
            block: digest, ancestor: BlockName(height: height, digest: digest))
        return [honest, Dispatch(.vote(checkpoint), to: vantage.peers)]
    }
}

extension PBFTViewChangeContent {
    func naming(_ highest: PBFTCertificateName?) -> PBFTViewChangeContent {
        PBFTViewChangeContent(chain: chain, epoch: epoch, view: view, highest: highest)
    }
}

/// Answers a peer that catches up with the blocks up to the last stable checkpoint, under the
/// certificate of that.
struct CheckpointLiar<P: Attackable>: Adversary where P.Durable == PBFTRecord {
    mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let honest = [Dispatch<P>(message, to: [peer])]
        guard case .ledger(.syncResponse(let run)) = message else { return honest }
        for case .certificate(let stable) in vantage.replica?.consensus.liveRecords ?? []
        where stable.statement.kind == .checkpoint {
            let position = run.blocks.firstIndex {
                $0.digest == stable.statement.ancestor?.digest
            }
            guard let position else { continue }
            let lie = UncheckedRun(blocks: Array(run.blocks[...position]), certificate: stable)
            return [Dispatch(.ledger(.syncResponse(lie)), to: [peer])]
        }
        return honest
    }
}
