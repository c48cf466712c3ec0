@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff
import Testing

/// A log that was cut, and no chain beside it.
@Suite struct FloorTests {
    /// Whether v0, which forgot what it said up to `floor`, votes for A of view 1, and gives up
    /// view 1 when nothing follows.
    private static func speaks<Rules: HotStuffRules>(
        above floor: Floor, _ rules: Rules.Type
    ) -> (vote: Bool, timeout: Bool) {
        let hostile = HostileMessages()
        var replica = HotStuffReplica<Rules>(
            configuration: Sample.configuration(leaders: [1, 2, 3].map { ValidatorIndex($0) })
                .above(floor), root: Sample.genesis, certificate: nil, recovered: [])
        var effects: [Effect<HotStuffReplica<Rules>>] = []
        func give(_ input: Input<HotStuffReplica<Rules>>, at milliseconds: UInt64 = 0) {
            replica.handle(
                input, at: Instant(nanoseconds: milliseconds * 1_000_000), into: &effects)
        }
        give(.started)
        let proposal = hostile.proposal(hostile.blockA, justify: nil, timeouts: nil)
        give(.received(Verified(proposal), from: ValidatorIndex(1)))
        give(.judged(hostile.blockA.digest, .valid))
        give(.work(pending: true))
        give(.timerFired, at: 60_000)
        var said = (vote: false, timeout: false)
        for case .sign(let unsigned) in effects {
            switch unsigned {
            case .vote(let statement, _): if statement.view == View(1) { said.vote = true }
            case .timeout(let timeout): if timeout.view == View(1) { said.timeout = true }
            case .proposal: break
            }
        }
        return said
    }

    @Test("A replica whose chain is gone votes in no view up to its floor, and gives none up")
    func silence() {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) {
            let free = Self.speaks(above: .ground, rules)
            #expect(free.vote && free.timeout)
            let bound = Self.speaks(above: Floor(view: View(1), height: Height(1)), rules)
            #expect(!bound.vote && !bound.timeout)
        }
        check(HotStuffThreeChainRules.self)
        check(HotStuffTwoChainRules.self)
    }
}
