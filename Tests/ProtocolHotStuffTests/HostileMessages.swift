@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff

/// Messages with one field that is wrong in its place, and the check that is about it.
///
/// Four validators of power 1; v1, v2 and v3 lead views 1, 2, … again and again, and the replica
/// is v0. It knows A of view 1 and its certificate; view 2 was given up, and C of view 3 stands on
/// A.
struct HostileMessages {
    struct Hostile {
        let check: HotStuffCheck
        let place: String
        let message: HotStuffMessage
    }

    let blockA: Block
    let certificateA: Certificate
    let timeouts2: HotStuffTimeoutCertificate

    init() {
        blockA = Self.block(view: 1, height: 1, on: Sample.genesis.digest, by: 1)
        certificateA = Self.certificate(Self.statement(of: blockA))
        timeouts2 = Self.timeouts(2, claiming: 1, certificateA)
    }

    // MARK: What messages are made of

    static func block(
        view: UInt64, height: UInt64, on parent: Digest, and others: [Digest] = [], by leader: Int,
        epoch: Epoch = .zero, time: UInt64 = 50
    ) -> Block {
        Block(
            epoch: epoch, view: View(view), height: Height(height), parents: [parent] + others,
            proposer: ValidatorIndex(leader), time: Timestamp(milliseconds: time),
            applied: Sample.genesis.applied, payload: [])
    }

    static func statement(
        of block: Block, chain: Digest = Sample.chain, epoch: Epoch = .zero,
        kind: VoteKind = .vote, view: View? = nil, height: Height? = nil, digest: Digest? = nil
    ) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view ?? block.view,
            height: height ?? block.height, block: digest ?? block.digest)
    }

    static func certificate(
        _ statement: Statement, by voters: [Int] = [1, 2, 3], of count: Int = 4
    ) -> Certificate {
        let votes = voters.map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: [])
        }
        return Certificate(statement: statement, votes: votes, validatorCount: count)!
    }

    static func timeout(
        _ view: UInt64, claiming high: UInt64, by sender: Int = 1, chain: Digest = Sample.chain,
        epoch: Epoch = .zero
    ) -> HotStuffTimeout {
        HotStuffTimeout(
            content: HotStuffTimeoutStatement(
                chain: chain, epoch: epoch, view: View(view), highView: View(high)),
            signer: ValidatorIndex(sender), signature: [])
    }

    static func timeouts(
        _ view: UInt64, claiming claimed: UInt64, _ high: Certificate?,
        by senders: [Int] = [1, 2, 3],
        of count: Int = 4, chain: Digest = Sample.chain, epoch: Epoch = .zero
    ) -> HotStuffTimeoutCertificate {
        HotStuffTimeoutCertificate(
            timeouts: senders.map {
                timeout(view, claiming: claimed, by: $0, chain: chain, epoch: epoch)
            },
            high: high, validatorCount: count)!
    }

    /// C of view 3 on A, of the height above.
    func blockC(
        view: UInt64 = 3, height: UInt64 = 2, and others: [Digest] = [], by leader: Int = 3,
        epoch: Epoch = .zero, time: UInt64 = 50
    ) -> Block {
        Self.block(
            view: view, height: height, on: blockA.digest, and: others, by: leader, epoch: epoch,
            time: time)
    }

    /// A proposal of `block`, or of C, with what justifies C unless another thing is given.
    func proposal(
        _ block: Block? = nil, saying statement: Statement? = nil, by voter: Int? = nil,
        justify: Certificate?, timeouts: HotStuffTimeoutCertificate?
    ) -> HotStuffMessage {
        let block = block ?? blockC()
        return .proposal(
            HotStuffProposal(
                block: block,
                vote: Vote(
                    statement: statement ?? Self.statement(of: block),
                    voter: voter.map { ValidatorIndex($0) } ?? block.proposer, signature: []),
                justify: justify, timeouts: timeouts))
    }

    private func proposal(
        _ block: Block? = nil, saying statement: Statement? = nil, by voter: Int? = nil
    ) -> HotStuffMessage {
        proposal(
            block, saying: statement, by: voter, justify: certificateA, timeouts: timeouts2)
    }

    // MARK: What nothing is wrong with

    var sound: [HotStuffMessage] {
        [
            proposal(), .certificate(certificateA), .timeoutCertificate(timeouts2),
            .vote(
                Vote(
                    statement: Self.statement(of: blockC()), voter: ValidatorIndex(1),
                    signature: [])),
            .timeout(Self.timeout(2, claiming: 1)),
            proposal(blockC(view: 2, by: 2), justify: certificateA, timeouts: nil),
        ]
    }

    // MARK: What something is wrong with

    var all: [Hostile] { statements + signers + proposals + justifications + timeouts + kept }

    /// Every place of a certificate of A's statement.
    private func places(
        _ check: HotStuffCheck, _ certificate: Certificate
    ) -> [Hostile] {
        let shown = Self.timeouts(2, claiming: 1, certificate)
        return [
            Hostile(check: check, place: "certificate", message: .certificate(certificate)),
            Hostile(
                check: check, place: "proposal.justify",
                message: proposal(justify: certificate, timeouts: timeouts2)),
            Hostile(
                check: check, place: "timeoutCertificate.high",
                message: .timeoutCertificate(shown)),
            Hostile(
                check: check, place: "proposal.timeouts.high",
                message: proposal(justify: certificateA, timeouts: shown)),
        ]
    }

    /// Every place of a vote that says something else of `block`.
    private func votes(
        _ check: HotStuffCheck, _ statement: (Block) -> Statement
    ) -> [Hostile] {
        let voter = ValidatorIndex(3)
        return [
            Hostile(
                check: check, place: "vote",
                message: .vote(
                    Vote(statement: statement(blockC()), voter: voter, signature: []))),
            Hostile(
                check: check, place: "proposal.vote",
                message: proposal(saying: statement(blockC()))),
        ]
    }

    private var statements: [Hostile] {
        let (chain, epoch) = (Digest(8, 8, 8, 8), Epoch(1))
        // A tally takes votes of its own kind alone, so of other kinds there are certificates only.
        let kind = VoteKind(ballot: 1, per: .view)
        return votes(.statementChain) { Self.statement(of: $0, chain: chain) }
            + votes(.statementEpoch) { Self.statement(of: $0, epoch: epoch) }
            + places(
                .statementChain, Self.certificate(Self.statement(of: blockA, chain: chain)))
            + places(
                .statementEpoch, Self.certificate(Self.statement(of: blockA, epoch: epoch)))
            + places(.statementKind, Self.certificate(Self.statement(of: blockA, kind: kind)))
    }

    private var signers: [Hostile] {
        let said = Self.statement(of: blockA)
        let few = Self.timeouts(2, claiming: 1, certificateA, by: [1, 2])
        let wide = Self.timeouts(2, claiming: 1, certificateA, of: 8)
        return places(.signerPower, Self.certificate(said, by: [1, 2]))
            + places(.signerCount, Self.certificate(said, of: 8))
            + timeoutPlaces(.signerPower, few) + timeoutPlaces(.signerCount, wide)
    }

    private func timeoutPlaces(
        _ check: HotStuffCheck, _ timeouts: HotStuffTimeoutCertificate
    ) -> [Hostile] {
        [
            Hostile(
                check: check, place: "timeoutCertificate", message: .timeoutCertificate(timeouts)),
            Hostile(
                check: check, place: "proposal.timeouts",
                message: proposal(justify: certificateA, timeouts: timeouts)),
        ]
    }

    private var proposals: [Hostile] {
        let block = blockC()
        let wrong: [(HotStuffCheck, HotStuffMessage)] = [
            (
                .proposedBlock,
                proposal(saying: Self.statement(of: block, digest: blockA.digest))
            ),
            (.proposedView, proposal(saying: Self.statement(of: block, view: View(4)))),
            (.proposedHeight, proposal(saying: Self.statement(of: block, height: Height(3)))),
            (.proposalVoter, proposal(by: 2)),
            (.proposer, proposal(blockC(by: 2))),
            (.blockEpoch, proposal(blockC(epoch: Epoch(1)))),
            (.blockParents, proposal(blockC(and: [.zero]))),
            (.blockTime, proposal(blockC(time: 49))),
        ]
        return wrong.map { Hostile(check: $0, place: "proposal", message: $1) }
    }

    private var justifications: [Hostile] {
        let other = Self.block(view: 1, height: 1, on: .zero, by: 1)
        let late = Self.certificate(Self.statement(of: blockA, view: View(3)))
        let genesisTimeouts = Self.timeouts(2, claiming: 0, nil)
        let lower = Self.block(view: 3, height: 1, on: blockA.digest, by: 3)
        let wrong: [(HotStuffCheck, String, HotStuffMessage)] = [
            (
                .certifiedParent, "another block's certificate",
                proposal(
                    justify: Self.certificate(Self.statement(of: other)), timeouts: timeouts2)
            ),
            (.certifiedHeight, "too high a block", proposal(blockC(height: 7))),
            (
                .certifiedView, "a parent of its own view",
                proposal(justify: late, timeouts: timeouts2)
            ),
            (
                .uncertifiedParent, "no certificate",
                proposal(justify: nil, timeouts: genesisTimeouts)
            ),
            (
                .parent, "said to stand on the genesis",
                proposal(lower, justify: nil, timeouts: genesisTimeouts)
            ),
            (
                .parent, "certified at another height",
                proposal(
                    blockC(height: 7),
                    justify: Self.certificate(Self.statement(of: blockA, height: Height(6))),
                    timeouts: timeouts2)
            ),
            (
                .parent, "certified in another view",
                proposal(
                    justify: Self.certificate(Self.statement(of: blockA, view: View(2))),
                    timeouts: nil)
            ),
            (.timeoutsPresence, "none", proposal(justify: certificateA, timeouts: nil)),
            (
                .timeoutsPresence, "needless ones",
                proposal(
                    blockC(view: 2, by: 2), justify: certificateA,
                    timeouts: Self.timeouts(1, claiming: 0, nil))
            ),
            (
                .timeoutsView, "those of an earlier view",
                proposal(
                    justify: certificateA, timeouts: Self.timeouts(1, claiming: 0, nil))
            ),
            (
                .timeoutsView, "those of its own view",
                proposal(
                    justify: certificateA, timeouts: Self.timeouts(3, claiming: 1, certificateA))
            ),
        ]
        return wrong.map { Hostile(check: $0, place: $1, message: $2) }
    }

    private var timeouts: [Hostile] {
        let (chain, epoch) = (Digest(8, 8, 8, 8), Epoch(1))
        let later = Self.certificate(Self.statement(of: blockC()))
        let alone: [(HotStuffCheck, HotStuffTimeout)] = [
            (.timeoutChain, Self.timeout(2, claiming: 1, chain: chain)),
            (.timeoutEpoch, Self.timeout(2, claiming: 1, epoch: epoch)),
            (.timeoutHighView, Self.timeout(2, claiming: 2)),
        ]
        return alone.map { Hostile(check: $0, place: "timeout", message: .timeout($1)) }
            + timeoutPlaces(
                .timeoutChain, Self.timeouts(2, claiming: 1, certificateA, chain: chain))
            + timeoutPlaces(
                .timeoutEpoch, Self.timeouts(2, claiming: 1, certificateA, epoch: epoch))
            + timeoutPlaces(.timeoutsCertificate, Self.timeouts(2, claiming: 1, later))
            + timeoutPlaces(.timeoutsBacking, Self.timeouts(2, claiming: 1, nil))
    }

    private var kept: [Hostile] {
        let far = Self.statement(of: blockC(), view: View(1_000))
        return [
            Hostile(
                check: .voteWindow, place: "vote",
                message: .vote(
                    Vote(statement: far, voter: ValidatorIndex(1), signature: []))),
            Hostile(
                check: .timeoutWindow, place: "timeout",
                message: .timeout(Self.timeout(1_000, claiming: 1))),
            Hostile(check: .wantedBlock, place: "block", message: .block(blockC())),
        ]
    }
}
