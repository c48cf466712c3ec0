import BFTBase
import BFTCore
import ProtocolSimplex

/// The bugs planted into Simplex.
enum SimplexBugs {
    static let all =
        quorums + votes + fastPath + places + memory + time + evidence + verdicts + splits

    private static func rules<Rules: SimplexRules>(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64, _ rules: Rules.Type
    ) -> PlantedBug {
        PlantedBug(
            "simplex", name, surroundings, within: limit, SimplexReplica<Rules>.self,
            insteadOf: Simplex.self)
    }

    private static func mistake<Mistake: SimplexMistake>(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64,
        _ mistake: Mistake.Type
    ) -> PlantedBug {
        PlantedBug(
            "simplex", name, surroundings, within: limit, MutantReplica<Mistake>.self,
            insteadOf: Simplex.self)
    }

    private static let quorums = [
        rules("a quorum is one vote", .split, within: 50, OneIsQuorum.self),
        rules("a quorum is more than a third", .split, within: 100, ThirdIsQuorum.self),
        rules("a quorum is half", .split, within: 200, HalfIsQuorum.self),
        rules(
            "a quorum is two thirds, rounded down",
            .split.with(powers: [1, 1, 1, 1, 1, 1]), within: 200, TwoThirdsRoundedDown.self),
        rules(
            "a quorum is two thirds, and not more", .split.with(powers: [2, 1, 1, 1, 1]),
            within: 200, TwoThirdsAreEnough.self),
        rules(
            "a quorum is everybody", .calm.with("silent"), within: 5, EverybodyIsQuorum.self),
        rules(
            "a quorum is everybody, malicious or not", .calm.with("replay"), within: 5,
            EverybodyIsQuorum.self),
        mistake(
            "validators are counted, not their power",
            .ragged.with(powers: [4, 1, 1, 1]), within: 50, CountsHeads.self),
        mistake(
            "powers are those of another epoch", .ragged.with(powers: [4, 1, 1, 1]), within: 50,
            WeighsByAnotherEpoch.self),
        mistake(
            "a vote that comes twice is counted for another validator, too", .echoing,
            within: 20, CountsRepeatedVotes.self),
        mistake(
            "a certificate of too few is taken", .ragged.with("forgery"), within: 100,
            TakesWeakCertificates.self),
        mistake(
            "own votes are not counted", .calm.with("silent"), within: 5, IgnoresItself.self),
    ]

    private static let votes = [
        rules("notarizes twice", .cuts, within: 300, NotarizesTwice.self),
        rules("notarizes after nullify", .ragged, within: 100, NotarizesAfterNullify.self),
        rules("finalizes after nullify", .ragged, within: 100, FinalizesAfterNullify.self),
        rules("never nullifies", .calm.with("silent"), within: 5, NeverNullifies.self),
        rules("never finalizes", .calm.with("silent"), within: 5, NeverFinalizes.self),
        rules(
            "extends any parent", .ragged.with("skipping-leader"), within: 200,
            AnyParentWillDo.self),
        rules(
            "looks at one skipped view only", .ragged.with("skipping-leader"), within: 300,
            LooksAtOneSkippedView.self),
        mistake(
            "a vote that notarizes is counted as one that finalizes", .calm, within: 20,
            FinalizesByNotarizing.self),
        mistake("leaves a view without a quorum", .ragged, within: 50, LeavesAlone.self),
    ]

    private static let fastPath = [
        rules(
            "nullifies after notarizing, without evidence", .ragged, within: 100,
            NullifiesWithoutEvidence.self),
        rules(
            "evidence of as many as may be Byzantine", .ragged.with("withhold"), within: 300,
            ByzantineAloneConvince.self),
        rules("supports what few notarized", .ragged, within: 100, SupportsAnything.self),
        rules("finalizes after support", .ragged, within: 300, FinalizesAfterSupport.self),
        rules("abstains after notarizing", .ragged, within: 300, NotarizersAbstain.self),
        rules("a quorum is everybody, to commit", .calm, within: 20, QuorumIsUnanimous.self),
        rules("supports nothing", .ragged.with("silent"), within: 100, SupportsNothing.self),
        rules("never abstains", .ragged.with("silent"), within: 100, NeverAbstains.self),
    ]

    private static let places = [
        mistake(
            "a vote of another chain is counted", .calm.with("stray"), within: 50,
            IgnoresTheChain.self),
        mistake(
            "a vote of another epoch is counted", .calm.with("stray"), within: 50,
            IgnoresTheEpoch.self),
        rules(
            "votes far ahead are kept", .calm.with("flood"), within: 20, KeepsFarVotes.self),
    ]

    private static let memory = [
        mistake("signs what it never makes durable", .cuts, within: 20, SignsFirst.self),
        mistake(
            "reads votes of its log as of the next view", .cuts, within: 300, MisreadsViews.self),
        mistake("a new log begins without votes", .truncations, within: 300, CutsVotesOff.self),
        mistake(
            "a new log begins without notarized blocks", .truncations, within: 300,
            CutsBlocksOff.self),
        mistake(
            "claims to readers what is committed, not what it voted for", .ragged, within: 300,
            ClaimsTooLittle.self),
    ]

    private static let time = [
        mistake("no back-off", .slow.with("silent"), within: 10, NeverWaitsLonger.self),
        mistake("everybody elects itself", .calm, within: 5, ElectsItself.self),
        mistake("nothing is sent again", .lossy, within: 50, NeverRepeats.self),
        mistake("never lets the ledger catch up", .split, within: 100, NeverFetches.self),
    ]

    private static let evidence = [
        mistake(
            "accuses nobody", .calm.with("double-vote"), within: 20, AccusesNobody.self),
        mistake(
            "accuses nobody while a record is not durable", .ragged.with("double-vote"),
            within: 20, ForgetsAccusations.self),
        mistake(
            "accuses somebody else", .calm.with("double-vote"), within: 20, AccusesTheNext.self),
    ]

    private static let verdicts = [
        mistake(
            "notarizes batches that it may not hold", .busy.with("stalling-peer"), within: 50,
            AsksNoLedger.self),
        mistake(
            "notarizes what the ledger refuses", .busy.with("wrong-state"), within: 50,
            IgnoresTheLedger.self),
    ]

    /// Judged by agreement alone: neither the invariant that they break on the way nor progress
    /// counts, only two blocks at one height in the end.
    private static let splits = [
        split("a quorum is one vote", .split, within: 50, OneIsQuorum.self),
        split("a quorum is half", .split, within: 200, HalfIsQuorum.self),
        split(
            "a quorum is two thirds, rounded down", .split.of(5).with("fork"), within: 200,
            TwoThirdsRoundedDown.self),
        split(
            "finalizes after nullify", .ragged.with("double-vote"), within: 300,
            FinalizesAfterNullify.self),
        split(
            "a quorum is everybody, to commit", .ragged.with("double-vote"), within: 300,
            QuorumIsUnanimous.self),
        split(
            "nullifies after notarizing, without evidence", .ragged.with("equivocation"),
            within: 300, NullifiesWithoutEvidence.self),
        split(
            "extends any parent", .ragged.with("skipping-leader"), within: 300,
            AnyParentWillDo.self),
    ]

    private static func split<Rules: SimplexRules>(
        _ name: String, _ surroundings: Surroundings, within limit: UInt64, _ rules: Rules.Type
    ) -> PlantedBug {
        PlantedBug(
            "simplex", "\(name), by agreement alone", surroundings, within: limit,
            SimplexReplica<Rules>.self, insteadOf: Simplex.self, judgedBy: "agreement")
    }
}
