import BFTBase
import BFTCore

// Giving a view up: nullify it or, having notarized in it, once that is safe; abstain; support.
extension SimplexReplica {
    /// Whether the time of the present view ran out here.
    var hasGivenUp: Bool { resendAt != nil }

    /// Says what may be said in a view that was given up and is not over, and helps others to.
    mutating func fallBack(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let position = rounds.index(of: view) else { return }
        if rules.mayAbstain(rounds.rounds[position].own), !rounds.rounds[position].notarizes.isEmpty
        {
            // Somebody notarized, and can't nullify unless it learns who did not.
            cast(statement(.abstain, in: view), into: &effects)
        }
        guard hasGivenUp else { return }
        nullify(view, into: &effects)
        supportNotarized(at: now, into: &effects)
    }

    /// Gives a view up, if this replica may.
    mutating func nullify(_ view: View, into effects: inout [Effect<Self>]) {
        let round = rounds[view]
        let own = round?.own ?? OwnVotes()
        let opposed = own.notarized.flatMap { round?.opposition(to: $0) } ?? 0
        guard rules.mayNullify(own, opposed: opposed, of: configuration.validators) else { return }
        cast(statement(.nullify, in: view), into: &effects)
    }

    /// The blocks of the present view that may have to be supported, as votes to notarize them.
    var supportable: [Statement] {
        guard hasGivenUp, let position = rounds.index(of: view) else { return [] }
        let own = rounds.rounds[position].own
        return rounds.rounds[position].notarizes.statements {
            rules.maySupport(own, backing: $0, of: configuration.validators)
        }
        .filter { !own.supported.contains($0.block) }
    }

    /// Supports what may be, once it is here and was judged as it would be to be notarized. Except
    /// that a state from before a restart, which is not known here any more, was compared by
    /// somebody honest among those who notarized: waiting for it could take for ever.
    private mutating func supportNotarized(
        at now: Instant, into effects: inout [Effect<Self>]
    ) {
        for digest in supportable.map(\.block) {
            guard let round = rounds[view] else { return }
            guard let block = round.block(named: digest) else {
                ask(nil, at: now, into: &effects)
                continue
            }
            switch round.own.notarized == digest ? .valid : round.judgement(of: digest) {
            case .valid: support(block, into: &effects)
            case .notAsked, .asked:
                judge(block, isBacked: true, asking: nil, at: now, into: &effects)
            case .askedWithBacking, .invalid: break
            }
        }
    }

    private mutating func support(_ block: Block, into effects: inout [Effect<Self>]) {
        rounds.update(block.view) { $0.own.supported.append(block.digest) }
        effects += [
            .persist(.supported(block)), .sign(.vote(statement(.support, for: block))),
        ]
    }
}
