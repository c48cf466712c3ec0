/// Tells Swift code from comments and string literals, which may hold anything.
struct SwiftScanner {
    private let bytes: [UInt8]
    private var output: [UInt8]
    private var position = 0

    /// `text` with spaces in the place of comments and of what string literals hold. Lines stay
    /// where they are.
    static func blanked(_ text: String) -> [UInt8] {
        var scanner = SwiftScanner(bytes: Array(text.utf8))
        scanner.scan(untilParenthesis: false)
        return scanner.output
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        output = bytes
    }

    /// Scans code to the end, or to the parenthesis that closes an interpolation.
    private mutating func scan(untilParenthesis: Bool) {
        var depth = 0
        while position < bytes.count {
            if at("//") {
                blank { !$0.at("\n") }
            } else if at("/*") {
                blankNestedComment()
            } else if at("\"") || at("#\"") || at("##\"") {
                scanString()
            } else {
                if at("(") { depth += 1 }
                if at(")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                position += 1
            }
        }
    }

    private mutating func scanString() {
        var pounds = ""
        while at("#") {
            pounds += "#"
            position += 1
        }
        let quote = at("\"\"\"") ? "\"\"\"" : "\""
        position += quote.utf8.count
        let (ending, escape) = (quote + pounds, "\\" + pounds)
        while position < bytes.count, !at(ending) {
            if at(escape + "(") {
                blankBytes(escape.utf8.count + 1)
                scan(untilParenthesis: true)
                blankBytes(1)
            } else {
                blankBytes(at(escape) ? escape.utf8.count + 1 : 1)
            }
        }
        position = min(bytes.count, position + ending.utf8.count)
    }

    private mutating func blankNestedComment() {
        var depth = 0
        repeat {
            if at("/*") {
                depth += 1
                blankBytes(2)
            } else if at("*/") {
                depth -= 1
                blankBytes(2)
            } else {
                blankBytes(1)
            }
        } while depth > 0 && position < bytes.count
    }

    private mutating func blank(while isInside: (SwiftScanner) -> Bool) {
        while position < bytes.count, isInside(self) { blankBytes(1) }
    }

    private mutating func blankBytes(_ count: Int) {
        for _ in 0..<count where position < bytes.count {
            if !at("\n") { output[position] = UInt8(ascii: " ") }
            position += 1
        }
    }

    private func at(_ text: String) -> Bool {
        var index = position
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }
}
