import BFTBase
import BFTCore

extension Forge {
    /// A copy of some batch that is known, or of one made up.
    mutating func batch() -> BatchCopy? {
        guard let known = arsenal.copies.pick(&random) else { return nil }
        let copy = altered(known)
        arsenal.add(copy)
        return copy
    }

    /// The known copies of what is asked for, as they were heard or otherwise.
    mutating func copies(of references: [BatchReference]) -> [BatchCopy] {
        let wanted = Set(references)
        return arsenal.copies.items.filter { wanted.contains($0.reference) }.prefix(16)
            .map { altered($0) }
    }

    /// The copy as it is, bare, under a signature that stood elsewhere or under a member's; or
    /// another batch in its place.
    private mutating func altered(_ copy: BatchCopy) -> BatchCopy {
        switch choice(of: 6) {
        case 0, 1: return copy
        case 2: return BatchCopy(copy.batch)
        case 3: return BatchCopy(copy.batch, arsenal.copies.pick(&random)?.authorship)
        case 4: return signed(copy.batch)
        default:
            return signed(
                Batch.of(
                    [[UInt8(choice(of: 3))]], author: isStrange() ? copy.batch.author : member(),
                    sequence: copy.batch.sequence))
        }
    }

    /// Signed by its author if that is a member, or by any, for this chain mostly.
    private mutating func signed(_ batch: Batch) -> BatchCopy {
        let signer = members.contains(batch.author) ? batch.author : member()
        let chain = isStrange() ? Digest.zero : configuration.chain
        let epoch = isStrange() ? configuration.epoch.next : configuration.epoch
        let statement = batch.reference.statement(chain: chain, epoch: epoch)
        return BatchCopy(
            batch,
            Authorship(
                chain: chain, epoch: epoch,
                signature: sign(statement.signingBytes, as: signer)))
    }
}
