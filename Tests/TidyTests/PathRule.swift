/// Finds paths that exist on one machine only.
enum PathRule {
    /// Written in parts, so that this file does not find itself.
    static let directories = ["work", "tmp/bash", "home", "root", "Users"].map { "/" + $0 + "/" }

    static func findings(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().compactMap { index, line in
            guard line.utf8.contains(UInt8(ascii: "/")) else { return nil }
            let found = directories.first { directory in
                guard let range = line.range(of: directory) else { return false }
                // Behind a word it is a part of a relative path or of an address.
                guard let before = line[..<range.lowerBound].last else { return true }
                return !before.isLetter && !before.isNumber && !"._-~*/)}]>".contains(before)
            }
            return found.map { file.finding(index, "names a path below \($0)") }
        }
    }
}
