/// A pattern as `KEYS` and `SCAN` take it: `*`, `?`, `[a-c]`, `[^a]`, and `\` before a byte that
/// stands for itself.
///
/// The rules are those of Redis, odd ones too: a class that is never closed ends with the pattern,
/// and a range may be written backwards. Only the last `*` is ever gone back to, so that the work
/// is at most pattern × text.
struct GlobPattern {
    private let pattern: [UInt8]
    /// Whether every key matches.
    let matchesAll: Bool

    /// The pattern that every key matches.
    static let all = GlobPattern()

    private init() {
        pattern = [UInt8(ascii: "*")]
        matchesAll = true
    }

    init(_ pattern: RawSpan) {
        self.pattern = unsafe pattern.withUnsafeBytes { unsafe Array($0) }
        matchesAll = self.pattern == [UInt8(ascii: "*")]
    }

    /// Whether `text` matches. Adds the work done to `steps`.
    func matches(_ text: RawSpan, steps: inout Int) -> Bool {
        if matchesAll { return true }
        // Redis finds that no pattern but the empty one, and `*`, matches the empty key.
        if text.isEmpty { return pattern.isEmpty }
        var position = 0
        var offset = 0
        var star: (position: Int, offset: Int)?
        while offset < text.byteCount {
            steps += 1
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                position += 1
                if position == pattern.count { return true }
                star = (position, offset)
                continue
            }
            let byte = unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if position < pattern.count, let next = element(at: position, matches: byte, &steps) {
                position = next
                offset += 1
            } else if let back = star {
                position = back.position
                offset = back.offset + 1
                star = (position, offset)
            } else {
                return false
            }
        }
        while position < pattern.count, pattern[position] == UInt8(ascii: "*") { position += 1 }
        return position == pattern.count
    }

    /// Where the pattern goes on if the element at `position` matches `byte`.
    private func element(at position: Int, matches byte: UInt8, _ steps: inout Int) -> Int? {
        switch pattern[position] {
        case UInt8(ascii: "?"):
            return position + 1
        case UInt8(ascii: "["):
            return range(at: position + 1, matches: byte, &steps)
        case UInt8(ascii: "\\") where position + 1 < pattern.count:
            return pattern[position + 1] == byte ? position + 2 : nil
        default:
            return pattern[position] == byte ? position + 1 : nil
        }
    }

    /// Where the pattern goes on if the class whose content starts at `start` holds `byte`.
    private func range(at start: Int, matches byte: UInt8, _ steps: inout Int) -> Int? {
        var position = start
        let isNegated = position < pattern.count && pattern[position] == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var found = false
        while position < pattern.count {
            let left = pattern.count - position
            if pattern[position] == UInt8(ascii: "\\"), left >= 2 {
                if pattern[position + 1] == byte { found = true }
                position += 2
            } else if pattern[position] == UInt8(ascii: "]") {
                position += 1
                break
            } else if left >= 3, pattern[position + 1] == UInt8(ascii: "-") {
                let first = min(pattern[position], pattern[position + 2])
                let last = max(pattern[position], pattern[position + 2])
                if first <= byte && byte <= last { found = true }
                position += 3
            } else {
                if pattern[position] == byte { found = true }
                position += 1
            }
        }
        steps += position - start
        return found != isNegated ? position : nil
    }
}
