public import BFTBase

/// The last block that a replica knows to be committed, and what leads there and on from there.
///
/// - Invariant R2: the committed chain only grows: each run begins on the block before it.
public struct CommittedHead: Equatable, Sendable {
    public private(set) var block: Block
    /// What commits `block`. Missing for the genesis, and while only what commits a descendant is
    /// known: the protocol has that one.
    public private(set) var certificate: CommitCertificate?
    /// The highest height that this replica helped to commit or knows to be committed.
    public private(set) var voteHeight: Height

    public init(_ root: Block, floor: Floor) {
        block = root
        voteHeight = max(root.height, floor.height)
    }

    /// Notes a vote that may help to commit a block at `height`.
    public mutating func noteVote(at height: Height) { voteHeight = max(voteHeight, height) }

    /// Keeps `certificate`, if it commits the block itself. Says whether it does.
    public mutating func keep(_ certificate: CommitCertificate) -> Bool {
        guard certificate.committed.digest == block.digest else { return false }
        self.certificate = certificate
        return true
    }

    public mutating func advance(to run: CommittedRun) {
        precondition(run.first.parent == block.digest, "R2: not a child of the committed block")
        block = run.last
        certificate = run.isCertifiedItself ? run.certificate : nil
        noteVote(at: block.height)
    }

    /// What of a run that the ledger took from others is not known here, or `nil` if nothing is.
    public func rest(of run: CommittedRun) -> CommittedRun? {
        run.last.height > block.height ? run.suffix(after: block.digest) : nil
    }

    // MARK: What stands above

    /// The block named `digest`: the committed one, or one of `blocks`.
    @inlinable public func block(named digest: Digest, or blocks: some BlockSource) -> Block? {
        digest == block.digest ? block : blocks.block(named: digest)
    }

    /// The blocks between the committed one and `tip`, oldest first, without `tip`; or `nil` if one
    /// is missing or the chain passes the committed block by.
    @inlinable public func path(to tip: Block, in blocks: some BlockSource) -> [Block]? {
        guard tip.digest != block.digest else { return [] }
        guard blocks.mayStand(tip, on: block.digest) else { return nil }
        var ancestors: [Block] = []
        var child = tip
        while child.parent != block.digest {
            guard let parent = blocks.parent(of: child) else { return nil }
            ancestors.append(parent)
            child = parent
        }
        return ancestors.reversed()
    }

    /// The run up to `tip` that `certificate` commits, or `nil` unless all of it is here.
    @inlinable public func run(
        to tip: Block?, by certificate: Certificate, in blocks: some BlockSource,
        under rules: @autoclosure () -> CommitRules
    ) -> CommittedRun? {
        guard let tip, let ancestors = path(to: tip, in: blocks),
            let checked = try? rules().check(certificate)
        else { return nil }
        return CommittedRun(blocks: ancestors + [tip], certificate: checked)
    }

    /// The first block that is not here on the way from `name` down to the committed one.
    @inlinable public func firstMissing(
        downFrom name: BlockName, in blocks: some LinkedBlocks
    ) -> Digest? {
        guard name.digest != block.digest, name.height > block.height else { return nil }
        guard let foot = blocks.foot(of: name.digest) else { return name.digest }
        // Whatever stands right above the committed height stands on the committed block, or on
        // one that was passed by.
        guard foot.height > block.height.next, foot.parent != block.digest,
            blocks.block(named: foot.parent) == nil
        else { return nil }
        return foot.parent
    }
}
