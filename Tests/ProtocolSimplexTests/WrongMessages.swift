@_spi(Verification) import BFTBase
import BFTCore
import ProtocolSimplex

/// Messages with one field that is wrong in its place, and the check that is about it.
///
/// Four validators of power 1; v1, v2 and v3 lead views 1, 2, … again and again, and the replica is
/// v0. It knows A of view 1 and its certificate, and is in view 2; it holds D of view 3 on A, which
/// only its leader notarized.
struct WrongMessages {
    struct Wrong {
        let check: SimplexCheck
        let place: String
        /// What is heard before, rightly.
        var earlier: [SimplexMessage] = []
        let message: SimplexMessage
    }

    static let chain = Digest(7, 7, 7, 7)
    static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 40), stateRoot: .zero)

    let blockA: Block = Self.block(view: 1, height: 1, on: genesis.digest)
    var blockD: Block { Self.block(view: 3, height: 2, on: blockA.digest) }

    static func block(
        view: UInt64, height: UInt64, on parent: Digest, and others: [Digest] = [],
        by leader: Int? = nil, epoch: Epoch = .zero, time: UInt64 = 50
    ) -> Block {
        Block(
            epoch: epoch, view: View(view), height: Height(height), parents: [parent] + others,
            proposer: ValidatorIndex(leader ?? Int((view - 1) % 3 + 1)),
            time: Timestamp(milliseconds: time), applied: genesis.applied, payload: [])
    }

    /// A block of view 2 on A, unless something else is asked for.
    func block(
        view: UInt64 = 2, height: UInt64 = 2, on parent: Digest? = nil, and others: [Digest] = [],
        by leader: Int? = nil, epoch: Epoch = .zero, time: UInt64 = 50
    ) -> Block {
        Self.block(
            view: view, height: height, on: parent ?? blockA.digest, and: others, by: leader,
            epoch: epoch, time: time)
    }

    static func statement(
        _ kind: VoteKind, of block: Block, chain: Digest = chain, epoch: Epoch = .zero,
        view: View? = nil, height: Height? = nil, digest: Digest? = nil
    ) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view ?? block.view,
            height: height ?? block.height, block: digest ?? block.digest)
    }

    /// Of a kind that names no block, unless it does.
    static func statement(
        _ kind: VoteKind, in view: UInt64, height: Height = .zero, block: Digest = .zero
    ) -> Statement {
        Statement(
            chain: chain, epoch: .zero, kind: kind, view: View(view), height: height,
            block: block)
    }

    static func certificate(
        _ statement: Statement, by voters: [Int] = [1, 2, 3], of count: Int = 4
    ) -> Certificate {
        let votes = voters.map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: [])
        }
        return Certificate(statement: statement, votes: votes, validatorCount: count)!
    }

    static func proposal(
        _ block: Block, saying statement: Statement? = nil, by voter: Int? = nil
    ) -> SimplexMessage {
        .proposal(
            SimplexProposal(
                block: block,
                vote: Vote(
                    statement: statement ?? Self.statement(.notarize, of: block),
                    voter: voter.map { ValidatorIndex($0) } ?? block.proposer, signature: [])))
    }

    private static func vote(_ statement: Statement, by voter: Int = 1) -> SimplexMessage {
        .vote(Vote(statement: statement, voter: ValidatorIndex(voter), signature: []))
    }

    /// What the replica has heard before anything else.
    var before: [SimplexMessage] {
        [
            Self.proposal(blockA),
            .certificate(Self.certificate(Self.statement(.notarize, of: blockA))),
            Self.proposal(blockD),
        ]
    }

    // MARK: Nothing is wrong with these

    var sound: [SimplexMessage] {
        let next = block()
        return [
            Self.proposal(next), Self.vote(Self.statement(.notarize, of: next)),
            Self.vote(Self.statement(.nullify, in: 2)), Self.vote(Self.statement(.abstain, in: 2)),
            Self.vote(Self.statement(.support, of: next)),
            Self.vote(Self.statement(.finalize, of: next)),
            .certificate(Self.certificate(Self.statement(.notarize, of: next))),
            .certificate(Self.certificate(Self.statement(.support, of: next))),
            .certificate(Self.certificate(Self.statement(.nullify, in: 2))),
            .certificate(Self.certificate(Self.statement(.finalize, of: next))),
        ]
    }

    // MARK: Something is wrong with each of these

    var all: [Wrong] { statements + certificates + proposals + blocks }

    private var statements: [Wrong] {
        let other = Digest(8, 8, 8, 8)
        let next = block()
        let places: [(String, (Statement) -> SimplexMessage)] = [
            ("a vote", { Self.vote($0) }),
            ("a certificate", { .certificate(Self.certificate($0)) }),
            ("a proposal", { Self.proposal(next, saying: $0) }),
        ]
        var wrong: [Wrong] = []
        for (place, message) in places {
            wrong += [
                Wrong(
                    check: .statementChain, place: place,
                    message: message(Self.statement(.notarize, of: next, chain: other))),
                Wrong(
                    check: .statementEpoch, place: place,
                    message: message(Self.statement(.notarize, of: next, epoch: Epoch(1)))),
            ]
        }
        for (place, message) in places.prefix(2) {
            wrong += [
                Wrong(
                    check: .blocklessStatement, place: "the height of " + place,
                    message: message(Self.statement(.nullify, in: 2, height: Height(1)))),
                Wrong(
                    check: .blocklessStatement, place: "the block of " + place,
                    message: message(Self.statement(.nullify, in: 2, block: other))),
            ]
        }
        wrong += [VoteKind.notarize, .support, .finalize].map {
            Wrong(
                check: .voteWindow, place: "a vote",
                message: Self.vote(Self.statement($0, in: 100, height: Height(2), block: other)))
        }
        return wrong
    }

    private var certificates: [Wrong] {
        let nullify = Self.statement(.nullify, in: 2)
        return [
            Wrong(
                check: .certificateKind, place: "a certificate",
                message: .certificate(Self.certificate(Self.statement(.abstain, in: 7)))),
            Wrong(
                check: .signerCount, place: "more bits",
                message: .certificate(Self.certificate(nullify, of: 9))),
            Wrong(
                check: .signerPower, place: "a nullification",
                message: .certificate(Self.certificate(nullify, by: [1, 2]))),
            Wrong(
                check: .signerPower, place: "a finalization",
                message: .certificate(
                    Self.certificate(Self.statement(.finalize, of: blockA), by: [1, 2]))),
        ]
    }

    private var proposals: [Wrong] {
        let next = block()
        func said(
            _ kind: VoteKind = .notarize, view: View? = nil, height: Height? = nil,
            digest: Digest? = nil
        ) -> SimplexMessage {
            Self.proposal(
                next,
                saying: Self.statement(kind, of: next, view: view, height: height, digest: digest))
        }
        return [
            Wrong(check: .proposedKind, place: "finalize", message: said(.finalize)),
            Wrong(check: .proposedKind, place: "support", message: said(.support)),
            Wrong(check: .proposedBlock, place: "a proposal", message: said(digest: .zero)),
            Wrong(check: .proposedView, place: "a proposal", message: said(view: View(3))),
            Wrong(check: .proposedHeight, place: "a proposal", message: said(height: Height(3))),
            Wrong(check: .proposalVoter, place: "another", message: Self.proposal(next, by: 3)),
            Wrong(check: .proposer, place: "a proposal", message: Self.proposal(block(by: 3))),
            Wrong(
                check: .blockEpoch, place: "a proposal",
                message: Self.proposal(block(epoch: Epoch(1)))),
            Wrong(
                check: .blockParents, place: "a proposal",
                message: Self.proposal(block(and: [Self.genesis.digest]))),
            Wrong(
                check: .secondProposal, place: "a proposal", earlier: [Self.proposal(next)],
                message: Self.proposal(block(time: 51))),
        ]
    }

    private var blocks: [Wrong] {
        let far = block(view: 100)
        return [
            Wrong(
                check: .parentHeight, place: "too high", message: Self.proposal(block(height: 3))),
            Wrong(
                check: .parentHeight, place: "too low", message: Self.proposal(block(height: 1))),
            Wrong(
                check: .parentView, place: "a later one",
                message: Self.proposal(block(height: 3, on: blockD.digest))),
            Wrong(
                check: .notarizedParent, place: "a proposal",
                earlier: [
                    .certificate(Self.certificate(Self.statement(.nullify, in: 2))),
                    .certificate(Self.certificate(Self.statement(.nullify, in: 3))),
                ],
                message: Self.proposal(block(view: 4, height: 3, on: blockD.digest))),
            Wrong(check: .blockTime, place: "a proposal", message: Self.proposal(block(time: 49))),
            Wrong(check: .wantedBlock, place: "a body", message: .block(block())),
            Wrong(
                check: .blockWindow, place: "a body",
                earlier: [Self.proposal(block(height: 3, on: far.digest))], message: .block(far)),
        ]
    }
}
