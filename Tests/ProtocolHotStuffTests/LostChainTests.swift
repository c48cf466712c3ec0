@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff
import Testing

/// A replica whose chain is lost, and whose log is not: what it voted for since the log was cut
/// stands on blocks that are not here.
@Suite struct LostChainTests {
    typealias Stand = HostileMessages

    /// One of each view from the first on, each but the last two committed by its grandchild.
    let chain: [Block]
    /// How many of them are lost.
    let lostCount = 3
    var replica: HotStuff

    init() {
        var chain = [Sample.genesis]
        for view in 1...10_003 as ClosedRange<UInt64> { chain.append(Self.block(view, on: chain)) }
        chain.removeFirst()
        self.chain = chain
        var records: [HotStuffRecord] = []
        for position in chain.indices.dropFirst(lostCount) {
            let said = Self.statement(at: position, of: chain)
            records += [.voted(chain[position], said), .certificate(Stand.certificate(said))]
        }
        replica = HotStuff(
            configuration: Sample.configuration(leaders: [1, 2, 3].map { ValidatorIndex($0) }),
            root: Sample.genesis, certificate: nil, recovered: records)
    }

    private static func block(_ view: UInt64, on chain: [Block]) -> Block {
        Stand.block(
            view: view, height: view, on: chain[chain.count - 1].digest,
            by: [3, 1, 2][Int(view % 3)])
    }

    private static func statement(at position: Int, of chain: [Block]) -> Statement {
        let (block, grandparent) = (chain[position], chain[position - 2])
        return Statement(
            chain: Sample.chain, epoch: .zero, kind: .vote, view: block.view,
            height: block.height, block: block.digest,
            ancestor: BlockName(height: grandparent.height, digest: grandparent.digest))
    }

    /// What peers say meanwhile: they go on, and one of them is hostile.
    private var said: [HotStuffMessage] {
        let view = UInt64(chain.count) + 1
        let next = Self.block(view, on: chain)
        let vote = Vote(
            statement: Stand.statement(of: next), voter: next.proposer, signature: [])
        let justify = Stand.certificate(Self.statement(at: chain.count - 1, of: chain))
        return [
            .proposal(
                HotStuffProposal(block: next, vote: vote, justify: justify, timeouts: nil)),
            .block(next), .block(chain[1]), .vote(vote), .certificate(justify),
            .timeout(Stand.timeout(view + 1, claiming: 1)),
            .timeout(Stand.timeout(view + 60, claiming: 1)),
            .vote(
                Vote(
                    statement: Stand.statement(of: next), voter: ValidatorIndex(3), signature: [])),
        ]
    }

    private mutating func give(_ input: Input<HotStuff>) -> [Effect<HotStuff>] {
        var effects: [Effect<HotStuff>] = []
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
        #expect(changed.replica.liveRecords.count > chain.count - lostCount)
        for block in chain.prefix(lostCount).reversed() {
            #expect(changed.replica.committed == Sample.genesis)
            #expect(changed.replica.isUseful(.block(block)))
            _ = changed.give(.received(Verified(.block(block)), from: ValidatorIndex(1)))
            #expect(!changed.replica.isUseful(.block(block)))
        }
        #expect(changed.replica.committed == chain[chain.count - 3])
    }
}
