import BFTConfiguration
import FoundationEssentials
import Synchronization
import Testing

@testable import BFTCommands

/// What a program wrote.
final class Recording: Sendable {
    private let texts = Mutex((output: "", errors: ""))
    var output: String { texts.withLock(\.output) }
    var errors: String { texts.withLock(\.errors) }
    var console: Console {
        Console(
            write: { text in self.texts.withLock { $0.output += text } },
            writeError: { text in self.texts.withLock { $0.errors += text } })
    }
}

private struct Sample: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Shows every kind of argument.",
        examples: ["tool sample --count 3 x"])

    @Option(help: "How many.") var count = 7
    @Option(help: "The scheme.") var scheme = SignatureSchemeName.ed25519
    @Option(help: "Maybe.") var maybe: Double? = nil
    @Option(name: "cpu-of", help: "A list.") var list: [Int] = []
    @Option(valueName: "NAME", help: "Must be there.") var neededName: String
    @Flag(help: "Loud.") var loudVoice = false
    @Argument(help: "The first.") var first: String
    @Rest(help: "What follows.") var words

    func run(_ console: Console) {
        console.print(
            "\(count) \(scheme.rawValue) \(maybe.map { "\($0)" } ?? "-") \(list) \(neededName) "
                + "\(loudVoice) \(first) \(words)")
    }
}

private struct Failing: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "fail", abstract: "Fails.")
    func run(_ console: Console) throws {
        throw CommandFailure("it broke\nin two \u{1B}[2J", hint: "mend it")
    }
}

private func run(_ arguments: [String]) -> (code: Int32, output: String, errors: String) {
    let recording = Recording()
    let program = Program(
        name: "tool", abstract: "A tool.", version: "1.2",
        entries: [CommandEntry(Sample.self), CommandEntry(Failing.self)])
    let code = program.run(arguments, console: recording.console)
    return (code, recording.output, recording.errors)
}

@Suite struct ArgumentTests {
    @Test("Options are read in every spelling, in any order")
    func spellings() {
        #expect(
            run(["sample", "--needed-name", "n", "a", "b", "--c"]).output
                == "7 ed25519 - [] n false a [\"b\", \"--c\"]\n")
        #expect(
            run([
                "sample", "--count=-3", "--loud-voice", "--maybe", "0.5", "--cpu-of=1,2", "a",
                "--needed-name=x=y", "--scheme", "ml-dsa-87", "b c",
            ]).output == "-3 ml-dsa-87 0.5 [1, 2] x=y true a [\"b c\"]\n")
        #expect(
            run(["sample", "--needed-name=n", "--", "--count", "--"]).output
                == "7 ed25519 - [] n false --count [\"--\"]\n")
    }

    @Test("Wrong arguments end with 64, say what is wrong and how to mend it")
    func usageErrors() {
        let cases: [([String], String)] = [
            (["sampel"], "did you mean 'tool sample'?"),
            (["xyzzy"], "the commands are sample, fail"),
            (["sample", "--cuont", "3"], "did you mean --count?"),
            (["sample", "--helpp"], "did you mean --help?"),
            (["sample", "-x"], "--help lists the options"),
            (["sample", "--count", "x"], "give a value of the form NUMBER"),
            (["sample", "--count", "99999999999999999999"], "--count can't be"),
            (["sample", "--count"], "add one: --count NUMBER"),
            (["sample", "--count=1", "--count=1"], "given twice"),
            (["sample", "--scheme", "ml-dsa-88"], "did you mean ml-dsa-87?"),
            (["sample", "--loud-voice=yes"], "takes no value"),
            (["sample", "--maybe", "nan"], "--maybe can't be"),
            (["sample", "--cpu-of", "1,,2"], "NUMBER,…"),
            (["sample", "a", "b"], "add --needed-name NAME"),
            (["sample", "--needed-name", "n"], "FIRST is missing"),
            (["sample", "--needed-name", "n", "a"], "WORDS is missing"),
            (["fail", "extra"], "one argument too many"),
        ]
        for (arguments, text) in cases {
            let result = run(arguments)
            #expect(result.code == 64, "\(arguments)")
            #expect(result.errors.hasPrefix("tool: error: "))
            #expect(result.errors.contains("\n  hint: "))
            #expect(result.errors.contains(text), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
        #expect(run([]).code == 64)
    }

    @Test("A failure ends with 1, on one line that can't drive the terminal")
    func failures() {
        let result = run(["fail"])
        #expect(result.code == 1)
        #expect(
            result.errors
                == "tool: error: it broke\\nin two \\u001b[2J\n  hint: mend it\n")
    }

    @Test("Help shows defaults, what is required and examples, and ends with 0")
    func help() {
        for arguments in [["sample", "--help"], ["help", "sample"], ["sample", "a", "-h"]] {
            let result = run(arguments)
            #expect(result.code == 0)
            #expect(result.output.contains("Usage: tool sample [options] FIRST WORDS…"))
            #expect(result.output.contains("--count NUMBER"))
            #expect(result.output.contains("How many. Default: 7."))
            #expect(result.output.contains("--scheme ed25519|ml-dsa-65|ml-dsa-87"))
            #expect(result.output.contains("Must be there. Required."))
            #expect(result.output.contains("  tool sample --count 3 x"))
        }
        #expect(run(["--help"]).output.contains("sample  Shows every kind of argument."))
        #expect(run(["--version"]).output == "tool 1.2\n")
    }

    @Test("Every command of bft has help with an example, and lists only what it takes")
    func commands() {
        let entries = ProgramEntries.client + ProgramEntries.node(StandInServices())
        #expect(
            entries.map(\.configuration.commandName) == [
                "status", "submit", "get", "bench", "init", "keygen", "start", "localnet",
                "verify-block",
            ])
        for entry in entries {
            let text = Help.text(program: "bft", entry.configuration, entry.make())
            #expect(text.contains("Examples:\n  bft \(entry.configuration.commandName)"))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(text)")
        }
    }

    @Test("The documentation names every command and option")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "Docs/operations/command-line.md"), encoding: .utf8)
        for entry in ProgramEntries.client + ProgramEntries.node(StandInServices()) {
            #expect(text.contains("bft \(entry.configuration.commandName)"))
            for option in ArgumentParser(entry.make()).options {
                #expect(text.contains("--\(option.name)"), "--\(option.name)")
            }
        }
    }
}
