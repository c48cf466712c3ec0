import BFTWrongRules
import ProtocolSimplex

/// The sound rules without one check.
struct SkippedCheck: WrongSimplexRules {
    /// The check that is left out.
    @TaskLocal static var current: SimplexCheck?

    func isConsistent(_ own: SimplexOwnVotes) -> Bool { SimplexSoundRules().isConsistent(own) }
    func holds(_ check: SimplexCheck, _ condition: Bool) -> Bool {
        check == Self.current || condition
    }
}
