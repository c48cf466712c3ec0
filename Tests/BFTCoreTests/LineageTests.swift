import BFTBase
import BFTCore
import Testing

/// Which block stands on which.
@Suite struct LineageTests {
    /// The same, by the longest way.
    private struct Model {
        var blocks: [Block] = []

        func block(named digest: Digest) -> Block? { blocks.first { $0.digest == digest } }

        func foot(of digest: Digest) -> Digest? {
            guard var foot = block(named: digest) else { return nil }
            while let parent = block(named: foot.parent), parent.height < foot.height {
                foot = parent
            }
            return foot.digest
        }

        func stands(_ block: Block, on root: Digest) -> Bool {
            var block = block
            while block.parent != root {
                guard let parent = self.block(named: block.parent), parent.height < block.height
                else { return false }
                block = parent
            }
            return true
        }
    }

    private static func block(_ height: UInt64, on parent: Digest, _ number: Int) -> Block {
        Block(
            epoch: .zero, view: View(1), height: Height(height), parents: [parent],
            proposer: ValidatorIndex(0), time: Timestamp(milliseconds: UInt64(number)),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
    }

    /// A tree above `root`, most of whose heights are right.
    private static func tree(
        of count: Int, on root: Digest, _ random: inout SplitMix64
    ) -> [Block] {
        var blocks = [block(1, on: root, 0)]
        while blocks.count < count {
            let parent = blocks.suffix(4).randomElement(using: &random) ?? blocks[0]
            let rise = UInt64.random(in: 0...8, using: &random)
            let height = rise < 7 ? parent.height.next : Height(parent.height.rawValue / 2 + rise)
            blocks.append(block(height.rawValue, on: parent.digest, blocks.count))
        }
        return blocks
    }

    @Test("Where a way down ends is found, whatever came, went and was noted in whatever order")
    func ways() throws {
        let root = Digest(1, 2, 3, 4)
        var found = (rooted: 0, cut: 0)
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let tree = Self.tree(of: 30, on: root, &random)
            var (lineage, model) = (Lineage(), Model())
            for _ in 0..<120 {
                let block = try #require(tree.randomElement(using: &random))
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    lineage.remove(block.digest)
                    model.blocks.removeAll { $0 == block }
                case 1..<4: lineage.note(from: block.digest)
                default:
                    lineage.insert(block, rank: block.height.rawValue)
                    if model.block(named: block.digest) == nil { model.blocks.append(block) }
                }
                for block in tree {
                    let stands = model.stands(block, on: root)
                    try #require(lineage.foot(of: block.digest) == model.foot(of: block.digest))
                    try #require(
                        lineage.stands(block, rank: block.height.rawValue, on: root) == stands)
                    if stands { found.rooted += 1 } else { found.cut += 1 }
                }
            }
        }
        #expect(found.rooted > 1000 && found.cut > 1000)
    }

    @Test("A long way is walked once, from whichever end it grew", .timeLimit(.minutes(2)))
    func longWays() throws {
        var chain = [Self.block(1, on: Digest(1, 2, 3, 4), 0)]
        for number in 1..<10_000 {
            chain.append(Self.block(UInt64(number) + 1, on: chain[number - 1].digest, number))
        }
        let (first, last) = (chain[0].digest, chain[chain.count - 1].digest)
        for order in [chain, chain.reversed()] {
            var lineage = Lineage()
            var foundCount = 0
            for block in order {
                try Task.checkCancellation()
                lineage.insert(block, rank: block.height.rawValue)
                lineage.note(from: last)
                if lineage.foot(of: last) == first { foundCount += 1 }
            }
            #expect(foundCount == 1)  // Once the other end has come.
            for block in chain {
                try Task.checkCancellation()
                lineage.note(from: block.digest)
                if lineage.foot(of: block.digest) == first { foundCount += 1 }
            }
            #expect(foundCount == 1 + chain.count)
        }
    }
}
