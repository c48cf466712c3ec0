/// What a host of a replica is told of its log.
package struct HostSettings: Equatable, Sendable {
    /// From how many bytes on a batch stays where the log has it once it is executed.
    package var largeBatchBytes = RecordType.largeBatchBytes
    /// Records of so many bytes are gathered before old ones are given up.
    package var truncationBytes = 256 << 20
    /// The largest record that the log takes.
    package var recordByteLimit = 64 << 20

    /// The check that is left out: for tests, to show that each is needed.
    package var skippedCheck: HostCheck?

    package init() {}

    func holds(_ check: HostCheck, _ condition: Bool) -> Bool {
        condition || check == skippedCheck
    }
}
