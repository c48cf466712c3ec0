import BFTBase
import BFTCore
import Foundation
import ProtocolPBFT
import Testing

/// Every file in `Transcripts` is a conversation with one replica: what it is told, `----`, and
/// what it does then. `REWRITE=1` accepts what the code does now; read the difference.
@Suite struct TranscriptTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Transcripts")

    @Test("Every transcript is what the replica does")
    func transcripts() throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.directory, includingPropertiesForKeys: nil
        )
        .filter { $0.pathExtension == "txt" }
        #expect(files.count >= 10)
        for file in files {
            let expected = try String(contentsOf: file, encoding: .utf8)
            let actual = try Self.replay(expected)
            if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
                try actual.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(actual == expected, "\(file.lastPathComponent)")
        }
    }

    @Test(
        "A replica whose chain is gone would contradict itself if its log said not what it forgot")
    func floor() throws {
        let file = Self.directory.appending(path: "chain_moved_aside.txt")
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(try Self.replay(expected) == expected)
        #expect(try Self.replay(expected, hasFloor: false) != expected)
    }

    @Test("A log that is begun anew holds each block once")
    func liveBlocks() throws {
        var count = 0
        for file in try FileManager.default.contentsOfDirectory(
            at: Self.directory, includingPropertiesForKeys: nil
        ) where file.pathExtension == "txt" {
            _ = try Self.replay(try String(contentsOf: file, encoding: .utf8)) {
                conversation, command in
                let blocks = conversation.replica.liveRecords.compactMap { record -> Digest? in
                    switch record {
                    case .prepared(let block, in: _), .block(let block): block.digest
                    default: nil
                    }
                }
                #expect(
                    Set(blocks).count == blocks.count, "\(file.lastPathComponent): \(command)")
                count = max(count, blocks.count)
            }
        }
        #expect(count > 1)
    }

    @Test("A replica claims to have helped to commit what it voted for, after a restart too")
    func claims() throws {
        var highest = Height.zero
        for file in try FileManager.default.contentsOfDirectory(
            at: Self.directory, includingPropertiesForKeys: nil
        ) where file.pathExtension == "txt" {
            var isWhole = true
            _ = try Self.replay(try String(contentsOf: file, encoding: .utf8)) {
                conversation, command in
                // Until chain or log are not those of the replica any more.
                isWhole =
                    isWhole
                    && !["aside", "bare", "caught", "forgetting"].contains(where: command.contains)
                guard isWhole else { return }
                let (voted, present, restarted) = try conversation.claims()
                #expect(present >= voted, "\(file.lastPathComponent)")
                #expect(restarted.allSatisfy { $0 >= present }, "\(file.lastPathComponent)")
                highest = max(highest, present)
            }
        }
        #expect(highest > Height(1))
    }

    /// - Parameter look: shown the conversation after each command.
    static func replay(
        _ transcript: String, hasFloor: Bool = true,
        _ look: (_ conversation: Conversation, _ command: String) throws -> Void = { _, _ in }
    ) throws -> String {
        var conversation = try Conversation()
        conversation.hasFloor = hasFloor
        let parts = transcript.trimmingCharacters(in: .newlines).components(separatedBy: "\n\n")
        let replayed = try parts.map { part -> String in
            let lines = part.components(separatedBy: "\n")
            let remarks = lines.filter { $0.hasPrefix("#") }
            guard let command = lines.first(where: { !$0.hasPrefix("#") }) else { return part }
            let outcome = try conversation.say(command)
            try look(conversation, command)
            guard !command.hasPrefix("block") else {
                return (remarks + [command]).joined(separator: "\n")
            }
            return (remarks + [command, "----"] + (outcome.isEmpty ? ["nothing"] : outcome))
                .joined(separator: "\n")
        }
        return replayed.joined(separator: "\n\n") + "\n"
    }
}
