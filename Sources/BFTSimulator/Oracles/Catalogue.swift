import BFTCore

extension OracleBench {
    /// Every oracle that is about no protocol in particular.
    static var catalogue: [OracleEntry<P>] {
        [
            OracleEntry("agreement") { _ in Agreement() },
            OracleEntry("total-order") { TotalOrder($0) },
            OracleEntry("no-creation") { NoCreation($0) },
            OracleEntry("no-duplication") { _ in NoDuplication() },
            OracleEntry("authorship") { _ in OneBatchOfEachSequence() },
            OracleEntry("durability") { AcknowledgedIsDurable($0) },
            OracleEntry("certificates") { CertifiedCommits($0) },
            OracleEntry("state-roots") { StateRoots($0) },
            OracleEntry("blame") { HonestIsNotAccused($0) },
            OracleEntry("displacement") { HonestIsNotDisplaced($0) },
            OracleEntry("refusal") { HonestIsNotRefused($0) },
            OracleEntry("reads") { _ in ReadsAreRecent() },
            OracleEntry("linearizability") { _ in LinearizableHistory() },
            OracleEntry("memory") { BoundedMemory($0) },
            OracleEntry("progress") { _ in Progress() },
            OracleEntry("L1") { _ in Liveness() },
            OracleEntry("N1") { EffectsInOrder($0) },
            OracleEntry("N2") { SilentAfterFailure($0) },
            OracleEntry("N3") { ExecutesWhatIsDurable($0) },
        ]
    }
}

extension World {
    /// The names of all oracles that can judge a world of this protocol.
    public static var oracleNames: [String] { OracleBench<P>.all.map(\.name) }
}
