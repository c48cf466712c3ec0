public import BFTBase
import BFTCore
public import ProtocolSimplex

/// The sound rules of Simplex but for what a mutant changes. Whether a replica that obeys them has
/// said what it has is not asked, or it would stop itself before anybody notices.
public protocol WrongSimplexRules: SimplexRules {}

extension WrongSimplexRules {
    private var sound: SimplexSoundRules { SimplexSoundRules() }
    public func mayNotarize(_ own: SimplexOwnVotes) -> Bool { sound.mayNotarize(own) }
    public func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        sound.mayNullify(own, opposed: opposed, of: validators)
    }
    public func mayAbstain(_ own: SimplexOwnVotes) -> Bool { sound.mayAbstain(own) }
    public func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        sound.maySupport(own, backing: backing, of: validators)
    }
    public func mayFinalize(_ own: SimplexOwnVotes) -> Bool { sound.mayFinalize(own) }
    public func isConsistent(_ own: SimplexOwnVotes) -> Bool { true }
    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isQuorum(power, of: validators)
    }
    public func isUnanimous(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isUnanimous(power, of: validators)
    }
    public func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        sound.isJustified(parent: parent, of: view, isNullified: isNullified)
    }
}
