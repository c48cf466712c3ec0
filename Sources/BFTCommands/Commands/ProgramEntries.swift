/// The commands of `bft`.
public enum ProgramEntries {
    /// Those that talk to a node from outside.
    public static let client = [
        CommandEntry(Status.self), CommandEntry(Get.self), CommandEntry(Submit.self),
        CommandEntry(Bench.self),
    ]
}
