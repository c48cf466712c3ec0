import FoundationEssentials

/// A table `Specs/*/Guards.md`: which guard of the code is which guard of the model.
///
/// The page links the files that it is about. Of its Swift files, each case of an enum whose name
/// ends in `Check`, and each function of a protocol whose name ends in `Rules`, has to stand in
/// the table, as `` `SampleCheck.viewOfVote` ``; of its specifications, each label of a comment
/// `\* G7`, as `` `G7` ``. A row has names of both sides, or of one, and in the other's cell
/// `none: ` and the reason.
struct GuardTable {
    /// Of a row: the line, and what stands in the first two cells.
    private let rows: [(line: Int, code: String, model: String)]
    private let page: SourceFile

    /// The shortest reason that says something.
    private static let reasonLength = 12

    init(_ page: SourceFile) {
        self.page = page
        rows = page.lines.enumerated().compactMap { line, text in
            let cells = text.split(separator: "|", omittingEmptySubsequences: false)
                .map(Self.trimmed)
            guard text.hasPrefix("|"), cells.count >= 4, !cells[1].hasPrefix("--"),
                cells[1] != "Code"
            else { return nil }
            return (line, cells[1], cells[2])
        }
    }

    private static func trimmed(_ cell: Substring) -> String {
        String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// What stands between back quotes, if the cell gives no reason.
    private static func names(_ cell: String) -> [String] {
        guard !cell.hasPrefix("none:") else { return [] }
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }

    /// Where the table and the files that it is about disagree.
    func findings(code: [SourceFile], models: [SourceFile]) -> [Finding] {
        let wantedNames = code.flatMap(Self.guards)
        let wantedLabels = models.flatMap(Self.labels)
        var findings: [Finding] = []
        if rows.isEmpty { findings.append(page.finding(0, "has no rows")) }
        if wantedNames.isEmpty { findings.append(page.finding(0, "links no guards of the code")) }
        if wantedLabels.isEmpty { findings.append(page.finding(0, "links no guards of a model")) }
        for label in Set(wantedLabels) where wantedLabels.filter({ $0 == label }).count > 1 {
            findings.append(page.finding(0, "\(label) stands twice in the models"))
        }
        for row in rows {
            for (cell, wanted) in [(row.code, wantedNames), (row.model, wantedLabels)] {
                let names = Self.names(cell)
                for name in names where !wanted.contains(name) {
                    findings.append(page.finding(row.line, "there is no \(name)"))
                }
                if names.isEmpty, !Self.isReason(cell) {
                    findings.append(page.finding(row.line, "neither a name nor a reason: \(cell)"))
                }
            }
            if Self.isReason(row.code), Self.isReason(row.model) {
                findings.append(page.finding(row.line, "is about nothing"))
            }
        }
        let named = rows.flatMap { Self.names($0.code) }
        for name in wantedNames where named.filter({ $0 == name }).count != 1 {
            findings.append(page.finding(0, "\(name) does not stand in just one row"))
        }
        let labelled = rows.flatMap { Self.names($0.model) }
        for label in wantedLabels where !labelled.contains(label) {
            findings.append(page.finding(0, "\(label) stands in no row"))
        }
        return findings
    }

    private static func isReason(_ cell: String) -> Bool {
        cell.hasPrefix("none: ") && cell.utf8.count >= "none: ".utf8.count + reasonLength
    }

    // MARK: What there is

    /// The labels in comments of a specification.
    static func labels(_ specification: SourceFile) -> [String] {
        specification.lines.compactMap { line in
            guard let range = line.range(of: "\\* G") else { return nil }
            let number = line[range.upperBound...].prefix { $0.isNumber }
            return number.isEmpty ? nil : "G\(number)"
        }
    }

    /// The cases of each enum `…Check`, and the functions of each protocol `…Rules` but the one
    /// that asks a check.
    static func guards(_ file: SourceFile) -> [String] {
        var found: [String] = []
        var (owner, members, depth) = ("", "", 0)
        for line in file.code {
            let words = line.split { $0 == " " || $0 == ":" || $0 == "{" || $0 == "(" }
                .map(String.init)
            if depth == 0, let declared = declaration(words) { (owner, members) = declared }
            if depth == 1, !owner.isEmpty {
                found += names(words, members).filter { $0 != "holds" }.map { "\(owner).\($0)" }
            }
            depth += line.count { $0 == "{" } - line.count { $0 == "}" }
            if depth == 0 { (owner, members) = ("", "") }
        }
        return found.enumerated().filter { !found[..<$0.offset].contains($0.element) }
            .map(\.element)
    }

    /// The name of an enum of checks or of a protocol of rules, and what its members are.
    private static func declaration(_ words: [String]) -> (String, members: String)? {
        for (word, name) in zip(words, words.dropFirst()) {
            if word == "enum", name.hasSuffix("Check") { return (name, "case") }
            if word == "protocol", name.hasSuffix("Rules") { return (name, "func") }
        }
        return nil
    }

    /// What a line declares by `keyword`: one function, or one case or more.
    private static func names(_ words: [String], _ keyword: String) -> [String] {
        guard let position = words.firstIndex(of: keyword) else { return [] }
        let names = words[(position + 1)...].map { String($0.prefix { $0 != "," }) }
        return keyword == "func" ? Array(names.prefix(1)) : names
    }
}
