/// Takes an input apart. What is missing at its end reads as zero.
struct InputReader {
    private let input: [UInt8]
    private var position = 0

    init(_ input: [UInt8]) { self.input = input }

    mutating func byte() -> UInt8 {
        guard position < input.count else { return 0 }
        defer { position += 1 }
        return input[position]
    }

    /// Up to `count` bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let end = min(position + count, input.count)
        defer { position = end }
        return Array(input[position..<end])
    }

    /// All that is left.
    mutating func rest() -> [UInt8] { bytes(input.count - position) }

    /// Candidates: the rest of the input, or each of `honest` altered as the rest says.
    mutating func candidates(for honest: [[UInt8]], _ options: Options) -> [[UInt8]] {
        if options.contains(.verbatim) {
            let candidate = rest()
            return honest.map { _ in candidate }
        }
        let alterations = Alteration.list(rest())
        return honest.map { original in
            alterations.reduce(into: original) { bytes, alteration in alteration.apply(to: &bytes) }
        }
    }

    mutating func candidate(for honest: [UInt8], _ options: Options) -> [UInt8] {
        candidates(for: [honest], options)[0]
    }
}

/// One change to honest bytes, in four bytes of input.
///
/// A mutation of four bytes reaches any byte of a signature of thousands, and a corpus of such
/// inputs stays small.
struct Alteration {
    enum Kind: UInt8, CaseIterable {
        case flip, set, setFromEnd, swapFromEnd, repeatFromEnd, fill, truncate, append
    }

    static let byteCount = 4

    let kind: Kind
    let offset: Int
    let value: UInt8

    /// The alterations that the input lists; a last one that is not whole is left out.
    static func list(_ input: [UInt8]) -> [Alteration] {
        let whole = input.count / byteCount
        return (0..<whole).map { index -> Alteration in
            let at = index * byteCount
            let kind = Kind.allCases[Int(input[at]) % Kind.allCases.count]
            let offset = Int(input[at + 1]) + 256 * Int(input[at + 2])
            return Alteration(kind: kind, offset: offset, value: input[at + 3])
        }
    }

    /// The bytes that ``list(_:)`` reads.
    var encoded: [UInt8] { [kind.rawValue, UInt8(offset & 255), UInt8(offset >> 8), value] }

    func apply(to bytes: inout [UInt8]) {
        if kind == .append {
            bytes += [UInt8](repeating: value, count: offset % 300)
            return
        }
        guard !bytes.isEmpty else { return }
        let at = offset % bytes.count
        let fromEnd = bytes.count - 1 - at
        switch kind {
        case .flip: bytes[at] ^= value
        case .set: bytes[at] = value
        case .setFromEnd: bytes[fromEnd] = value
        case .swapFromEnd: bytes.swapAt(fromEnd, max(0, fromEnd - 1))
        case .repeatFromEnd: bytes[fromEnd] = bytes[max(0, fromEnd - 1)]
        case .fill: for each in at..<min(at + 5, bytes.count) { bytes[each] = value }
        case .truncate: bytes.removeSubrange(at...)
        case .append: break
        }
    }
}
