import BFTConfiguration

/// Fills a command's declared arguments from words.
struct ArgumentParser {
    /// A declaration with the name that users type.
    struct Declared {
        let name: String
        let declaration: any ArgumentDeclaration
    }

    let declared: [Declared]

    /// Finds what `command` declares.
    init(_ command: any Command) {
        declared = Mirror(reflecting: command).children.compactMap { child in
            guard let declaration = child.value as? any ArgumentDeclaration,
                let label = child.label
            else { return nil }
            return Declared(
                name: declaration.customName ?? Self.kebab(label), declaration: declaration)
        }
    }

    var options: [Declared] {
        declared.filter { $0.declaration.shape == .option || $0.declaration.shape == .flag }
    }

    var positionals: [Declared] {
        declared.filter { $0.declaration.shape == .positional || $0.declaration.shape == .rest }
    }

    /// `_valueBytes` is typed `value-bytes`.
    static func kebab(_ label: String) -> String {
        var name = ""
        for character in label.drop(while: { $0 == "_" }) {
            if character.isUppercase, !name.isEmpty { name += "-" }
            name += character.lowercased()
        }
        return name
    }

    func parse(_ words: [String]) throws(UsageError) {
        var remaining = words[...]
        var waiting = positionals[...]
        var onlyPositionals = false
        var seen: Set<String> = []
        while let word = remaining.popFirst() {
            if word == "--", !onlyPositionals {
                onlyPositionals = true
            } else if !onlyPositionals, word.hasPrefix("-"), word.count > 1 {
                try option(word, &remaining, &seen)
            } else {
                guard let next = waiting.first else {
                    throw UsageError(
                        "'\(word)' is one argument too many",
                        hint: "delete it, or put quotation "
                            + "marks around words that belong together")
                }
                try accept(word, next, spelled: next.name.uppercased())
                if next.declaration.shape == .positional { waiting.removeFirst() }
                // The words of another command keep their hyphens.
                if next.declaration.shape == .rest { onlyPositionals = true }
            }
        }
        for each in declared where !each.declaration.isSatisfied {
            let isOption = each.declaration.shape == .option
            throw UsageError(
                "\(isOption ? "--\(each.name)" : each.name.uppercased()) is missing",
                hint: isOption
                    ? "add --\(each.name) \(each.declaration.valueName)"
                    : "add it: \(each.declaration.help)")
        }
    }

    private func option(
        _ word: String, _ remaining: inout ArraySlice<String>, _ seen: inout Set<String>
    ) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let spelling = String(parts[0])
        guard let found = options.first(where: { "--\($0.name)" == spelling }) else {
            let names = options.map { "--\($0.name)" } + ["--help"]
            let near = Spelling.suggestion(for: spelling, among: names)
            throw UsageError(
                "no option '\(spelling)' is known here",
                hint: near.map { "did you mean \($0)?" } ?? "--help lists the options")
        }
        guard seen.insert(found.name).inserted else {
            throw UsageError("\(spelling) is given twice", hint: "keep one of them")
        }
        if found.declaration.shape == .flag {
            guard parts.count == 1 else {
                throw UsageError("\(spelling) takes no value", hint: "write \(spelling) alone")
            }
            _ = found.declaration.accept("")
        } else if parts.count == 2 {
            try accept(String(parts[1]), found, spelled: spelling)
        } else if let value = remaining.popFirst() {
            try accept(value, found, spelled: spelling)
        } else {
            throw UsageError(
                "\(spelling) has no value",
                hint: "add one: \(spelling) "
                    + found.declaration.valueName)
        }
    }

    private func accept(
        _ text: String, _ declared: Declared, spelled: String
    ) throws(UsageError) {
        guard !declared.declaration.accept(text) else { return }
        let values = declared.declaration.allValueStrings
        let near = Spelling.suggestion(for: text, among: values)
        throw UsageError(
            "\(spelled) can't be '\(text)'",
            hint: near.map { "did you mean \($0)?" }
                ?? "give a value of the form \(declared.declaration.valueName)")
    }
}
