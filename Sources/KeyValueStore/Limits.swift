/// What bounds a store, so that no client can make a replica run out of memory or time.
///
/// The limits are part of what a transaction means: replicas with different limits diverge.
public enum KeyValueLimits {
    /// The most bytes of a key.
    public static let keyBytes = 16 << 10
    /// The most bytes of a value.
    public static let valueBytes = 512 << 10
    /// The most bytes of a glob pattern.
    public static let patternBytes = 1 << 10
    /// The most bytes of values and keys that the replies to one block's transactions, or to one
    /// query, hold. A command of ten bytes can ask for a value of half a megabyte.
    public static let replyBytes = 64 << 20
    /// The most work that walking over keys may cost in one block: a step for each key and for
    /// each byte that a pattern is held against.
    public static let walkStepsPerBlock = 1 << 24
    /// The same for one query.
    public static let walkStepsPerQuery = 1 << 28
    /// The most expired keys that one block removes.
    public static let expirationsPerBlock = 2_048
}

/// What is left of a block's or a query's limits.
struct Allowance {
    private var replyBytes: Int
    private var walkSteps: Int

    static let block = Self(
        replyBytes: KeyValueLimits.replyBytes, walkSteps: KeyValueLimits.walkStepsPerBlock)
    static let query = Self(
        replyBytes: KeyValueLimits.replyBytes, walkSteps: KeyValueLimits.walkStepsPerQuery)

    private init(replyBytes: Int, walkSteps: Int) {
        self.replyBytes = replyBytes
        self.walkSteps = walkSteps
    }

    /// Takes `count` bytes for a reply, or returns false and takes none.
    mutating func takeReply(bytes count: Int) -> Bool {
        guard count <= replyBytes else { return false }
        replyBytes -= count
        return true
    }

    /// Takes `count` steps, or returns false and takes all that are left.
    mutating func takeSteps(_ count: Int) -> Bool {
        guard count <= walkSteps else {
            walkSteps = 0
            return false
        }
        walkSteps -= count
        return true
    }
}
