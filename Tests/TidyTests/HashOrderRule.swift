/// Finds code whose result may hang on the order of a dictionary or a set, which differs from run
/// to run.
///
/// It knows the names that a target declares as dictionaries or sets, and takes every use of such
/// a name that walks it for a finding, unless the line sorts. Looking up by key is free.
enum HashOrderRule {
    private static let walks = [
        "keys", "values", "map", "flatMap", "compactMap", "filter", "forEach", "reduce", "first",
        "popFirst", "enumerated", "makeIterator", "allSatisfy", "randomElement", "description",
    ]

    static func findings(_ files: [SourceFile]) -> [Finding] {
        let names = Set(files.flatMap(unorderedNames))
        return files.flatMap { file in
            file.code.enumerated().compactMap { index, line in
                guard !line.contains(".sorted") else { return nil }
                let walked = names.sorted().first { walk(of: $0, in: line) }
                return walked.map {
                    file.finding(index, "walks \($0) in hash order: sort it, or use an array")
                }
            }
        }
    }

    private static func walk(of name: String, in line: String) -> Bool {
        if line.contains("for "), line.contains(" in "),
            WordRules.contains(line, "in \(name)") || WordRules.contains(line, "in self.\(name)")
        {
            let tail = line.range(of: "\(name)").map { line[$0.upperBound...] } ?? ""
            // `for x in name[key]` and `for x in name.member` walk something else.
            if tail.first != "[", tail.first != "." { return true }
        }
        return walks.contains { WordRules.contains(line, "\(name).\($0)") }
    }

    /// The names whose declared type, or whose first value, is a dictionary or a set.
    static func unorderedNames(_ file: SourceFile) -> [String] {
        file.code.compactMap { line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(where: { $0 == "var" || $0 == "let" }),
                keyword + 1 < words.count
            else { return nil }
            let declaration = words[(keyword + 1)...].joined(separator: " ")
            let name = declaration.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let rest = declaration.dropFirst(name.count)
            let isUnordered =
                rest.hasPrefix(": Set<") || rest.hasPrefix(": Dictionary<")
                || rest.hasPrefix(": Set =") || rest.hasPrefix(" = Set")
                || rest.hasPrefix(" = Dictionary") || isDictionary(rest.dropFirst(2))
                || (rest.hasPrefix(" = ") && isDictionary(rest.dropFirst(3)))
            return isUnordered && !name.isEmpty ? String(name) : nil
        }
    }

    /// Whether `text` begins with `[Key: Value]`.
    private static func isDictionary(_ text: Substring) -> Bool {
        guard text.first == "[" else { return false }
        var depth = 0
        for character in text {
            if character == "[" || character == "(" || character == "<" { depth += 1 }
            if character == "]" || character == ")" || character == ">" { depth -= 1 }
            if character == ":", depth == 1 { return true }
            if depth == 0 { return false }
        }
        return false
    }
}
