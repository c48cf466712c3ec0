@_spi(Verification) import BFTBase
import BFTCore
import ProtocolPBFT
import Testing

/// A replica whose chain is lost, and whose log is not: what it voted for since the log was cut
/// stands on blocks that are not here.
@Suite struct LostChainTests {
    typealias Stand = HostileMessages

    /// Of view 1, from the first height on.
    let chain: [Block]
    /// How many of them are lost.
    let lostCount = 3
    var replica: PBFT

    init() throws {
        var chain = [Stand.genesis]
        for height in 1...10_003 as ClosedRange<UInt64> {
            chain.append(Stand.block(view: 1, height: height, on: chain[chain.count - 1]))
        }
        chain.removeFirst()
        self.chain = chain
        replica = PBFT(
            configuration: ReplicaConfiguration(
                chain: Stand.chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
                own: ValidatorIndex(0),
                timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500)),
                leaders: LeaderSchedule(cycle: [1, 2, 3, 0].map { ValidatorIndex($0) })),
            root: Stand.genesis, certificate: nil,
            recovered: Self.log(of: chain.dropFirst(lostCount)))
    }

    private static func log(of blocks: ArraySlice<Block>) -> [PBFTRecord] {
        var records: [PBFTRecord] = [.entered(View(1))]
        for block in blocks {
            records += [.prepared(block, in: View(1)), .voted(Stand.said(.commit, block))]
            guard block.height.rawValue.isMultiple(of: PBFTBounds.checkpointInterval) else {
                continue
            }
            let name = BlockName(height: block.height, digest: block.digest)
            let said = Stand.checkpoint(height: block.height.rawValue, block: name)
            records += [
                .voted(said), .certificate(Stand.certificate(said)),
                .viewChange(Stand.content(1, Stand.certificate(Stand.said(.prepare, block)))),
            ]
        }
        if let last = blocks.last {
            records.append(.certificate(Stand.certificate(Stand.said(.commit, last))))
        }
        return records
    }

    /// What peers say meanwhile: they go on, and one of them is hostile.
    private var said: [PBFTMessage] {
        let last = chain[chain.count - 1]
        let next = Stand.block(view: 1, height: last.height.next.rawValue, on: last)
        let afterNext = Stand.block(view: 1, height: next.height.next.rawValue, on: next)
        return [
            Stand.proposal(next), Stand.proposal(afterNext), .block(next), .block(chain[1]),
            .vote(Stand.vote(Stand.said(.prepare, afterNext))),
            .vote(Stand.vote(Stand.said(.commit, afterNext))),
            .certificate(Stand.certificate(Stand.said(.prepare, next))),
            .vote(Stand.vote(Stand.said(.commit, next), by: 3)),
        ]
    }

    private mutating func give(_ input: Input<PBFT>) -> [Effect<PBFT>] {
        var effects: [Effect<PBFT>] = []
        replica.handle(input, at: Instant(nanoseconds: 1), into: &effects)
        return effects
    }

    @Test(
        "What hangs above a lost chain is not walked for each input, and goes once that is back",
        .timeLimit(.minutes(2)))
    func lostChain() throws {
        var changed = self
        _ = changed.give(.started)
        for message in Array(repeating: said, count: 130).joined() {
            try Task.checkCancellation()
            _ = changed.replica.isUseful(message)
            _ = changed.give(.received(Verified(message), from: ValidatorIndex(1)))
        }
        #expect(changed.replica.liveRecords.count > 2 * (chain.count - lostCount))
        for block in chain.prefix(lostCount).reversed() {
            #expect(changed.replica.committed == Stand.genesis)
            #expect(changed.replica.isUseful(.block(block)))
            _ = changed.give(.received(Verified(.block(block)), from: ValidatorIndex(1)))
            #expect(!changed.replica.isUseful(.block(block)))
        }
        #expect(changed.replica.committed == chain.last)
    }
}
