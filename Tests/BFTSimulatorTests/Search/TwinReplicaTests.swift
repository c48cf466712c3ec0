@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import Testing

@testable import BFTSimulator

@Suite struct TwinReplicaTests {
    private static let chain = Digest(4, 4, 4, 4)

    /// What the only validator of a network sees.
    private static func vantage<P: ConsensusProtocol>(
        _: P.Type, at milliseconds: UInt64
    ) throws -> Vantage<P> {
        let own = ValidatorIndex(0)
        let genesis = Block.genesis(
            chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
        return Vantage(
            configuration: ReplicaConfiguration(
                chain: chain, epoch: .zero, validators: try ValidatorSet([1]), own: own,
                timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500))),
            limits: LedgerLimits(), now: Instant(nanoseconds: milliseconds * 1_000_000),
            wallTime: Timestamp(milliseconds: milliseconds), replica: nil,
            genesis: .genesis(genesis, validatorCount: 1), random: SplitMix64(seed: 1),
            coalition: Coalition(members: [own], seed: 1, turns: []),
            signatures: StandInSignature(seed: 1))
    }

    /// The states after blocks become known in another order than that of the blocks: the world's
    /// replica took another way. A replica that is told of an execution out of order traps.
    private static func check<P: ConsensusProtocol>(_ type: P.Type) throws {
        var twin = TwinReplica<P>(side: [], try vantage(type, at: 0))
        _ = twin.start(try vantage(type, at: 0))
        var now: UInt64 = 0
        while twin.awaited.count < 3, now < 10_000 {
            now += 600
            _ = twin.submit([UInt8(now / 600)], try vantage(type, at: now))
            _ = twin.catchUp(try vantage(type, at: now), roots: [:])
        }
        let heights = twin.awaited.map(\.self)
        try #require(heights.count >= 3)
        #expect(heights == heights.sorted())
        var roots = [heights[1]: Digest(2, 0, 0, 0), heights[2]: Digest(3, 0, 0, 0)]
        _ = twin.catchUp(try vantage(type, at: now), roots: roots)
        #expect(twin.awaited.map(\.self) == heights)
        roots[heights[0]] = Digest(1, 0, 0, 0)
        _ = twin.catchUp(try vantage(type, at: now), roots: roots)
        #expect(twin.awaited.first.map { $0 > heights[2] } ?? true)
    }

    @Test("A twin executes blocks in their order, whatever states are known first")
    func order() throws {
        try Self.check(Simplex.self)
        try Self.check(PBFT.self)
        try Self.check(HotStuff.self)
        try Self.check(HotStuff2.self)
    }
}
