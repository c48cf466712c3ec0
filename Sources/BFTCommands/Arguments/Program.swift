import BFTConfiguration
import BFTLogging

/// A command as a program knows it: what it is called, and how a value of it is made.
package struct CommandEntry: Sendable {
    let configuration: CommandConfiguration
    let make: @Sendable () -> any Command

    /// A command that needs nothing but its arguments.
    package init<Made: ClientCommand>(_ type: Made.Type) {
        configuration = type.configuration
        make = { Made() }
    }

    /// A command that also needs `services`.
    package init<Made: NodeCommand>(_ type: Made.Type, services: any NodeServices) {
        configuration = type.configuration
        make = { Made(services: services) }
    }

    init(_ configuration: CommandConfiguration, make: @escaping @Sendable () -> any Command) {
        self.configuration = configuration
        self.make = make
    }
}

/// A program of several commands: parses the arguments, runs one, turns what happened into an exit
/// code: 0 done, 1 failed, 64 wrong arguments. What failed goes to standard error, with a hint.
package struct Program: Sendable {
    private let name: String
    private let abstract: String
    private let version: String
    private let entries: [CommandEntry]

    package init(name: String, abstract: String, version: String, entries: [CommandEntry]) {
        self.name = name
        self.abstract = abstract
        self.version = version
        self.entries = entries
    }

    /// Runs the command that `arguments`, without the program's own name, ask for.
    package func run(_ arguments: [String], console: Console = .standard) -> Int32 {
        do {
            return try dispatch(arguments, console)
        } catch let error as UsageError {
            report(error.message, error.hint, console)
            return 64
        } catch let error as CommandFailure {
            report(error.message, error.hint, console)
            return 1
        } catch let error as ConfigurationError {
            // Each problem has its own place and hint.
            console.writeError("\(name): error: \(error)\n")
            return 1
        } catch {
            report("\(error)", "run '\(name) --help' for what there is", console)
            return 1
        }
    }

    private func dispatch(_ arguments: [String], _ console: Console) throws -> Int32 {
        guard let first = arguments.first else {
            console.writeError(overview)
            return 64
        }
        if ["--help", "-h"].contains(first) || arguments == ["help"] {
            console.write(overview)
            return 0
        }
        if first == "--version" {
            console.print("\(name) \(version)")
            return 0
        }
        let asksForHelp = first == "help"
        let wanted = asksForHelp ? arguments[1] : first
        guard let entry = entries.first(where: { $0.configuration.commandName == wanted }) else {
            let names = shown.map(\.commandName)
            let near = Spelling.suggestion(for: wanted, among: names)
            throw UsageError(
                "no command '\(wanted)' is known",
                hint: near.map { "did you mean '\(name) \($0)'?" }
                    ?? "the commands are \(names.joined(separator: ", "))")
        }
        let command = entry.make()
        let words = Array(arguments.dropFirst())
        let own = words.prefix { $0 != "--" }
        if asksForHelp || own.contains("--help") || own.contains("-h") {
            console.write(Help.text(program: name, entry.configuration, command))
            return 0
        }
        try ArgumentParser(command).parse(words)
        try command.validate()
        try command.run(console)
        return 0
    }

    private var overview: String {
        Help.overview(program: name, abstract: abstract, shown)
    }

    private var shown: [CommandConfiguration] {
        entries.map(\.configuration).filter { !$0.isHidden }
    }

    private func report(_ message: String, _ hint: String, _ console: Console) {
        console.writeError(
            "\(name): error: \(EscapedText.line(message))\n  hint: \(EscapedText.line(hint))\n")
    }
}
