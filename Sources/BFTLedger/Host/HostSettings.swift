/// What a host of a replica is told of its log.
public struct HostSettings: Equatable, Sendable {
    /// From how many bytes on a batch stays where the log has it once it is executed.
    public var largeBatchBytes = RecordType.largeBatchBytes
    /// Records of so many bytes are gathered before old ones are given up.
    public var truncationBytes = 256 << 20
    /// The largest record that the log takes.
    public var recordByteLimit = 64 << 20

    /// How many answers to one peer may wait for a record to become durable, and how many bytes of
    /// batches in them.
    public var waitingPerPeer = 1_024
    public var waitingBytesPerPeer = 64 << 20

    /// The check that is left out: for tests, to show that each is needed.
    package var skippedCheck: HostCheck?

    public init() {}

    func skips(_ check: HostCheck) -> Bool { check == skippedCheck }

    func holds(_ check: HostCheck, _ condition: Bool) -> Bool {
        condition || skips(check)
    }
}
