import BFTTestKit
import Foundation
import ProtocolHotStuff
import Testing

/// Every file in `Transcripts` is a conversation with one replica.
@Suite struct TranscriptTests {
    /// Those of the three-chain or the two-chain rules.
    static func transcripts(of variant: String) throws -> [Transcript] {
        try Transcript.all(
            in: URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Transcripts").appending(path: variant))
    }

    private static func check<Rules: HotStuffRules>(
        _ rules: Rules.Type, _ variant: String
    ) throws {
        let transcripts = try transcripts(of: variant)
        #expect(transcripts.count >= 4)
        for transcript in transcripts { try transcript.check(HotStuffConversation<Rules>()) }
    }

    @Test("Every transcript of the three-chain rules is what the replica does")
    func threeChain() throws { try Self.check(HotStuffThreeChainRules.self, "ThreeChain") }

    @Test("Every transcript of the two-chain rules is what the replica does")
    func twoChain() throws { try Self.check(HotStuffTwoChainRules.self, "TwoChain") }

    private static func checkClaims<Rules: HotStuffRules>(
        _ rules: Rules.Type, _ variant: String
    ) throws {
        let highest = try transcripts(of: variant).map {
            try $0.checkClaims(of: HotStuffConversation<Rules>(), until: ["aside", "caught"])
        }
        #expect(highest.max() ?? 0 > 0)
    }

    @Test("A replica claims to have helped to commit what it voted for, after a restart too")
    func claims() throws {
        try Self.checkClaims(HotStuffThreeChainRules.self, "ThreeChain")
        try Self.checkClaims(HotStuffTwoChainRules.self, "TwoChain")
    }
}
