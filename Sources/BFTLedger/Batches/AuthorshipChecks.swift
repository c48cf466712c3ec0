import BFTBase
import BFTCore

/// The authors' signatures that somebody needs to be checked.
///
/// Links are authenticated, so a batch that comes over its author's own link is that author's,
/// whatever the signature says: nobody else can order in its name. The signature is for others. It
/// is checked before the batch is given to a peer that has it from nobody else, and before the
/// author is accused: then an honest validator neither passes a false signature on nor accuses
/// without proof. All else, in the batches of honest authors, needs no check at all.
///
/// A malicious author may sign falsely and show such a batch to one leader. Nobody can take from
/// that leader what it proposes, and its view is lost; but it learns of it as soon as the first
/// peer asks, and from then on checks what that author sends before it proposes it. Peers ask it
/// in that view: `BatchFetcher` has the proposer among the first, whatever others can make it seem
/// to owe. So each honest leader loses one view to each malicious author. Nor can malicious
/// authors line such views up: once a view in a row of failed ones was led by somebody honest, the
/// next leader names only what is checked.
struct AuthorshipChecks: Equatable, Sendable {
    private struct Pending: Equatable, Sendable {
        let vote: Vote
        var askers: [ValidatorIndex] = []
    }

    /// Two batches of one sequence, until both signatures are checked.
    private struct Suspicion: Equatable, Sendable {
        let first: Vote
        let second: Vote
        var unchecked: [Vote]
    }

    private var pending: [Pending] = []
    /// One of each author at most.
    private var suspicions: [Suspicion?]

    init(authorCount: Int) { suspicions = Array(repeating: nil, count: authorCount) }

    /// Notes that `asker`, if any, waits for `vote` to be checked. Returns whether nobody did.
    mutating func add(_ vote: Vote, for asker: ValidatorIndex? = nil) -> Bool {
        let position = pending.firstIndex { $0.vote == vote }
        if position == nil { pending.append(Pending(vote: vote)) }
        let entry = position ?? pending.count - 1
        if let asker, !pending[entry].askers.contains(asker) { pending[entry].askers.append(asker) }
        return position == nil
    }

    /// Notes that an author signed two batches of a sequence, if `unchecked`, which are one of them
    /// or both, turn out to be genuine. Returns what is to be checked for that.
    mutating func suspect(_ first: Vote, _ second: Vote, unchecked: [Vote]) -> [Vote] {
        guard suspicions[first.voter.rawValue] == nil else { return [] }
        suspicions[first.voter.rawValue] = Suspicion(
            first: first, second: second, unchecked: unchecked)
        return unchecked
    }

    /// Notes that `vote` was checked. Returns who waits for it, and the evidence that it completes.
    mutating func finish(
        _ vote: Vote, isGenuine: Bool
    ) -> (askers: [ValidatorIndex], evidence: Evidence?) {
        var askers: [ValidatorIndex] = []
        if let position = pending.firstIndex(where: { $0.vote == vote }) {
            askers = pending.remove(at: position).askers
        }
        guard var suspicion = suspicions[vote.voter.rawValue],
            suspicion.unchecked.contains(vote)
        else { return (askers, nil) }
        suspicion.unchecked.removeAll { $0 == vote }
        let isSettled = !isGenuine || suspicion.unchecked.isEmpty
        suspicions[vote.voter.rawValue] = isSettled ? nil : suspicion
        guard isGenuine, isSettled else { return (askers, nil) }
        return (askers, Evidence(suspicion.first, suspicion.second))
    }
}
