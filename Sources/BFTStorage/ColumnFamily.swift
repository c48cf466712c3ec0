/// A key space of its own inside one store. A write batch may touch several at once.
///
/// The raw value is the number under which the store knows the family, and is on disk: families
/// are added at the end and never renumbered. Number 0 belongs to RocksDB's own default family.
public enum ColumnFamily: UInt8, CaseIterable, Sendable {
    /// Blocks by height.
    case blocks = 1
    /// Commit certificates by height.
    case certificates = 2
    /// Payload batches, large and written once.
    case batches = 3
    /// The replicated state, read at random.
    case state = 4
    /// What the node notes about itself: the applied height, the format version.
    case meta = 5
    /// Parts of snapshots.
    case snapshots = 6

    /// The name under which the store keeps the family.
    public var name: String { "\(self)" }

    /// The position in `allCases`.
    var index: Int { Int(rawValue) - 1 }
}
