import BFTBase
import BFTCore

// What is durable before something is said. S4.
extension SimplexReplica {
    /// Votes for `block`, once all that the vote stands on is durable: the body, the ancestors'
    /// bodies, what notarized the parent and what nullified each view between. Then whoever voted
    /// can show why, and bring everything back, even if all of them lost power.
    mutating func notarize(
        _ block: Block, saying vote: SimplexUnsigned, into effects: inout [Effect<Self>]
    ) {
        for ancestor in path(to: block) ?? [] {
            let unsaved = rounds.update(ancestor.view) {
                $0.unsavedBlock(named: ancestor.digest)
            }
            if let unsaved { effects.append(.persist(.ancestor(unsaved))) }
        }
        if let parent = self.block(named: block.parent) {
            if parent.digest != committed.digest {
                persist(
                    rounds.update(parent.view) { $0.unsavedNotarization(of: parent.digest) },
                    into: &effects)
            }
            var skipped = parent.view.next
            while skipped < block.view {
                persist(rounds.update(skipped) { $0.unsaved(.nullify) }, into: &effects)
                skipped = skipped.next
            }
        }
        rounds.update(block.view) { $0.own.notarized = block.digest }
        // Everybody's votes to notarize commit a block.
        head.noteVote(at: block.height)
        effects.say(vote, recording: .notarized(block))
    }

    /// Says `statement`: remembers it, durably, then signs it. S4.
    mutating func cast(_ statement: Statement, into effects: inout [Effect<Self>]) {
        remember(statement)
        effects.say(.vote(statement), recording: .voted(statement))
    }

    /// Notes what was said, or is about to be.
    mutating func remember(_ statement: Statement) {
        rounds.update(statement.view) { round in
            switch SimplexPhase(statement.kind) {
            case .abstain: round.own.abstained = true
            case .nullify: round.own.nullified = true
            case .support:
                let name = statement.blockName
                if !round.own.supported.contains(name) { round.own.supported.append(name) }
            case .finalize:
                round.own.finalized = statement.blockName
            case .notarize: preconditionFailure("said of a block without its body")
            case nil: break
            }
        }
        guard statement.kind == .finalize else { return }
        finalizedView = max(finalizedView, statement.view)
        head.noteVote(at: statement.height)
    }

    func persist(_ certificate: Certificate?, into effects: inout [Effect<Self>]) {
        if let certificate { effects.append(.persist(.certificate(certificate))) }
    }
}
