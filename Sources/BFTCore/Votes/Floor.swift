public import BFTBase
public import BFTWire

/// How far a validator may have spoken without a record of it: in views up to `view`, of heights
/// up to `height`.
///
/// Its log keeps no votes on what is committed. As long as the blocks are there, nothing is left to
/// say of them; should the chain be lost and the log not, this says where silence begins.
public struct Floor: Hashable, Sendable {
    public let view: View
    public let height: Height

    public init(view: View, height: Height) {
        self.view = view
        self.height = height
    }

    /// Nothing was said that is forgotten.
    public static let ground = Floor(view: .zero, height: .zero)

    /// What is at or below either.
    public func joined(_ other: Floor) -> Floor {
        Floor(view: max(view, other.view), height: max(height, other.height))
    }
}

extension Floor: WireCodable {
    public func encode(into writer: inout Writer) {
        view.encode(into: &writer)
        height.encode(into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(view: try View(from: &reader), height: try Height(from: &reader))
    }
}
