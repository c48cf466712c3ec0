import BFTBase
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTNode

/// Blocks that are shown to be committed, and blocks that are not.
@Suite struct BlockVerifierTests {
    private let keys: [SigningKey]
    private let genesis: Genesis
    private let chain: Digest
    private let verifier: BlockVerifier

    init() throws {
        keys = try (0..<4).map { _ in try SigningKey.generate(.ed25519) }
        let keys = keys
        genesis = Genesis(
            chainID: "verified", genesisTime: Timestamp(milliseconds: 1), protocolName: .simplex,
            scheme: .ed25519,
            validators: keys.indices.map { index in
                GenesisValidator(
                    name: "node\(index)", power: 1, publicKey: keys[index].publicKey.bytes,
                    peerAddress: Endpoint(host: "127.0.0.1", port: 1))
            }, parameters: ChainParameters())
        chain = Digest.of(genesis.encoded, in: .genesis)
        verifier = try BlockVerifier(genesis: genesis, commitKinds: Simplex.commitKinds)
    }

    private func block(
        _ height: UInt64, on parent: Digest, time: UInt64 = 10, epoch: Epoch = .zero
    ) -> Block {
        Block(
            epoch: epoch, view: View(height), height: Height(height), parents: [parent],
            proposer: ValidatorIndex(1), time: Timestamp(milliseconds: time * height),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
    }

    /// Blocks at these heights, each the child of the one before.
    private func blocks(_ heights: [UInt64]) -> [Block] {
        var blocks: [Block] = []
        for height in heights {
            blocks.append(block(height, on: blocks.last?.digest ?? Digest(7, 7, 7, 7)))
        }
        return blocks
    }

    private func certificate(
        of block: Block, kind: VoteKind = .finalize, chain: Digest? = nil, epoch: Epoch = .zero,
        by signers: [Int] = [0, 1, 3], forged: Int? = nil
    ) throws -> Certificate {
        let statement = Statement(
            chain: chain ?? self.chain, epoch: epoch, kind: kind, view: block.view,
            height: block.height, block: block.digest)
        let votes = signers.map { signer in
            var signature = keys[signer].sign(statement.signingBytes)
            if signer == forged { signature[3] ^= 4 }
            return Vote(
                statement: statement, voter: ValidatorIndex(signer), signature: signature)
        }
        return try #require(
            Certificate(statement: statement, votes: votes, validatorCount: keys.count))
    }

    private func flaw(
        _ blocks: [Block], _ certificate: Certificate
    ) -> BlockVerifier.Flaw? {
        do throws(BlockVerifier.Flaw) {
            try verifier.check(blocks, committedBy: certificate)
            return nil
        } catch {
            return error
        }
    }

    @Test("A row of blocks whose last has a certificate is committed, however long it is")
    func committed() throws {
        for count in 1...5 as ClosedRange<UInt64> {
            let blocks = blocks(Array(3..<3 + count))
            let certificate = try certificate(of: try #require(blocks.last))
            #expect(flaw(blocks, certificate) == nil)
            let checked = try verifier.check(blocks, committedBy: certificate)
            #expect(checked.certificate == certificate)
        }
    }

    @Test("Whichever block of a row is another than its child says, the row is refused")
    func otherBlock() throws {
        let blocks = blocks([3, 4, 5, 6])
        let certificate = try certificate(of: blocks[3])
        for position in 0..<3 {
            var changed = blocks
            let old = blocks[position]
            changed[position] = block(
                old.height.rawValue, on: old.parent, time: 11, epoch: old.epoch)
            #expect(flaw(changed, certificate) == .unlinked(blocks[position + 1].height))
            var shorter = blocks
            shorter.remove(at: position)
            #expect((flaw(shorter, certificate) != nil) == (position > 0))
            var repeated = blocks
            repeated.insert(old, at: position)
            #expect(flaw(repeated, certificate) == .unlinked(old.height))
            var swapped = blocks
            swapped.swapAt(position, position + 1)
            #expect(flaw(swapped, certificate) != nil)
        }
        #expect(flaw([], certificate) == .noBlocks)
    }

    @Test("A child that names its parent and leaves a height out is refused")
    func skippedHeight() throws {
        for heights in [[3, 5], [3, 3], [3, 2], [3, 4, 6], [3, 5, 6]] as [[UInt64]] {
            let blocks = blocks(heights)
            let certificate = try certificate(of: blocks[blocks.count - 1])
            let found = flaw(blocks, certificate)
            guard case .unlinked? = found else {
                Issue.record("\(heights): \(String(describing: found))")
                continue
            }
        }
    }

    @Test("A certificate that is another's, too weak or forged commits nothing")
    func certificates() throws {
        let blocks = blocks([3, 4])
        #expect(flaw(blocks, try certificate(of: blocks[0])) == .certificate(.otherBlock))
        #expect(
            flaw(blocks, try certificate(of: blocks[1], chain: Digest(1, 1, 1, 1)))
                == .certificate(.otherChain))
        #expect(
            flaw(blocks, try certificate(of: blocks[1], epoch: Epoch(1)))
                == .certificate(.otherEpoch))
        #expect(
            flaw(blocks, try certificate(of: blocks[1], kind: .nullify))
                == .certificate(.wrongKind(.nullify)))
        #expect(
            flaw(blocks, try certificate(of: blocks[1], by: [0, 1]))
                == .certificate(.noQuorum(power: 2, total: 4)))
        #expect(
            flaw(blocks, try certificate(of: blocks[1], kind: .notarize))
                == .certificate(.notUnanimous(power: 3, total: 4)))
        for signer in [0, 1, 3] {
            let forged = try certificate(of: blocks[1], forged: signer)
            #expect(
                flaw(blocks, forged)
                    == .signature(
                        VerificationError(signer: ValidatorIndex(signer), reason: .invalid)))
        }
    }
}
