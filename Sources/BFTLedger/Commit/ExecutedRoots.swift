import BFTBase

/// The state digests of the last executed heights.
struct ExecutedRoots: Equatable, Sendable {
    private var roots = Deque<Digest>()
    private(set) var latest: Height
    private static let limit = 4_096

    init(height: Height, root: Digest) {
        latest = height
        roots.append(root)
    }

    /// The digest after `height`, or `nil` if it is not executed yet or too long ago.
    subscript(height: Height) -> Digest? {
        guard height <= latest else { return nil }
        let age = Int(clamping: latest.rawValue - height.rawValue)
        return age < roots.count ? roots[roots.count - 1 - age] : nil
    }

    mutating func append(_ root: Digest, height: Height) {
        precondition(height == latest.next, "a height was skipped")
        roots.append(root)
        latest = height
        if roots.count > Self.limit { _ = roots.popFirst() }
    }
}
