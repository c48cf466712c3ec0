import BFTBase
import BFTCore
import BFTTestKit
import Foundation
import ProtocolPBFT
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
        #expect(transcripts.count >= 10)
        for transcript in transcripts { try transcript.check(PBFTConversation()) }
    }

    @Test(
        "A replica whose chain is gone would contradict itself if its log said not what it forgot")
    func floor() throws {
        let transcript = try Self.transcript("chain_moved_aside")
        #expect(try transcript.replayed(PBFTConversation()) == transcript.text)
        let careless = try transcript.replayed(PBFTConversation(hasFloor: false))
        #expect(careless != transcript.text)
    }

    @Test("A log that is begun anew holds each block once")
    func liveBlocks() throws {
        var count = 0
        for transcript in try Transcript.all(in: Self.directory) {
            _ = try transcript.replayed(PBFTConversation()) { conversation, command in
                let blocks = conversation.replica.liveRecords.compactMap { record -> Digest? in
                    switch record {
                    case .prepared(let block, in: _), .block(let block): block.digest
                    default: nil
                    }
                }
                #expect(Set(blocks).count == blocks.count, "\(transcript.name): \(command)")
                count = max(count, blocks.count)
            }
        }
        #expect(count > 1)
    }

    @Test("A replica claims to have helped to commit what it voted for, after a restart too")
    func claims() throws {
        let highest = try Transcript.all(in: Self.directory).map {
            try $0.checkClaims(
                of: PBFTConversation(), until: ["aside", "bare", "caught", "forgetting"])
        }
        #expect(highest.max() ?? 0 > 1)
    }
}
