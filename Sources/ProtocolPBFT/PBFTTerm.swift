import BFTBase
import BFTCore

/// The term of a leader, as this replica counts it: from when it first saw something ordered in
/// the view.
///
/// A leader that orders something now and then is never too slow, whosever batches it leaves out.
/// So its time is limited. The time runs from the first commit of a block with a payload: all
/// honest replicas see that within the network's delay of each other, and an idle network sees
/// none. A replica that was restarted may begin later; it is taken along by the others.
struct PBFTTerm: Equatable, Sendable {
    /// The view whose term it is, as of the last that happened in it.
    private(set) var view: View
    private(set) var beganAt: Instant?
    /// Whether a block of this view with a payload was committed.
    private(set) var hasOrdered = false

    init(view: View) { self.view = view }

    mutating func note(_ block: Block, at now: Instant) {
        if block.view > view { self = PBFTTerm(view: block.view) }
        guard !block.payload.isEmpty else { return }
        hasOrdered = true
        beganAt = beganAt ?? now
    }

    /// Somebody asks for another view in `present`. Should its term be over, and this replica not
    /// know that it began, nobody is left alone for longer than a term.
    mutating func noteWish(in present: View, at now: Instant) {
        if present > view { self = PBFTTerm(view: present) }
        beganAt = beganAt ?? now
    }
}

// Terms: asking for the next view although nothing is wrong.
extension PBFTReplica {
    /// Whether the leader of the present view has ordered something.
    var hasLeaderOrdered: Bool { term.view == view && term.hasOrdered }

    /// When this replica asks for the next view, even if nothing is wrong.
    var termEndsAt: Instant? {
        guard isJoined, term.view == view, let beganAt = term.beganAt else { return nil }
        return rules.endOfTerm(from: beganAt, viewTimeout: configuration.timing.viewTimeout)
    }

    /// Ends a term that is over. No failure: the next leader is given the ordinary time.
    mutating func endTerm(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let termEndsAt, now >= termEndsAt else { return }
        ask(for: view.next, isFailure: false, at: now, into: &effects)
        noteWorkSince(now)
    }
}
