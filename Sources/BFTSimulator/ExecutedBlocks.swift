import BFTBase
import BFTCore
import BFTLedger

/// The blocks of a chain from height 1 on, as a host without a disk keeps them.
struct ExecutedBlocks: KeptBlocks {
    let blocks: ArraySlice<CommittedBlock>

    private subscript(height: Height) -> CommittedBlock? {
        guard let below = height.previous, below.rawValue < UInt64(blocks.count) else {
            return nil
        }
        return blocks[Int(below.rawValue)]
    }

    func block(at height: Height) throws(Never) -> Block? { self[height]?.block }

    func certificate(at height: Height) throws(Never) -> CommitCertificate? {
        self[height]?.certificate
    }
}
