import BFTBase
import BFTCore

// What a pool keeps of each author.
extension BatchPool {
    struct Candidate: Equatable, Sendable {
        let batch: Batch
        var authorship: Authorship?
        /// Whether the signature was checked, if there is one.
        var isChecked: Bool
        /// Whether others may be given it only for a block that names it.
        var isBare: Bool
        var isHeld = false
        var isDurable = false
        /// The last view of a block that names it and that this replica may have voted for: then
        /// others count on it, until the chain is past that view without it.
        var vouchedIn: View?

        var copy: BatchCopy { BatchCopy(batch, authorship) }
        var unchecked: Vote? {
            isChecked ? nil : authorship?.vote(for: batch.reference)
        }
    }

    struct Author: Equatable, Sendable {
        /// The first sequence that is not ordered.
        var next: BatchSequence
        /// What is here for `next` and the sequences after it. More than one candidate only if
        /// the author contradicted itself and a proposal named the other one.
        var slots = Deque<[Candidate]>()
        var byteCount = 0
        /// What the application's refusals cost: see `noteRefused`.
        var patience = Patience()
        /// Whether a signature of the author was found false.
        var isDistrusted = false

        /// Whether a batch could be proposed now.
        var isReady: Bool {
            patience.blocksLeft == 0 && slots.first?.contains(where: isProposable) == true
        }

        func isProposable(_ candidate: Candidate) -> Bool {
            candidate.isHeld && !candidate.isBare && (candidate.isChecked || !isDistrusted)
        }
    }
}
