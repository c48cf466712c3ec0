/// How large things may become.
enum SizeRules {
    static let columns = 100
    static let functionLines = 70
    static let fileLines = 800
    static let decidingFileLines = 500
    static let adversaryFileLines = 60

    static func longLines(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().compactMap { index, line in
            let length = line.unicodeScalars.count
            guard length > columns else { return nil }
            return file.finding(index, "has \(length) columns, and \(columns) are the limit")
        }
    }

    static func longFile(_ file: SourceFile, limit: Int) -> [Finding] {
        guard file.lines.count > limit else { return [] }
        return [
            file.finding(limit, "has \(file.lines.count) lines, and \(limit) are the limit")
        ]
    }

    /// Adversaries that share a file, or need more lines than one should take.
    static func adversaries(_ file: SourceFile) -> [Finding] {
        let starts = file.code.indices.filter { file.code[$0].hasSuffix(": Adversary {") }
        guard let first = starts.first else { return [] }
        let second = starts.dropFirst().map {
            file.finding($0, "is the second adversary of this file")
        }
        guard file.lines.count > adversaryFileLines else { return second }
        return second + [
            file.finding(
                first,
                "takes \(file.lines.count) lines, and \(adversaryFileLines) are the limit")
        ]
    }

    static func longFunctions(_ file: SourceFile) -> [Finding] {
        functions(file).filter { $0.lineCount > functionLines }.map {
            file.finding(
                $0.start, "\($0.name) has \($0.lineCount) lines, and \(functionLines) are the limit"
            )
        }
    }

    struct Function: Equatable {
        let name: String
        /// The index of the line that names it.
        let start: Int
        let lineCount: Int
    }

    /// Functions, initialisers, subscripts and computed properties that have a body.
    static func functions(_ file: SourceFile) -> [Function] {
        file.code.indices.compactMap { index in
            guard let name = declaredName(file.code[index]),
                let end = bodyEnd(file.code, from: index)
            else { return nil }
            return Function(name: name, start: index, lineCount: end - index + 1)
        }
    }

    private static func declaredName(_ line: String) -> String? {
        let words = withoutAttributes(line)
            .split(whereSeparator: { $0 == " " || $0 == "(" || $0 == "<" })
        for (index, word) in words.enumerated() {
            switch word {
            case "func": return index + 1 < words.count ? String(words[index + 1]) : nil
            case "init", "init?", "deinit", "subscript", "get", "set", "_modify", "_read":
                return String(word)
            case "var":
                guard line.hasSuffix("{"), !line.contains("="), index + 1 < words.count else {
                    return nil
                }
                return String(words[index + 1].prefix { $0 != ":" })
            default:
                guard isModifier(word) else { return nil }
            }
        }
        return nil
    }

    private static let modifiers: Set = [
        "public", "package", "internal", "fileprivate", "private", "static", "final", "mutating",
        "nonmutating", "borrowing", "consuming", "override", "required", "convenience", "async",
        "nonisolated", "isolated", "lazy", "unsafe", "weak", "class", "indirect", "prefix",
    ]

    private static func isModifier(_ word: Substring) -> Bool {
        word.hasSuffix(")") || modifiers.contains(String(word))
    }

    /// What stands behind the attributes that a line begins with.
    private static func withoutAttributes(_ line: String) -> Substring {
        var rest = line.drop { $0 == " " }
        while rest.first == "@" {
            rest = rest.drop { $0 != " " && $0 != "(" }
            if rest.first == "(" {
                var depth = 0
                rest = rest.drop { character in
                    if character == "(" { depth += 1 }
                    if character == ")" { depth -= 1 }
                    return depth > 0
                }.dropFirst()
            }
            rest = rest.drop { $0 == " " }
        }
        return rest
    }

    /// The index of the line where the body that begins at or after `start` ends.
    private static func bodyEnd(_ code: [String], from start: Int) -> Int? {
        var (parentheses, braces) = (0, 0)
        var isInBody = false
        for index in start..<code.count {
            for byte in code[index].utf8 {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0 || isInBody:
                    isInBody = true
                    braces += 1
                case UInt8(ascii: "}") where isInBody:
                    braces -= 1
                    if braces == 0 { return index }
                case UInt8(ascii: "}") where parentheses == 0:
                    // The end of what surrounds it: a requirement without a body.
                    return nil
                default: break
                }
            }
            guard isInBody || parentheses > 0 || continues(code, after: index) else { return nil }
        }
        return nil
    }

    /// Whether a signature goes on in the next line.
    private static func continues(_ code: [String], after index: Int) -> Bool {
        guard index + 1 < code.count else { return false }
        let next = code[index + 1].drop { $0 == " " }
        return ["{", "->", "where ", "throws", "async", "rethrows"].contains { next.hasPrefix($0) }
    }
}
