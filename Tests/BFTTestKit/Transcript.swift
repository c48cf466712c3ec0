import BFTBase
package import Foundation
import Testing

/// A file that is a conversation with one replica: what it is told, `----`, and what it does then.
/// Parts stand apart by an empty line; `#` begins a remark.
package struct Transcript: Sendable {
    package let file: URL
    package let text: String

    package var name: String { file.lastPathComponent }

    /// The transcripts of a directory, by name.
    package static func all(in directory: URL) throws -> [Transcript] {
        try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil
        )
        .filter { $0.pathExtension == "txt" }
        .sorted { $0.path < $1.path }
        .map { try Transcript($0) }
    }

    package init(_ file: URL) throws {
        self.file = file
        text = try String(contentsOf: file, encoding: .utf8)
    }

    /// The transcript as the conversation would go now.
    ///
    /// - Parameters:
    ///   - conversation: begun, and nothing said.
    ///   - look: shown the conversation after each command.
    package func replayed<Talk: Conversation>(
        _ conversation: Talk,
        look: (_ conversation: Talk, _ command: String) throws -> Void = { _, _ in }
    ) throws -> String {
        var conversation = conversation
        let parts = text.trimmingCharacters(in: .newlines).components(separatedBy: "\n\n")
        let replayed = try parts.map { part -> String in
            let lines = part.components(separatedBy: "\n")
            let remarks = lines.filter { $0.hasPrefix("#") }
            guard let command = lines.first(where: { !$0.hasPrefix("#") }) else { return part }
            let outcome = try conversation.say(command)
            try look(conversation, command)
            guard let outcome else { return (remarks + [command]).joined(separator: "\n") }
            return (remarks + [command, "----"] + (outcome.isEmpty ? ["nothing"] : outcome))
                .joined(separator: "\n")
        }
        return replayed.joined(separator: "\n\n") + "\n"
    }

    /// Demands that the conversation goes as it is written, or writes it anew: `REWRITE=1` accepts
    /// what the code does now. Read the difference.
    package func check(_ conversation: some Conversation) throws {
        let actual = try replayed(conversation)
        if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
            try actual.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(actual == text, "\(name)")
    }

    /// Demands that the replica claims to have helped to commit what it voted for, after a restart
    /// too; and returns the greatest height that it claimed.
    ///
    /// - Parameter breaks: the words from which on chain or log are not those of the replica.
    package func checkClaims(
        of conversation: some Conversation, until breaks: [String]
    ) throws -> UInt64 {
        var (highest, isWhole) = (UInt64(0), true)
        _ = try replayed(conversation) { conversation, command in
            isWhole = isWhole && !breaks.contains(where: command.contains)
            guard isWhole else { return }
            let (voted, present, restarted) = conversation.claims()
            #expect(present >= voted, "\(name)")
            #expect(restarted.allSatisfy { $0 >= present }, "\(name)")
            highest = max(highest, present.rawValue)
        }
        return highest
    }
}
