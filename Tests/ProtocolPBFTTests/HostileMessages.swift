@_spi(Verification) import BFTBase
import BFTCore
import ProtocolPBFT

/// A message in which one field does not fit its place.
struct HostileMessage {
    let check: PBFTCheck
    let place: String
    /// What is said before, which nothing is wrong with.
    var before: [PBFTMessage] = []
    let message: PBFTMessage

    var messages: [PBFTMessage] { before + [message] }
}

/// What a malicious validator can make of what it may sign or has seen, one wrong field at a time.
///
/// Four validators of power 1; the leaders of views 1, 2, 3 are v1, v2, v3. Who hears this has A,
/// of view 1, from the leader.
struct HostileMessages {
    static let chain = Digest(7, 7, 7, 7)
    static let foreign = Digest(9, 9, 9, 9)
    static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 5), stateRoot: .zero)
    static let blockA = block(view: 1, height: 1, on: genesis)

    static func block(
        view: UInt64, height: UInt64, on parent: Block, proposer: Int? = nil, time: UInt64 = 20,
        epoch: Epoch = .zero, parents: Int = 1
    ) -> Block {
        let extra = (1..<max(parents, 1)).map { Digest(UInt64($0), 0, 0, 0) }
        return Block(
            epoch: epoch, view: View(view), height: Height(height),
            parents: [parent.digest] + extra,
            proposer: ValidatorIndex(proposer ?? Int(view % 4)),
            time: Timestamp(milliseconds: time), applied: genesis.applied,
            payload: [
                BatchReference(
                    author: ValidatorIndex(1), sequence: BatchSequence(1), digest: foreign,
                    byteCount: 14)
            ])
    }

    // MARK: Statements and what is made of them

    static func said(
        _ kind: VoteKind, _ block: Block, in view: View? = nil, height: Height? = nil,
        digest: Digest? = nil, chain: Digest = chain, epoch: Epoch = .zero
    ) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view ?? block.view,
            height: height ?? block.height, block: digest ?? block.digest)
    }

    static func checkpoint(
        height: UInt64 = 8, view: View = .zero, block: BlockName? = nil, chain: Digest = chain,
        epoch: Epoch = .zero
    ) -> Statement {
        let name = block ?? BlockName(height: Height(height), digest: foreign)
        return Statement(
            chain: chain, epoch: epoch, kind: .checkpoint, view: view, height: Height(height),
            block: Digest(5, 5, 5, 5), ancestor: name)
    }

    static func vote(_ said: Statement, by voter: Int = 2) -> Vote {
        Vote(statement: said, voter: ValidatorIndex(voter), signature: [1])
    }

    static func certificate(
        _ said: Statement, by signers: [Int] = [0, 1, 2], of count: Int = 4
    ) -> Certificate {
        guard
            let certificate = Certificate(
                statement: said, votes: signers.map { vote(said, by: $0) }, validatorCount: count)
        else { preconditionFailure("signers that don't rise") }
        return certificate
    }

    static func proposal(
        _ block: Block, _ said: Statement? = nil, by voter: Int? = nil
    )
        -> PBFTMessage
    {
        .prePrepare(
            PBFTPrePrepare(
                block: block,
                vote: vote(
                    said ?? Self.said(.prepare, block), by: voter ?? block.proposer.rawValue)))
    }

    static func content(
        _ view: UInt64, _ highest: Certificate?, chain: Digest = chain, epoch: Epoch = .zero
    ) -> PBFTViewChangeContent {
        PBFTViewChangeContent(
            chain: chain, epoch: epoch, view: View(view),
            highest: highest.map {
                PBFTCertificateName(
                    view: $0.statement.view, height: $0.statement.height,
                    block: $0.statement.block)
            })
    }

    static func wish(_ content: PBFTViewChangeContent, by voter: Int = 2) -> PBFTViewChange {
        PBFTViewChange(content: content, signer: ValidatorIndex(voter), signature: [1])
    }

    static func newView(
        _ outcome: PBFTViewChangeContent, _ certificate: Certificate?,
        asking: [PBFTViewChange]? = nil,
        by leader: Int = 2
    ) -> PBFTMessage {
        .newView(
            PBFTNewView(
                content: PBFTNewViewContent(
                    outcome: outcome,
                    viewChanges: asking ?? [1, 2, 3].map { wish(outcome, by: $0) },
                    certificate: certificate),
                signer: ValidatorIndex(leader), signature: [1]))
    }

    // MARK: All of them

    /// What nothing is wrong with.
    static var sound: [PBFTMessage] {
        let prepared = certificate(said(.prepare, blockA))
        return [
            proposal(block(view: 1, height: 2, on: blockA)), .vote(vote(said(.prepare, blockA))),
            .vote(vote(said(.commit, blockA))), .vote(vote(checkpoint())),
            .certificate(prepared), .certificate(certificate(said(.commit, blockA))),
            .certificate(certificate(checkpoint())),
            .viewChange(wish(content(2, prepared)), prepared),
            .viewChange(wish(content(2, nil)), nil), newView(content(2, prepared), prepared),
            newView(content(2, nil), nil),
        ]
    }

    static var all: [HostileMessage] {
        statements + signers + votes + proposals + viewChanges + newViews + [
            HostileMessage(
                check: .wantedBlock, place: "a block",
                message: .block(block(view: 1, height: 2, on: blockA)))
        ]
    }

    /// A certificate in every place where one can stand.
    private static func everywhere(
        _ check: PBFTCheck, _ certificate: Certificate
    ) -> [HostileMessage] {
        [
            HostileMessage(
                check: check, place: "a certificate alone", message: .certificate(certificate)),
            HostileMessage(
                check: check, place: "a report",
                message: .viewChange(wish(content(2, certificate)), certificate)),
            HostileMessage(
                check: check, place: "a new view",
                message: newView(content(2, certificate), certificate)),
        ]
    }

    private static var statements: [HostileMessage] {
        let otherChain = said(.prepare, blockA, chain: foreign)
        let otherEpoch = said(.prepare, blockA, epoch: Epoch(1))
        let next = block(view: 1, height: 2, on: blockA)
        return [
            HostileMessage(
                check: .statementChain, place: "a vote", message: .vote(vote(otherChain))),
            HostileMessage(
                check: .statementEpoch, place: "a vote", message: .vote(vote(otherEpoch))),
            HostileMessage(
                check: .statementChain, place: "a proposal",
                message: proposal(next, said(.prepare, next, chain: foreign))),
            HostileMessage(
                check: .statementEpoch, place: "a proposal",
                message: proposal(next, said(.prepare, next, epoch: Epoch(1)))),
            HostileMessage(
                check: .statementChain, place: "a checkpoint's certificate",
                message: .certificate(certificate(checkpoint(chain: foreign)))),
            HostileMessage(
                check: .statementEpoch, place: "a checkpoint's certificate",
                message: .certificate(certificate(checkpoint(epoch: Epoch(1))))),
        ]
            + everywhere(.statementChain, certificate(otherChain))
            + everywhere(.statementEpoch, certificate(otherEpoch))
    }

    private static var signers: [HostileMessage] {
        let prepared = said(.prepare, blockA)
        return everywhere(.signerCount, certificate(prepared, of: 3))
            + everywhere(.signerPower, certificate(prepared, by: [1, 2])) + [
                HostileMessage(
                    check: .signerCount, place: "a checkpoint's certificate",
                    message: .certificate(certificate(checkpoint(), of: 3))),
                HostileMessage(
                    check: .signerPower, place: "a checkpoint's certificate",
                    message: .certificate(certificate(checkpoint(), by: [1, 2]))),
            ]
    }

    private static var votes: [HostileMessage] {
        let far = PBFTBounds.window * 2 + 8
        func hostile(_ check: PBFTCheck, _ said: Statement) -> HostileMessage {
            HostileMessage(check: check, place: "a vote", message: .vote(vote(said)))
        }
        let otherHeight = BlockName(height: Height(7), digest: foreign)
        return [
            hostile(.voteView, said(.prepare, blockA, in: .zero)),
            hostile(.voteHeight, said(.commit, blockA, height: .zero)),
            hostile(.voteWindow, said(.prepare, blockA, in: View(1 << 40))),
            hostile(.voteWindow, said(.commit, blockA, height: Height(far))),
            hostile(.checkpointView, checkpoint(view: View(1))),
            hostile(.checkpointHeight, checkpoint(height: 7)),
            hostile(.checkpointBlock, checkpoint(block: otherHeight)),
            hostile(.checkpointWindow, checkpoint(height: far)),
            HostileMessage(
                check: .checkpointView, place: "a certificate",
                message: .certificate(certificate(checkpoint(view: View(1))))),
            HostileMessage(
                check: .checkpointHeight, place: "a certificate",
                message: .certificate(certificate(checkpoint(height: 7)))),
            HostileMessage(
                check: .checkpointBlock, place: "a certificate",
                message: .certificate(certificate(checkpoint(block: otherHeight)))),
        ]
    }

    private static var proposals: [HostileMessage] {
        let next = block(view: 1, height: 2, on: blockA)
        let later = block(view: 2, height: 2, on: blockA)
        func hostile(_ check: PBFTCheck, _ message: PBFTMessage) -> HostileMessage {
            HostileMessage(check: check, place: "a proposal", message: message)
        }
        return [
            hostile(.proposedKind, proposal(next, said(.commit, next))),
            hostile(.proposedBlock, proposal(next, said(.prepare, next, digest: foreign))),
            hostile(.proposedView, proposal(next, said(.prepare, next, in: View(2)))),
            hostile(.proposedHeight, proposal(next, said(.prepare, next, height: Height(3)))),
            hostile(.proposalVoter, proposal(next, by: 2)),
            hostile(.proposer, proposal(block(view: 1, height: 2, on: blockA, proposer: 2))),
            hostile(.blockEpoch, proposal(block(view: 1, height: 2, on: blockA, epoch: Epoch(1)))),
            hostile(.blockParents, proposal(block(view: 1, height: 2, on: blockA, parents: 2))),
            hostile(.blockHeight, proposal(block(view: 1, height: 3, on: blockA))),
            hostile(.blockTime, proposal(block(view: 1, height: 2, on: blockA, time: 19))),
            HostileMessage(
                check: .blockView, place: "a proposal", before: [proposal(later)],
                message: proposal(block(view: 1, height: 3, on: later))),
        ]
    }

    private static var viewChanges: [HostileMessage] {
        let prepared = certificate(said(.prepare, blockA))
        let other = certificate(said(.prepare, blockA, digest: foreign))
        let late = certificate(said(.prepare, blockA, in: View(2)))
        func hostile(
            _ check: PBFTCheck, _ content: PBFTViewChangeContent, _ certificate: Certificate?
        ) -> HostileMessage {
            HostileMessage(
                check: check, place: "a view change",
                message: .viewChange(wish(content), certificate))
        }
        func begins(
            _ check: PBFTCheck, _ content: PBFTViewChangeContent, _ certificate: Certificate?
        ) -> HostileMessage {
            HostileMessage(
                check: check, place: "a new view", message: newView(content, certificate))
        }
        return [
            hostile(.wishChain, content(2, prepared, chain: foreign), prepared),
            hostile(.wishEpoch, content(2, prepared, epoch: Epoch(1)), prepared),
            hostile(.reportName, content(2, prepared), nil),
            hostile(.reportName, content(2, prepared), other),
            hostile(.reportName, content(2, nil), prepared),
            hostile(.reportView, content(2, late), late),
            begins(.reportName, content(2, prepared), nil),
            begins(.reportName, content(2, prepared), other),
            begins(.reportView, content(2, late), late),
        ]
    }

    private static var newViews: [HostileMessage] {
        let outcome = content(2, nil)
        func hostile(
            _ check: PBFTCheck, _ outcome: PBFTViewChangeContent = outcome,
            asking: [PBFTViewChange]? = nil, by leader: Int = 2
        ) -> HostileMessage {
            HostileMessage(
                check: check, place: "a new view",
                message: newView(outcome, nil, asking: asking, by: leader))
        }
        func asking(_ content: PBFTViewChangeContent) -> [PBFTViewChange] {
            [1, 2, 3].map { wish(content, by: $0) }
        }
        return [
            hostile(.newViewChain, content(2, nil, chain: foreign), asking: asking(outcome)),
            hostile(.newViewEpoch, content(2, nil, epoch: Epoch(1)), asking: asking(outcome)),
            hostile(.newViewLeader, by: 3),
            hostile(.askerOrder, asking: [2, 1, 3].map { wish(outcome, by: $0) }),
            hostile(.askerOrder, asking: [1, 2, 2, 3].map { wish(outcome, by: $0) }),
            hostile(.askedView, asking: asking(content(3, nil))),
            hostile(.askedView, asking: asking(content(1, nil))),
            hostile(.askedChain, asking: asking(content(2, nil, chain: foreign))),
            hostile(.askedEpoch, asking: asking(content(2, nil, epoch: Epoch(1)))),
            hostile(.askerPower, asking: [1, 3].map { wish(outcome, by: $0) }),
        ]
    }
}
