import BFTTestKit
import Foundation
import Testing

/// Every file in `Transcripts` is a conversation with one replica.
@Suite struct TranscriptTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Transcripts")

    static func transcript(_ name: String) throws -> Transcript {
        try Transcript(directory.appending(path: "\(name).txt"))
    }

    @Test("Every transcript is what the replica does")
    func transcripts() throws {
        let transcripts = try Transcript.all(in: Self.directory)
        #expect(transcripts.count >= 12)
        for transcript in transcripts { try transcript.check(SimplexConversation()) }
    }

    @Test(
        "A replica whose chain is gone would contradict itself if its log said not what it forgot")
    func floor() throws {
        let transcript = try Self.transcript("chain_moved_aside")
        #expect(try transcript.replayed(SimplexConversation()) == transcript.text)
        let careless = try transcript.replayed(SimplexConversation(hasFloor: false))
        #expect(careless.contains("sign vote finalize A"))
    }

    @Test("A replica claims to have helped to commit what it voted for, after a restart too")
    func claims() throws {
        let highest = try Transcript.all(in: Self.directory).map {
            try $0.checkClaims(
                of: SimplexConversation(), until: ["aside", "bare", "caught", "forgetting"])
        }
        #expect(highest.max() ?? 0 > 1)
    }
}
