import BFTBase
import Foundation
import ProtocolHotStuff
import Testing

/// Every file in `Transcripts` is a conversation with one replica: what it is told, `----`, and
/// what it does then. `REWRITE=1` accepts what the code does now; read the difference.
@Suite struct TranscriptTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Transcripts")

    static func transcripts(of variant: String) throws -> [(file: URL, text: String)] {
        try FileManager.default.contentsOfDirectory(
            at: directory.appending(path: variant), includingPropertiesForKeys: nil
        )
        .filter { $0.pathExtension == "txt" }
        .sorted { $0.path < $1.path }
        .map { ($0, try String(contentsOf: $0, encoding: .utf8)) }
    }

    static func check<Rules: HotStuffRules>(_ rules: Rules.Type, _ variant: String) throws {
        let transcripts = try transcripts(of: variant)
        #expect(transcripts.count >= 4)
        for (file, expected) in transcripts {
            let actual = try replay(expected, rules)
            if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
                try actual.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(actual == expected, "\(file.lastPathComponent)")
        }
    }

    @Test("Every transcript of the three-chain rules is what the replica does")
    func threeChain() throws { try Self.check(HotStuffThreeChainRules.self, "ThreeChain") }

    @Test("Every transcript of the two-chain rules is what the replica does")
    func twoChain() throws { try Self.check(HotStuffTwoChainRules.self, "TwoChain") }

    static func checkClaims<Rules: HotStuffRules>(
        _ rules: Rules.Type, _ variant: String
    ) throws {
        var highest = Height.zero
        for (file, text) in try transcripts(of: variant) {
            var isWhole = true
            func look(_ conversation: Conversation<Rules>, _ command: String) {
                // Until chain or log are not those of the replica any more.
                isWhole = isWhole && !["aside", "caught"].contains(where: command.contains)
                guard isWhole else { return }
                let (voted, present, restarted) = conversation.claims()
                #expect(present >= voted, "\(file.lastPathComponent)")
                #expect(restarted.allSatisfy { $0 >= present }, "\(file.lastPathComponent)")
                highest = max(highest, present)
            }
            _ = try replay(text, rules, look: look)
        }
        #expect(highest > .zero)
    }

    @Test("A replica claims to have helped to commit what it voted for, after a restart too")
    func claims() throws {
        try Self.checkClaims(HotStuffThreeChainRules.self, "ThreeChain")
        try Self.checkClaims(HotStuffTwoChainRules.self, "TwoChain")
    }

    /// - Parameter look: shown the conversation after each command.
    static func replay<Rules: HotStuffRules>(
        _ transcript: String, _ rules: Rules.Type,
        forgetting isForgotten: @escaping (HotStuffRecord) -> Bool = { _ in false },
        look: (_ conversation: Conversation<Rules>, _ command: String) throws -> Void = {
            _, _ in
        }
    ) throws -> String {
        var conversation = Conversation<Rules>(forgetting: isForgotten)
        let parts = transcript.trimmingCharacters(in: .newlines).components(separatedBy: "\n\n")
        let replayed = try parts.map { part -> String in
            let lines = part.components(separatedBy: "\n")
            let remarks = lines.filter { $0.hasPrefix("#") }
            guard let command = lines.first(where: { !$0.hasPrefix("#") }) else { return part }
            let outcome = try conversation.say(command)
            try look(conversation, command)
            guard let outcome else {
                return (remarks + [command]).joined(separator: "\n")
            }
            return (remarks + [command, "----"] + (outcome.isEmpty ? ["nothing"] : outcome))
                .joined(separator: "\n")
        }
        return replayed.joined(separator: "\n\n") + "\n"
    }
}
