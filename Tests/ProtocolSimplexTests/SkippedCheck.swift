import BFTBase
import ProtocolSimplex

/// The rules without one check.
struct SkippedCheck: SimplexRules {
    /// The check that is left out.
    @TaskLocal static var current: SimplexCheck?

    private var sound: SimplexSoundRules { SimplexSoundRules() }
    func mayNotarize(_ own: SimplexOwnVotes) -> Bool { sound.mayNotarize(own) }
    func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        sound.mayNullify(own, opposed: opposed, of: validators)
    }
    func mayAbstain(_ own: SimplexOwnVotes) -> Bool { sound.mayAbstain(own) }
    func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        sound.maySupport(own, backing: backing, of: validators)
    }
    func mayFinalize(_ own: SimplexOwnVotes) -> Bool { sound.mayFinalize(own) }
    func isConsistent(_ own: SimplexOwnVotes) -> Bool { sound.isConsistent(own) }
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isQuorum(power, of: validators)
    }
    func isUnanimous(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isUnanimous(power, of: validators)
    }
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        sound.isJustified(parent: parent, of: view, isNullified: isNullified)
    }
    func holds(_ check: SimplexCheck, _ condition: Bool) -> Bool {
        check == Self.current || condition
    }
}
