import BFTBase
import BFTCore

/// One height in one view.
struct PBFTPlace: Comparable, Sendable {
    let view: View
    let height: Height

    static func < (left: Self, right: Self) -> Bool {
        (left.view, left.height) < (right.view, right.height)
    }
}

/// Everything a replica knows of one height in one view.
struct PBFTInstance: Placed {
    let view: View
    let height: Height
    var place: PBFTPlace { PBFTPlace(view: view, height: height) }
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: PBFTPrePrepare?
    private(set) var prepares: VoteTally
    private(set) var commits: VoteTally
    var prepared: Certificate?
    var committed: Certificate?
    /// The block that this replica voted to prepare, and the one it voted to commit.
    var ownPrepare: Digest?
    var ownCommit: Digest?
    /// Who contradicted itself here. Once is enough.
    private(set) var accused: Bitmap

    init(view: View, height: Height, validators: ValidatorSet) {
        self.view = view
        self.height = height
        prepares = VoteTally(kind: .prepare, validators: validators)
        commits = VoteTally(kind: .commit, validators: validators)
        accused = Bitmap(count: validators.count)
    }

    mutating func keep(_ proposal: PBFTPrePrepare) { self.proposal = self.proposal ?? proposal }

    /// Whether `vote` would change anything here, asked before its signature is checked.
    func isUseful(_ vote: Vote, in phase: PBFTPhase) -> Bool {
        let (earlier, certified) =
            switch phase {
            case .prepare: (prepares.statement(of: vote.voter), prepared?.statement)
            case .commit: (commits.statement(of: vote.voter), committed?.statement)
            }
        if let earlier {
            return earlier != vote.statement && !accused[vote.voter.rawValue]
        }
        // A late vote for what is certified already adds nothing.
        return certified != vote.statement
    }

    /// The certificate for `statement`, if there is none of this phase yet and enough say so.
    func newCertificate(
        for statement: Statement, in phase: PBFTPhase, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        switch phase {
        case .prepare where prepared == nil:
            prepares.certificate(for: statement, isEnough: isEnough)
        case .commit where committed == nil:
            commits.certificate(for: statement, isEnough: isEnough)
        default: nil
        }
    }

    /// Counts a vote. Returns evidence the first time that the voter contradicts itself.
    ///
    /// - Precondition: the vote is one of this phase.
    mutating func insert(_ vote: Vote, in phase: PBFTPhase) -> Evidence? {
        let outcome =
            switch phase {
            case .prepare: prepares.insert(vote)
            case .commit: commits.insert(vote)
            }
        guard case .contradiction(let evidence) = outcome,
            accused.insert(vote.voter.rawValue)
        else { return nil }
        return evidence
    }

    mutating func keep(_ certificate: Certificate, in phase: PBFTPhase) {
        switch phase {
        case .prepare: prepared = prepared ?? certificate
        case .commit: committed = committed ?? certificate
        }
    }
}
