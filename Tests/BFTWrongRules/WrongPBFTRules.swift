public import BFTBase
public import BFTCore
public import ProtocolPBFT

/// The sound rules of PBFT but for what a mutant changes.
public protocol WrongPBFTRules: PBFTRules {}

extension WrongPBFTRules {
    private var sound: PBFTSoundRules { PBFTSoundRules() }
    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isQuorum(power, of: validators)
    }
    public func isWeakQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isWeakQuorum(power, of: validators)
    }
    public func mayPrepare(
        _ block: BlockName, on parent: Digest, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        sound.mayPrepare(block, on: parent, own: own, in: view)
    }
    public func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        sound.mayCommit(block, isPrepared: isPrepared, own: own, in: view)
    }
    public func isWithinWatermarks(_ height: Height, stable: Height) -> Bool {
        sound.isWithinWatermarks(height, stable: stable)
    }
    public func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName?
    {
        sound.reported(highest, committed: committed)
    }
    public func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName? {
        sound.chosen(from: reports)
    }
    public func isRecomputed(
        _ proposed: PBFTCertificateName?, as computed: PBFTCertificateName?
    ) -> Bool {
        sound.isRecomputed(proposed, as: computed)
    }
    public func isStable(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        isQuorum(power, of: validators)
    }
}
