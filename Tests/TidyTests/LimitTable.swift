import FoundationEssentials

/// The table `Docs/limits.md`: which test takes each limit to its edge and one beyond.
///
/// Every stored property of a type whose name ends in `Limits`, in a file whose name does, has to
/// stand in one row, as `` `LedgerLimits.blockBytes` ``. The other cell quotes the titles of tests,
/// each as "title", or has `none: ` and the reason.
struct LimitTable {
    private let rows: [(line: Int, limit: String, tests: String)]
    private let page: SourceFile

    /// The shortest reason that says something.
    private static let reasonLength = 12

    init(_ page: SourceFile) {
        self.page = page
        rows = page.lines.enumerated().compactMap { line, text in
            let cells = text.split(separator: "|", omittingEmptySubsequences: false)
                .map(Self.trimmed)
            guard text.hasPrefix("|"), cells.count >= 4, !cells[1].hasPrefix("--"),
                cells[1].hasPrefix("`")
            else { return nil }
            return (line, String(cells[1].dropFirst().dropLast()), cells[2])
        }
    }

    private static func trimmed(_ cell: Substring) -> String {
        String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// Where the table, the limits and the tests disagree.
    func findings(sources: [SourceFile], tests: [SourceFile]) -> [Finding] {
        let wanted = sources.flatMap(Self.limits)
        let titles = Set(tests.flatMap(Self.titles))
        var findings: [Finding] = []
        if wanted.isEmpty { findings.append(page.finding(0, "there are no limits")) }
        for row in rows {
            if !wanted.contains(row.limit) {
                findings.append(page.finding(row.line, "there is no \(row.limit)"))
            }
            if row.tests.hasPrefix("none: ") {
                if row.tests.utf8.count < "none: ".utf8.count + Self.reasonLength {
                    findings.append(page.finding(row.line, "gives no reason"))
                }
                continue
            }
            let named = Self.quoted(row.tests)
            if named.isEmpty { findings.append(page.finding(row.line, "names no test")) }
            for title in named where !titles.contains(title) {
                findings.append(page.finding(row.line, "there is no test \"\(title)\""))
            }
        }
        for limit in wanted where rows.count(where: { $0.limit == limit }) != 1 {
            findings.append(page.finding(0, "\(limit) does not stand in just one row"))
        }
        return findings
    }

    private static func quoted(_ cell: String) -> [String] {
        let parts = cell.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }

    // MARK: What there is

    /// The stored properties of each type `…Limits`.
    static func limits(_ file: SourceFile) -> [String] {
        guard file.path.hasSuffix("Limits.swift") else { return [] }
        var found: [String] = []
        var (owner, depth) = ("", 0)
        for line in file.code {
            let words = line.split { $0 == " " || $0 == ":" || $0 == "=" || $0 == "{" }
                .map(String.init)
            if depth == 0, let name = declared(words, by: ["struct", "enum"]) {
                owner = name.hasSuffix("Limits") ? name : ""
            }
            if depth == 1, !owner.isEmpty, !line.contains("{"),
                let name = declared(words, by: ["let", "var"])
            {
                found.append("\(owner).\(name)")
            }
            depth += line.count { $0 == "{" } - line.count { $0 == "}" }
        }
        return found
    }

    private static func declared(_ words: [String], by keywords: Set<String>) -> String? {
        guard let position = words.firstIndex(where: keywords.contains), position + 1 < words.count
        else { return nil }
        return words[position + 1]
    }

    /// The titles of the tests of a file.
    static func titles(_ file: SourceFile) -> [String] {
        var titles: [String] = []
        var isAwaited = false
        for line in file.lines {
            let start = line.range(of: "@Test(")
            guard start != nil || isAwaited else { continue }
            let rest = start.map { line[$0.upperBound...] } ?? line[...]
            let parts = rest.split(separator: "\"", omittingEmptySubsequences: false)
            isAwaited = parts.count < 3
            if !isAwaited { titles.append(String(parts[1])) }
        }
        return titles
    }
}
