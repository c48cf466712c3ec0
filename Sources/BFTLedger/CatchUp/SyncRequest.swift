public import BFTBase
public import BFTCore
public import BFTWire

/// What one ledger asks of another's chain.
public enum SyncRequest: Equatable, Sendable {
    /// Committed blocks from a height on, with what commits them. If the first certificate from
    /// there on is further up than one answer reaches, the last blocks below that one.
    case from(Height)
    /// The committed block of this name and those below it, down to a height: as many as fit, from
    /// the top.
    case ancestors(of: BlockName, downTo: Height)

    /// The height up to which the asked must have executed to answer.
    var height: Height {
        switch self {
        case .from(let height): height
        case .ancestors(let name, _): name.height
        }
    }
}

extension SyncRequest: WireCodable {
    public func encode(into writer: inout Writer) {
        switch self {
        case .from(let height):
            writer.uint8(1)
            height.encode(into: &writer)
        case .ancestors(let name, let lowest):
            writer.uint8(2)
            name.height.encode(into: &writer)
            name.digest.encode(into: &writer)
            lowest.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .from(try Height(from: &reader))
        case 2:
            let name = BlockName(
                height: try Height(from: &reader), digest: try Digest(from: &reader))
            self = .ancestors(of: name, downTo: try Height(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}

/// The committed blocks that a host has kept, as `SyncRequest`s are answered from.
public protocol KeptBlocks {
    associatedtype Failure: Error
    func block(at height: Height) throws(Failure) -> Block?
    /// What commits the block at `height`: a certificate of it or of a descendant.
    func certificate(at height: Height) throws(Failure) -> CommitCertificate?
}

extension KeptBlocks {
    /// The answer to `request`, or `nil` if what it asks for is not here. One answer is read, and
    /// no more, whatever certificate stands above.
    ///
    /// - Parameter limits: the same at every validator, as far as it bounds answers.
    public func answer(
        _ request: SyncRequest, within limits: LedgerLimits = LedgerLimits()
    ) throws(Failure) -> LedgerMessage? {
        switch request {
        case .from(let height): try run(from: height, limits).map { .syncResponse($0) }
        case .ancestors(let name, let lowest):
            try chain(to: name, from: lowest, limits).map { .syncAncestors($0) }
        }
    }

    private func run(
        from height: Height, _ limits: LedgerLimits
    ) throws(Failure) -> UncheckedRun? {
        var blocks: [Block] = []
        var (window, wasHalfFull) = (SyncWindow(limits), false)
        var complete: (count: Int, certificate: CommitCertificate)?
        // What commits the next block; at the head of the chain there is none.
        var above = try certificate(at: height)
        var next = height
        while let certificate = above, !window.isFull, let block = try block(at: next) {
            blocks.append(block)
            window.add(block)
            next = next.next
            guard certificate.committed.digest == block.digest else { continue }
            (complete, wasHalfFull) = ((blocks.count, certificate), window.isHalfFull)
            above = try self.certificate(at: next)
        }
        let run = complete.map {
            UncheckedRun(
                blocks: Array(blocks.prefix($0.count)), certificate: $0.certificate.certificate)
        }
        guard !wasHalfFull, let above, above.committed.height >= next,
            let top = try chain(to: above.committed, from: height, limits)
        else { return run }
        return UncheckedRun(blocks: top, certificate: above.certificate)
    }

    private func chain(
        to name: BlockName, from lowest: Height, _ limits: LedgerLimits
    ) throws(Failure) -> [Block]? {
        var blocks: [Block] = []
        var window = SyncWindow(limits)
        var (height, digest) = (name.height, name.digest)
        while !window.isFull, height >= lowest, let below = height.previous {
            guard let block = try block(at: height), block.digest == digest else { return nil }
            blocks.append(block)
            window.add(block)
            (height, digest) = (below, block.parent)
        }
        return blocks.isEmpty ? nil : blocks.reversed()
    }
}
