/// The help texts of a program.
enum Help {
    static func text(
        program: String, _ configuration: CommandConfiguration, _ command: any Command
    )
        -> String
    {
        let parser = ArgumentParser(command)
        let names = parser.positionals.map {
            $0.declaration.shape == .rest ? " \($0.name.uppercased())…" : " \($0.name.uppercased())"
        }
        var sections = [
            configuration.abstract,
            "Usage: \(program) \(configuration.commandName) [options]\(names.joined())",
        ]
        if !configuration.discussion.isEmpty { sections.append(configuration.discussion) }
        if !parser.positionals.isEmpty {
            sections.append(
                "Arguments:\n"
                    + table(parser.positionals.map { ($0.name.uppercased(), $0.declaration.help) }))
        }
        sections.append("Options:\n" + table(parser.options.map(row) + [("--help", "Show this.")]))
        if !configuration.examples.isEmpty {
            sections.append(
                "Examples:\n" + configuration.examples.map { "  \($0)" }.joined(separator: "\n"))
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    static func overview(
        program: String, abstract: String, _ commands: [CommandConfiguration]
    )
        -> String
    {
        """
        \(abstract)

        Usage: \(program) COMMAND [options]

        Commands:
        \(table(commands.map { ($0.commandName, $0.abstract) }))

        '\(program) COMMAND --help' explains one; '\(program) --version' names the version.
        Exit codes: 0 done, 1 failed, 64 wrong arguments.

        """
    }

    private static func row(_ declared: ArgumentParser.Declared) -> (String, String) {
        let declaration = declared.declaration
        guard declaration.shape == .option else { return ("--\(declared.name)", declaration.help) }
        var help = declaration.help
        if !declaration.isSatisfied {
            help += " Required."
        } else if !declaration.defaultText.isEmpty {
            help += " Default: \(declaration.defaultText)."
        }
        return ("--\(declared.name) \(declaration.valueName)", help)
    }

    /// Two columns; the second is wrapped at 80 columns.
    private static func table(_ rows: [(String, String)]) -> String {
        let width = min(30, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let lines = wrap(right, width: max(20, 76 - width))
            let indent = String(repeating: " ", count: width + 4)
            let first =
                left.count <= width
                ? "  \(left)\(String(repeating: " ", count: width - left.count))  "
                : "  \(left)\n\(indent)"
            return first + lines.joined(separator: "\n\(indent)")
        }.joined(separator: "\n")
    }

    private static func wrap(_ text: String, width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = String(word)
            } else if lines[lines.count - 1].count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
