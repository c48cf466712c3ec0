import BFTBase
import BFTCore
import Testing

@testable import ProtocolPBFT

/// What a replica keeps of the checkpoints that it signed.
@Suite struct CheckpointListTests {
    private static let validators = try! ValidatorSet([1, 1, 1, 1])

    private static func statement(_ height: UInt64) -> Statement {
        Statement(
            chain: .zero, epoch: .zero, kind: .checkpoint, view: .zero, height: Height(height),
            block: Digest(height, 0, 0, 0),
            ancestor: BlockName(height: Height(height), digest: Digest(0, height, 0, 0)))
    }

    private static func certificate(_ height: UInt64) throws -> Certificate {
        let said = statement(height)
        let votes = (0..<3).map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        return try #require(Certificate(statement: said, votes: votes, validatorCount: 4))
    }

    @Test("A checkpoint that is stable is forgotten with those below, and those above it stay")
    func advancing() throws {
        let interval = PBFTBounds.checkpointInterval
        var list = PBFTCheckpointList(Self.validators)
        for number in 1...3 as ClosedRange<UInt64> {
            list.keepOwn(Self.statement(number * interval))
        }
        list.advance(to: try Self.certificate(2 * interval))
        #expect(list.stable.height == Height(2 * interval))
        #expect(list.own == [Self.statement(3 * interval)])
        list.advance(to: try Self.certificate(3 * interval))
        #expect(list.own.isEmpty)
    }
}
