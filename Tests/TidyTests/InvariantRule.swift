/// One name for each invariant of the tree, and one invariant for each name.
///
/// An invariant is declared in the comment of the type that keeps it, as `- Invariant H4: …`.
/// Comments, traps, oracles and articles refer to it by that name.
enum InvariantRule {
    struct Name: Hashable {
        let series: String
        let number: String

        var text: String { series + number }
    }

    private static let declaring = "- Invariant "

    /// The invariants that a file declares, each with its line.
    static func declarations(_ file: SourceFile) -> [(name: Name, index: Int)] {
        file.lines.enumerated().compactMap { index, line in
            guard let range = line.range(of: declaring),
                let name = names(in: line[range.upperBound...].prefix { $0 != ":" }).first
            else { return nil }
            return (name, index)
        }
    }

    /// The invariants that an article lists, as `- **H4** …`.
    static func listed(_ file: SourceFile) -> [(name: Name, index: Int)] {
        guard file.path.hasSuffix(".md") else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            guard line.hasPrefix("- **"),
                let name = names(in: line.dropFirst(4).prefix { $0 != "*" }).first
            else { return nil }
            return (name, index)
        }
    }

    /// Words of one or two capital letters and a number.
    static func names(in text: some StringProtocol) -> [Name] {
        text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "-" }.compactMap { word in
            let series = word.prefix { $0.isASCII && $0.isUppercase }
            let number = word.dropFirst(series.count)
            guard (1...2).contains(series.count), (1...2).contains(number.count),
                number.first != "0", number.allSatisfy({ $0.isASCII && $0.isNumber })
            else { return nil }
            return Name(series: String(series), number: String(number))
        }
    }

    /// Names that are declared twice; those that are mentioned, in a series that somebody declares,
    /// and not declared where the mentioning target can know of; and those that an article lists
    /// for another target.
    ///
    /// - Parameter imports: what a target may import.
    static func findings(_ files: [SourceFile], imports: (String) -> Set<String>) -> [Finding] {
        var targets: [Name: String] = [:]
        var findings: [Finding] = []
        for file in files {
            for (name, index) in declarations(file) {
                if let other = targets.updateValue(file.target ?? "", forKey: name) {
                    findings.append(
                        file.finding(index, "\(name.text) is an invariant of \(other), too"))
                }
            }
        }
        let series = Set(targets.keys.map(\.series))
        for file in files {
            let own = file.target ?? ""
            let known = imports(own).union([own])
            for (index, line) in file.lines.enumerated() {
                for name in names(in: line) where series.contains(name.series) {
                    let isKnown = targets[name].map(known.contains) ?? false
                    if !isKnown {
                        findings.append(
                            file.finding(index, "\(name.text) is no invariant that it can know"))
                    }
                }
            }
            for (name, index) in listed(file) where targets[name] != own {
                findings.append(
                    file.finding(index, "\(name.text) is no invariant of \(own)"))
            }
        }
        return findings
    }
}
