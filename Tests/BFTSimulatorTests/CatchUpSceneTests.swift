@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import Testing

@testable import BFTSimulator

/// A protocol, and how its replica hears that a block is committed.
private protocol Committing: ConsensusProtocol {
    /// What a quorum says to commit `block`.
    static func commitStatement(_ block: Block, chain: Digest) -> Statement
    static func message(_ certificate: Certificate) -> Message
}

extension SimplexReplica: Committing {
    fileprivate static func commitStatement(_ block: Block, chain: Digest) -> Statement {
        Statement(
            chain: chain, epoch: .zero, kind: .finalize, view: block.view, height: block.height,
            block: block.digest)
    }
    fileprivate static func message(_ certificate: Certificate) -> SimplexMessage {
        .certificate(certificate)
    }
}

extension PBFTReplica: Committing {
    fileprivate static func commitStatement(_ block: Block, chain: Digest) -> Statement {
        Statement(
            chain: chain, epoch: .zero, kind: .commit, view: block.view, height: block.height,
            block: block.digest)
    }
    fileprivate static func message(_ certificate: Certificate) -> PBFTMessage {
        .certificate(certificate)
    }
}

extension HotStuffReplica: Committing {
    fileprivate static func commitStatement(_ block: Block, chain: Digest) -> Statement {
        Statement(
            chain: chain, epoch: .zero, kind: .vote, view: View(block.view.rawValue + 2),
            height: Height(block.height.rawValue + 2), block: Digest(7, 7, 7, 7),
            ancestor: BlockName(height: block.height, digest: block.digest))
    }
    fileprivate static func message(_ certificate: Certificate) -> HotStuffMessage {
        .certificate(certificate)
    }
}

/// A replica that was away, and peers that have the whole chain on disk, of which the last block
/// alone has a certificate.
private struct CatchUpScene<P: Committing> {
    let chain = Digest(4, 4, 4, 4)
    let configuration: ReplicaConfiguration
    let certificate: Certificate
    let blocks: [CommittedBlock]
    private(set) var replica: Replica<P>
    private(set) var committed: [Block] = []
    private(set) var state: CommittedState
    private(set) var rejections: [LedgerRejection] = []
    private var now = Instant(nanoseconds: 0)
    /// What a peer sends in the place of an answer.
    var lie: (LedgerMessage) -> LedgerMessage? = { $0 }

    init(length: Int) throws {
        configuration = ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500)))
        let genesis = Block.genesis(
            chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
        var last = genesis
        var headers: [Block] = []
        for number in 1...length {
            last = Block(
                epoch: .zero, view: View(UInt64(number)), height: last.height.next,
                parents: [last.digest], proposer: ValidatorIndex(1), time: last.time,
                applied: genesis.applied, payload: [])
            headers.append(last)
        }
        certificate = try Self.certificate(P.commitStatement(last, chain: chain))
        let checked = try P.commitRules(configuration).check(certificate)
        blocks = headers.map {
            CommittedBlock(
                block: $0, batches: [], certificate: checked,
                frontier: Array(repeating: BatchSequence(1), count: 4))
        }
        state = .genesis(genesis, validatorCount: 4)
        replica = Replica(
            configuration: configuration, limits: LedgerLimits(), state: state, recovered: [])
        give(.started)
    }

    static func certificate(_ statement: Statement) throws -> Certificate {
        try #require(
            Certificate(
                statement: statement,
                votes: (1...3).map {
                    Vote(statement: statement, voter: ValidatorIndex($0), signature: [])
                }, validatorCount: 4))
    }

    /// A peer says that the last block is committed.
    mutating func tell() {
        give(
            .received(
                Verified(.consensus(P.message(certificate))), from: ValidatorIndex(1)))
    }

    /// The process ends and starts again on what it executed, with an empty log.
    mutating func restart() {
        replica = Replica(
            configuration: configuration, limits: LedgerLimits(), state: state, recovered: [])
        give(.started)
    }

    /// Carries everything out until nothing is left to do, or so many blocks are committed.
    mutating func give(_ input: ReplicaInput<P>, limit: Int = .max) {
        var inputs = [input]
        while !inputs.isEmpty, committed.count < limit {
            var effects: [ReplicaEffect<P>] = []
            now = now.advanced(by: .milliseconds(1))
            replica.handle(
                inputs.removeFirst(), at: now, wallTime: Timestamp(milliseconds: 5),
                into: &effects)
            for effect in effects { carryOut(effect, &inputs) }
        }
    }

    private mutating func carryOut(
        _ effect: ReplicaEffect<P>, _ inputs: inout [ReplicaInput<P>]
    ) {
        switch effect {
        case .send(.ledger(.syncRequest(let request)), let peer):
            guard let answer = ExecutedBlocks(blocks: blocks[...]).answer(request),
                let message = lie(answer)
            else { return }
            inputs.append(.received(Verified(.ledger(message)), from: peer))
        case .execute(let block):
            committed.append(block.block)
            state = CommittedState(after: block, stateRoot: .zero)
            inputs.append(.executed(block.block.height, stateRoot: .zero))
        case .rejectedLedger(let rejection, _): rejections.append(rejection)
        default: return
        }
    }
}

@Suite struct CatchUpSceneTests {
    private static func check<P: Committing>(_ type: P.Type) throws {
        var scene = try CatchUpScene<P>(length: 900)
        scene.tell()
        #expect(scene.committed == scene.blocks.map(\.block))
        #expect(scene.replica.consensus.committed == scene.blocks.last?.block)
        #expect(!scene.replica.isCatchingUp && scene.rejections.isEmpty)

        // Cut off on the way up, and started again: what it has it keeps, and it takes the rest.
        var cut = try CatchUpScene<P>(length: 900)
        cut.give(
            .received(
                Verified(.consensus(P.message(cut.certificate))), from: ValidatorIndex(2)),
            limit: 300)
        #expect(cut.committed.count >= 300 && cut.committed.count < 900)
        let kept = cut.state.block
        cut.restart()
        #expect(cut.committed.contains(kept))
        #expect(cut.replica.consensus.committed == cut.blocks.last?.block)
        #expect(cut.committed == cut.blocks.map(\.block))
    }

    @Test("Whoever was away while nobody certified comes back, also with a restart on the way")
    func longChain() throws {
        try Self.check(Simplex.self)
        try Self.check(PBFT.self)
        try Self.check(HotStuff.self)
        try Self.check(HotStuff2.self)
    }

    @Test("A checkpoint certificate in the place of a commit certificate is refused")
    func checkpoint() throws {
        var scene = try CatchUpScene<PBFT>(length: 8)
        let last = scene.blocks[7].block
        let said = Statement(
            chain: scene.chain, epoch: .zero, kind: .checkpoint, view: .zero, height: last.height,
            block: .zero, ancestor: BlockName(height: last.height, digest: last.digest))
        let stable = try CatchUpScene<PBFT>.certificate(said)
        var lies = 0
        scene.lie = { answer in
            guard case .syncResponse(let run) = answer else { return answer }
            // Once, and then the truth.
            lies += 1
            return lies > 1
                ? answer : .syncResponse(UncheckedRun(blocks: run.blocks, certificate: stable))
        }
        scene.tell()
        #expect(scene.rejections == [.flawedCertificate(.wrongKind(.checkpoint))])
        #expect(scene.replica.consensus.committed == last)
        #expect(scene.state.certificate?.statement.kind == .commit)
        #expect(!PBFT.commitKinds.contains(.checkpoint))
    }
}
