import BFTBase
import BFTCore
import BFTCrypto
import BFTLedger
import ProtocolSimplex

@testable import BFTNode

/// One validator of four under test, which does not lead the first view, and what its peers say.
struct Stage {
    let keys: [SigningKey]
    /// Who leads the first view.
    let leader: Int
    let node: HeldNode
    let disk: HeldNode.Disk

    /// The peers of the node, the leader first.
    var peers: [Int] { [0, 2, 3].map { (leader + $0) % keys.count } }

    init(
        _ options: HeldNode.Options = HeldNode.Options(), _ scheme: SignatureSchemeID = .ed25519,
        disk: HeldNode.Disk = HeldNode.Disk()
    ) throws {
        keys = try (0..<TestChain.validatorCount).map { _ in try SigningKey.generate(scheme) }
        let consensus = try HeldNode(0, keys).core.host.replica.consensus
        leader = consensus.leader(of: View(1)).rawValue
        self.disk = disk
        node = try HeldNode((leader + 1) % keys.count, keys, on: disk, options)
        node.settle()
        _ = node.transport.takeSent()
    }

    func statement(_ kind: VoteKind, for block: Block) -> Statement {
        Statement(
            chain: TestChain.digest, epoch: .zero, kind: kind, view: block.view,
            height: block.height, block: block.digest)
    }

    /// The block that the leader proposes, alone or beside others.
    func block(_ payload: [BatchReference] = [], later milliseconds: UInt64 = 0) -> Block {
        let parent = TestChain().genesis.block
        return Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [parent.digest],
            proposer: ValidatorIndex(leader),
            time: Timestamp(milliseconds: parent.time.milliseconds + 10 + milliseconds),
            applied: parent.applied, payload: payload)
    }

    /// A vote of `voter`, with a signature that holds or with one of the right length.
    func vote(
        _ kind: VoteKind, for block: Block, by voter: Int, isGenuine: Bool = true
    ) -> Vote {
        let said = statement(kind, for: block)
        return Vote(
            statement: said, voter: ValidatorIndex(voter),
            signature: signature(said.signingBytes, by: voter, isGenuine: isGenuine))
    }

    func proposal(_ block: Block, isGenuine: Bool = true) -> HeldNode.Message {
        .consensus(
            .proposal(
                SimplexProposal(
                    block: block,
                    vote: vote(.notarize, for: block, by: leader, isGenuine: isGenuine))))
    }

    /// A batch of `author`, signed by it.
    func copy(_ batch: Batch, isGenuine: Bool = true) -> BatchCopy {
        let statement = batch.reference.statement(chain: TestChain.digest, epoch: .zero)
        return BatchCopy(
            batch,
            Authorship(
                chain: TestChain.digest, epoch: .zero,
                signature: signature(
                    statement.signingBytes, by: batch.author.rawValue, isGenuine: isGenuine)))
    }

    private func signature(_ bytes: [UInt8], by signer: Int, isGenuine: Bool) -> [UInt8] {
        var signature = keys[signer].sign(bytes)
        if !isGenuine { signature[0] ^= 1 }
        return signature
    }
}
