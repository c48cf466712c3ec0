import BFTTestKit
import BFTWrongRules
import ProtocolHotStuff
import Testing

/// Every rule is broken once, and every record forgotten; some transcript has to come out
/// different. `BFTSimulatorTests` shows what becomes of a network that runs them.
@Suite struct MutantTests {
    static func killers<Rules: HotStuffRules>(
        of rules: Rules.Type, _ variant: String,
        forgetting isForgotten: @escaping (HotStuffRecord) -> Bool = { _ in false }
    ) throws -> [String] {
        try TranscriptTests.transcripts(of: variant)
            .filter { transcript in
                let conversation = HotStuffConversation<Rules>(forgetting: isForgotten)
                do {
                    return try transcript.replayed(conversation) != transcript.text
                } catch is Misspoken {
                    return true  // It is about a block that the mutant has not made.
                }
            }
            .map(\.name)
    }

    @Test("A mutant that changes nothing is not killed")
    func control() throws {
        #expect(try Self.killers(of: UnchangedThreeChain.self, "ThreeChain").isEmpty)
        #expect(try Self.killers(of: UnchangedTwoChain.self, "TwoChain").isEmpty)
    }

    @Test("Every broken rule of the three-chain changes a transcript")
    func threeChain() throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) throws {
            let killers = try Self.killers(of: rules, "ThreeChain")
            #expect(!killers.isEmpty, "\(rules) survived")
        }
        try check(LockNeverRises.self)
        try check(VotesBelowLock.self)
        try check(VotesTwice.self)
        try check(CommitsAcrossGaps.self)
        try check(CommitsTooEarly.self)
        try check(BelievesLeader.self)
        try check(CountsAllTimeouts.self)
        try check(BelievesClaims.self)
        try check(NeverBacksOff.self)
        try check(DoublesForEachLeader.self)
        try check(NothingIsTooShort.self)
        try check(OneViewPerLeader<HotStuffThreeChainRules>.self)
        try check(HotStuffHalfIsQuorum.self)
    }

    @Test("Every broken rule of the two-chain changes a transcript")
    func twoChain() throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) throws {
            let killers = try Self.killers(of: rules, "TwoChain")
            #expect(!killers.isEmpty, "\(rules) survived")
        }
        try check(VotesAfterTimeout.self)
        try check(TimesOutTwice.self)
        try check(AnyTimeoutsJustify.self)
        try check(GapsNeedNoTimeouts.self)
        try check(TimeoutsOfAnyView.self)
        try check(CommitsPairsAcrossGaps.self)
        try check(TwoViewsPerLeader.self)
    }

    @Test("Every kind of record that is forgotten changes a transcript")
    func forgetting() throws {
        func check(
            _ name: String, in variant: String = "ThreeChain",
            _ isForgotten: @escaping (HotStuffRecord) -> Bool
        ) throws {
            let killers =
                variant == "ThreeChain"
                ? try Self.killers(
                    of: HotStuffThreeChainRules.self, variant, forgetting: isForgotten)
                : try Self.killers(of: HotStuffTwoChainRules.self, variant, forgetting: isForgotten)
            #expect(!killers.isEmpty, "forgetting \(name) survived")
        }
        try check("the lock") { if case .locked = $0 { true } else { false } }
        try check("votes") { if case .voted = $0 { true } else { false } }
        try check("timeouts", in: "TwoChain") { if case .timedOut = $0 { true } else { false } }
        try check("certificates") { if case .certificate = $0 { true } else { false } }
        try check("what ended a view") { if case .timeouts = $0 { true } else { false } }
    }
}
