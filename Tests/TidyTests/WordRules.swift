/// Words that code may not use, each with the reason.
enum WordRules {
    struct BannedWord {
        let text: String
        let reason: String

        init(_ text: String, _ reason: String) {
            self.text = text
            self.reason = reason
        }
    }

    /// In the targets that decide: what would let a machine's clock, scheduler, randomness or
    /// floating point decide.
    static let inDecidingTargets = [
        BannedWord("Double", "floating point is not exact; use integers"),
        BannedWord("Float", "floating point is not exact; use integers"),
        BannedWord("Date(", "time comes in as an input"),
        BannedWord("ContinuousClock", "time comes in as an input"),
        BannedWord("async", "a decision is one synchronous step"),
        BannedWord("await", "a decision is one synchronous step"),
        BannedWord("Task {", "a decision is one synchronous step"),
        BannedWord("Mutex", "a value has one owner"),
        BannedWord("SystemRandom", "randomness comes in as a seed"),
        BannedWord("SystemRandomNumberGenerator", "randomness comes in as a seed"),
        BannedWord("Hasher(", "its seed differs from run to run"),
        BannedWord(".hashValue", "its seed differs from run to run"),
        BannedWord("Glibc", "no I/O"),
        BannedWord("Foundation", "no I/O"),
        BannedWord("nonisolated(unsafe)", "a value has one owner"),
    ]

    /// In the protocols.
    static let inProtocols = [
        BannedWord(".sign(", "say it with its record, which is durable before: `Array.say`")
    ]

    /// In all sources.
    static let everywhere = [
        BannedWord("try!", "an error is handled or passed on"),
        BannedWord("fatalError(", "a broken invariant is a precondition that says which"),
    ]

    /// In all sources: names for which the field has words of its own.
    static let dialect = [
        BannedWord("owed", "say pending"),
        BannedWord("hurry", "say flush"),
        BannedWord("retire", "say truncate"),
        BannedWord("takeDown", "say snapshot"),
    ]

    /// In all sources, also in comments.
    static let unfinished = ["TODO", "FIXME", "XXX", "HACK"]

    static func deciding(_ file: SourceFile) -> [Finding] {
        let isProtocol = file.target?.hasPrefix("Protocol") == true
        return words(inDecidingTargets + (isProtocol ? inProtocols : []), file)
            + unseededRandomness(file) + packageTypes(file)
    }

    /// Types that are `package`: a generic value that holds one is not compiled for its protocol in
    /// other modules, and looks its types up at every step instead.
    private static func packageTypes(_ file: SourceFile) -> [Finding] {
        let kinds: Set<Substring> = ["struct", "enum", "class", "actor", "protocol", "typealias"]
        return file.code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ").filter { $0 != "final" && $0 != "indirect" }
            guard let place = words.firstIndex(of: "package"), place + 1 < words.count,
                kinds.contains(words[place + 1])
            else { return nil }
            return file.finding(
                index, "a package type: what holds it is not specialised; make it public")
        }
    }

    static func general(_ file: SourceFile) -> [Finding] {
        var findings = words(everywhere + dialect, file)
        if file.target != "BFTCommands", !file.path.hasPrefix("Examples/") {
            findings += words([BannedWord("print(", "only commands talk to a terminal")], file)
                .filter { !file.code[$0.line - 1].contains(".print(") }
        }
        for (index, line) in file.lines.enumerated() {
            for word in unfinished where contains(line, word) {
                findings.append(file.finding(index, "says \(word): finish it, or write an issue"))
            }
        }
        return findings
    }

    static func words(_ words: [BannedWord], _ file: SourceFile) -> [Finding] {
        file.code.enumerated().flatMap { index, line in
            words.filter { contains(line, $0.text) }
                .map { file.finding(index, "says \($0.text): \($0.reason)") }
        }
    }

    /// Whether `text` stands in `line`, and not as a part of a longer word.
    static func contains(_ line: String, _ text: String) -> Bool {
        var rest = line[...]
        while let range = rest.range(of: text) {
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            let startsWord = !isWordPart(text.first) || !isWordPart(before)
            let endsWord = !isWordPart(text.last) || !isWordPart(after)
            if startsWord, endsWord { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    private static func isWordPart(_ character: Character?) -> Bool {
        guard let character else { return false }
        return character.isLetter || character.isNumber || character == "_"
    }

    /// Random choices without a generator that a seed determines.
    static func unseededRandomness(_ file: SourceFile) -> [Finding] {
        file.code.indices.compactMap { index in
            let following = file.code[index...].prefix(4).joined(separator: " ")
            for call in [".random(", ".shuffled(", ".shuffle(", ".randomElement("] {
                guard file.code[index].contains(call),
                    let start = following.range(of: call)?.upperBound
                else { continue }
                var depth = 1
                let arguments = following[start...].prefix { character in
                    if character == "(" { depth += 1 }
                    if character == ")" { depth -= 1 }
                    return depth > 0
                }
                if !arguments.contains("using:") {
                    return file.finding(index, "says \(call)…) without 'using:' a seeded generator")
                }
            }
            return nil
        }
    }
}
