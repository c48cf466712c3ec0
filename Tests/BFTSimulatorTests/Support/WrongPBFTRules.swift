import BFTBase
import BFTCore
import BFTWrongRules
import ProtocolPBFT

/// Half of the power is a quorum.
struct PBFTHalfIsQuorum: WrongPBFTRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}

/// `2f + 1` is a quorum, whatever the number of validators: right for 3f + 1 of them only.
struct PBFTTwoFPlusOneIsQuorum: WrongPBFTRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= 2 * ((validators.total - 1) / 3) + 1
    }
}

/// Two thirds, rounded down, and not more than that, is a quorum.
struct PBFTTwoThirdsRoundedDown: WrongPBFTRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= validators.total * 2 / 3
    }
}

/// One vote is a quorum for itself.
struct PBFTOneIsQuorum: WrongPBFTRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool { power > 0 }
}

/// One validator that asks for a view takes everybody along.
struct PBFTOneIsWeakQuorum: WrongPBFTRules {
    func isWeakQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool { power > 0 }
}

/// Against P3: votes to commit what it prepared itself, whoever else did.
struct CommitsUnprepared: WrongPBFTRules {
    func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool { own.view == view }
}

/// Against P4: goes on voting in a view after asking for a later one.
struct VotesAfterViewChange: WrongPBFTRules {
    func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool { isPrepared }
}

/// Against P5: reports nothing.
struct ReportsNothing: WrongPBFTRules {
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName? { nil }
}

/// Against P5: reports what it committed, and not what it prepared above that.
struct ReportsCommittedOnly: WrongPBFTRules {
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName? {
        highest.height > committed ? nil : highest
    }
}

/// Against P5: forgets what stands at or below what it committed, in whatever way.
struct ForgetsCommitted: WrongPBFTRules {
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName? {
        highest.height > committed ? highest : nil
    }
}

/// Against P5: a prepared block beyond the next checkpoint is left out, as if the window of those
/// who hear of it counted.
struct ReportsWithinInterval: WrongPBFTRules {
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName? {
        let interval = PBFTBounds.checkpointInterval
        let isNear = highest.height.rawValue / interval <= committed.rawValue / interval
        return isNear ? highest : nil
    }
}

/// Against P6: the lowest report, not the highest.
struct ChoosesLowest: WrongPBFTRules {
    func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName? {
        reports.reduce(nil) { best, report in
            best.map { $0.isAbove(report) } ?? true ? report : best
        }
    }
}

/// Against P6: the longest chain, whatever the view that it was prepared in.
struct ChoosesTallest: WrongPBFTRules {
    func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName? {
        reports.reduce(nil) { best, report in
            best.map { $0.height < report.height } ?? true ? report : best
        }
    }
}

/// Against P6: takes the leader's word for what the view begins with.
struct RecomputesNothing: WrongPBFTRules {
    func isRecomputed(_ proposed: PBFTCertificateName?, as computed: PBFTCertificateName?) -> Bool {
        true
    }
}

/// Against P8: one signature makes a checkpoint stable.
struct OneMakesStable: WrongPBFTRules {
    func isStable(_ power: VotingPower, of validators: ValidatorSet) -> Bool { power > 0 }
}

/// Against P12: keeps a leader for as long as it orders something.
struct KeepsTheLeader: WrongPBFTRules {
    func endOfTerm(from beginning: Instant, viewTimeout: Interval) -> Instant? { nil }
}

/// Against P7: goes on whatever the last stable checkpoint is.
struct KnowsNoWindow: WrongPBFTRules {
    func isWithinWatermarks(_ height: Height, stable: Height) -> Bool { true }
}
