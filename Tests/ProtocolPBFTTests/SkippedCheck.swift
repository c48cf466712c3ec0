import BFTBase
import BFTCore
import ProtocolPBFT

/// The check that the rules below leave out.
enum SkippedCheck {
    @TaskLocal static var current: PBFTCheck?
}

/// The sound rules without one check.
struct SkippingRules: PBFTRules {
    private let sound = PBFTSoundRules()

    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isQuorum(power, of: validators)
    }
    func isWeakQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isWeakQuorum(power, of: validators)
    }
    func mayPrepare(
        _ block: BlockName, on parent: Digest, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        sound.mayPrepare(block, on: parent, own: own, in: view)
    }
    func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        sound.mayCommit(block, isPrepared: isPrepared, own: own, in: view)
    }
    func isWithinWatermarks(_ height: Height, stable: Height) -> Bool {
        sound.isWithinWatermarks(height, stable: stable)
    }
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName? {
        sound.reported(highest, committed: committed)
    }
    func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName? {
        sound.chosen(from: reports)
    }
    func isRecomputed(_ proposed: PBFTCertificateName?, as computed: PBFTCertificateName?) -> Bool {
        sound.isRecomputed(proposed, as: computed)
    }
    func isStable(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isStable(power, of: validators)
    }
    func holds(_ check: PBFTCheck, _ condition: Bool) -> Bool {
        check == SkippedCheck.current || condition
    }
}
