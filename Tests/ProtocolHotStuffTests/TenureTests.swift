@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolHotStuff

/// What a replica makes of leaders and of silent validators, tenure by tenure.
@Suite struct TenureTests {
    private typealias Hostile = HostileMessageTests

    @Test("A late timeout shows that a silent validator is there, up to the last tenure before")
    func signsOfLife() throws {
        for (back, isSign) in [(0, true), (1, true), (2, false), (3, false)] as [(UInt64, Bool)] {
            var replica = try Hostile.replica()
            _ = Hostile.effects(.started, of: &replica)
            // A view that is not the last one of its tenure.
            let certified = try #require(
                (40..<60).lazy.map { View($0) }.first {
                    replica.schedule.tenure(of: $0) == replica.schedule.tenure(of: $0.next)
                })
            Hostile.hear(.certificate(try Hostile.certificate(certified)), &replica)
            try #require(replica.view == certified.next)
            let tenure = replica.schedule.tenure(of: replica.view) - back
            let old = try #require(
                (1...certified.rawValue).lazy.map { View($0) }.last {
                    replica.schedule.tenure(of: $0) == tenure
                })
            replica.pacemaker.gaveUp(0, of: Hostile.validator(1))
            try #require(replica.pacemaker.isSilent(Hostile.validator(1)))
            let timeout = HotStuffMessage.timeout(
                HotStuffTimeout(
                    content: HotStuffTimeoutStatement(
                        chain: .zero, epoch: .zero, view: old, highView: .zero),
                    signer: Hostile.validator(1), signature: []))
            #expect(replica.isUseful(timeout) == isSign, "\(back) tenures back")
            Hostile.hear(timeout, &replica)
            #expect(replica.pacemaker.isSilent(Hostile.validator(1)) == !isSign)
        }
    }

    /// What a replica thinks of the leader of a view that a quorum gave up, in the last view of its
    /// tenure or in one before, with a proposal or without.
    private func hasFailed(isLast: Bool, isProposed: Bool) throws -> Bool {
        var replica = try Hostile.replica()
        _ = Hostile.effects(.started, of: &replica)
        let schedule = replica.schedule
        let view = try #require(
            (9..<60).lazy.map { View($0) }.first { view in
                let tenures = [view.previous ?? .zero, view, view.next].map(schedule.tenure)
                return tenures[0] == tenures[1] && (tenures[1] != tenures[2]) == isLast
                    && schedule.leader(of: view) != replica.configuration.own
            })
        let leader = schedule.leader(of: view)
        try #require((schedule.leader(of: view.next) != leader) == isLast)
        let before = try Hostile.certificate(try #require(view.previous))
        Hostile.hear(.certificate(before), &replica)
        try #require(replica.view == view)
        if isProposed {
            let block = Block(
                epoch: .zero, view: view, height: before.statement.height.next,
                parents: [before.statement.block], proposer: leader,
                time: Timestamp(milliseconds: 10), applied: Hostile.genesis.applied, payload: [])
            let said = Statement(
                chain: .zero, epoch: .zero, kind: .vote, view: view, height: block.height,
                block: block.digest)
            Hostile.hear(
                .proposal(
                    HotStuffProposal(
                        block: block, vote: Vote(statement: said, voter: leader, signature: []),
                        justify: before, timeouts: nil)), &replica)
        }
        let timeouts = (0..<3).map {
            HotStuffTimeout(
                content: HotStuffTimeoutStatement(
                    chain: .zero, epoch: .zero, view: view, highView: before.statement.view),
                signer: Hostile.validator($0), signature: [])
        }
        Hostile.hear(
            .timeoutCertificate(
                try #require(
                    HotStuffTimeoutCertificate(timeouts: timeouts, high: before, validatorCount: 4))
            ),
            &replica)
        try #require(replica.view == view.next)
        return replica.pacemaker.hasFailed(leader)
    }

    @Test("A leader fails with a view that is lost, but for the last of its tenure if it proposed")
    func failedLeaders() throws {
        #expect(try hasFailed(isLast: false, isProposed: true))
        #expect(try hasFailed(isLast: false, isProposed: false))
        // The votes for it went to the next leader.
        #expect(try !hasFailed(isLast: true, isProposed: true))
        #expect(try hasFailed(isLast: true, isProposed: false))
    }
}
