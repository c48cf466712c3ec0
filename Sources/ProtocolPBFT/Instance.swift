import BFTBase
import BFTCore

/// Everything a replica knows of one height in one view.
struct Instance: Equatable, Sendable {
    let view: View
    let height: Height
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: PrePrepare?
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

    mutating func keep(_ proposal: PrePrepare) { self.proposal = self.proposal ?? proposal }

    /// Whether `vote` would change anything here, asked before its signature is checked.
    func isUseful(_ vote: Vote, in phase: Phase) -> Bool {
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
        for statement: Statement, in phase: Phase, isEnough: (VotingPower) -> Bool
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
    mutating func insert(_ vote: Vote, in phase: Phase) -> Evidence? {
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

    mutating func keep(_ certificate: Certificate, in phase: Phase) {
        switch phase {
        case .prepare: prepared = prepared ?? certificate
        case .commit: committed = committed ?? certificate
        }
    }
}

/// The instances that are not decided, in rising order of view and height.
///
/// - Invariant L1: (view, height) rises strictly.
struct InstanceList: Equatable, Sendable {
    private(set) var all: [Instance] = []
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// A copy of everything that is known of one height in one view.
    subscript(view: View, height: Height) -> Instance? { index(of: view, height).map { all[$0] } }

    /// The position of the instance, to look at it where it stands.
    func index(of view: View, _ height: Height) -> Int? {
        let position = self.position(of: view, height)
        guard position < all.count, all[position].view == view, all[position].height == height
        else { return nil }
        return position
    }

    /// Changes an instance where it stands, making it first if need be.
    mutating func update<Result>(
        _ view: View, _ height: Height, _ change: (inout Instance) -> Result
    ) -> Result {
        let position = self.position(of: view, height)
        if position == all.count || all[position].view != view || all[position].height != height {
            let instance = Instance(view: view, height: height, validators: validators)
            all.insert(instance, at: position)
        }
        return change(&all[position])
    }

    /// The instances of `view`, by rising height.
    func of(_ view: View) -> ArraySlice<Instance> { all[range(of: view)] }

    /// Where those stand, to look at each without a copy of it: there may be many.
    func range(of view: View) -> Range<Int> {
        position(of: view, .zero)..<position(of: view.next, .zero)
    }

    mutating func removeAll(through height: Height) { all.removeAll { $0.height <= height } }

    mutating func removeAll(before view: View) { all.removeFirst(position(of: view, .zero)) }

    /// The position of the first instance at or after `(view, height)`.
    private func position(of view: View, _ height: Height) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if (all[middle].view, all[middle].height) < (view, height) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
