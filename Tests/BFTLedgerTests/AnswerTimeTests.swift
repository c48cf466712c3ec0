import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

/// How long a peer may take for an answer that is asked for more meanwhile.
@Suite struct AnswerTimeTests {
    @Test("Who is asked for more while it owes an answer gains no time by that")
    func askedAgain() {
        var fetcher = FetchTests.fetcher {
            $0.batchRequestsInFlight = 2
            $0.fetchPatience = .seconds(10)
        }
        let holders = FetchTests.voters([1], of: 4, proposer: 1)
        func ask(at time: UInt64) -> [UInt64] {
            fetcher.dueRequests(at: Fixture.at(time))
                .filter { $0.peer == ValidatorIndex(1) }
                .flatMap { $0.1.map(\.sequence.rawValue) }
        }
        func want(_ sequence: UInt64, at time: UInt64) {
            fetcher.want(
                Fixture.batch(1, sequence).reference, of: holders, at: Fixture.at(time))
        }
        want(1, at: 1_000)
        #expect(ask(at: 1_000) == [1])
        want(2, at: 1_090)
        #expect(ask(at: 1_090) == [2])
        want(3, at: 1_095)
        #expect(ask(at: 1_099) == [], "it owes as many as it may")
        // What it was asked for first is due: it is given up on, and asked for the next.
        #expect(ask(at: 1_100) == [3])
    }

    @Test(
        "A batch that was wanted twice, the second time by voters, is wanted no more once it came")
    func wantedTwice() {
        var fetcher = FetchTests.fetcher()
        let batch = Fixture.batch(2, 5).reference
        func isWanted() -> Bool {
            fetcher.isWanted(author: batch.author, sequence: batch.sequence)
        }
        #expect(!isWanted())
        fetcher.want(batch, of: FetchTests.proposer(3), at: Fixture.at(1))
        fetcher.want(batch, of: FetchTests.voters([1], of: 4, proposer: 3), at: Fixture.at(2))
        #expect(isWanted() && fetcher.isWanted(batch))
        fetcher.found(batch, from: ValidatorIndex(1), at: Fixture.at(3))
        #expect(!isWanted() && !fetcher.isWanted(batch))
    }
}
