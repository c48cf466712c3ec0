import BFTBase
import BFTCore
import BFTLedger

// Answers to who catches up.
extension Sayer {
    /// Answers to a peer that catches up: known blocks from a height on, under any certificate that
    /// commits the last of them.
    func history(
        from height: Height, for peer: ValidatorIndex, _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        let arsenal = forge.arsenal
        guard forge.mood.isTalking(to: peer) else { return [] }
        let kind = arsenal.certificates.items.map(\.statement.kind)
            .filter { $0.outcome != .nothing && !forge.mood.isWithheld($0, from: peer) }.distinct
            .randomElement(using: &forge.random)
        let fit = arsenal.certificates.items.filter { certificate in
            guard let committed = certificate.statement.committed,
                certificate.statement.kind == kind
            else { return false }
            return committed.height >= height && arsenal.block(named: committed.digest) != nil
        }
        // The highest, as often as not: nobody else has more to tell then.
        let certificate =
            forge.random.oneIn(2)
            ? fit.max { Self.height(of: $0) < Self.height(of: $1) }
            : fit.randomElement(using: &forge.random)
        guard let certificate, let last = certificate.statement.committed else { return [] }
        let blocks = Self.chain(endingIn: last.digest, downTo: height, arsenal)
        let run = UncheckedRun(blocks: blocks, certificate: certificate)
        return [Dispatch(.ledger(.syncResponse(run)), to: [peer])]
    }

    private static func height(of certificate: Certificate) -> Height {
        certificate.statement.committed?.height ?? .zero
    }

    /// Answers to a peer that walks down by links: the blocks that it asks for as far as they are
    /// known, or those below any other.
    func ancestors(
        of name: BlockName, downTo height: Height, for peer: ValidatorIndex,
        _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        guard forge.mood.isTalking(to: peer) else { return [] }
        var top = name.digest
        if forge.random.oneIn(3), let other = forge.arsenal.blocks.pick(&forge.random) {
            top = other.digest
        }
        let blocks = Self.chain(endingIn: top, downTo: height, forge.arsenal)
        return [Dispatch(.ledger(.syncAncestors(blocks)), to: [peer])]
    }

    /// Known blocks, each the parent of the next, of at least `height` and up to `digest`.
    private static func chain(
        endingIn digest: Digest, downTo height: Height, _ arsenal: Arsenal<Special>
    ) -> [Block] {
        var (blocks, digest): ([Block], Digest) = ([], digest)
        while blocks.count < LedgerLimits.syncBlockLimit, let block = arsenal.block(named: digest),
            block.height >= height
        {
            blocks.append(block)
            digest = block.parent
        }
        return blocks.reversed()
    }
}

extension [VoteKind] {
    var distinct: [VoteKind] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
