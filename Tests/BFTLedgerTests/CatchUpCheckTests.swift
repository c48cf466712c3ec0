import BFTBase
import BFTCore
import Foundation
import Testing

@testable import BFTLedger

/// Each check of answers to a replica that catches up is left out once.
@Suite struct CatchUpCheckTests {
    private typealias Scene = DescentTests

    private static let blocks = Fixture.chain(40)

    /// A ledger that has set out for the last of forty blocks, of which one answer holds ten.
    private static func ledger(
        skipping check: CatchUpCheck?, by signers: [Int] = [1, 2, 3]
    ) -> Ledger {
        var limits = LedgerLimits()
        limits.syncBlocks = 10
        limits.skippedCatchUpCheck = check
        var ledger = Fixture.ledger(limits: limits)
        ledger.tell(.fetch(Fixture.certificate(blocks[39], by: signers)))
        return ledger
    }

    private static func kept(certified: [Int] = [40]) -> KeptChain {
        KeptChain(blocks: blocks, certified: certified)
    }

    /// Whether the ledger does right in a scene that needs `check`.
    private static func isSound(
        _ check: CatchUpCheck, skipping skipped: CatchUpCheck?
    ) throws -> Bool {
        var ledger = ledger(skipping: skipped, by: check == .signers ? [0, 2, 3] : [1, 2, 3])
        let (request, peer) = try #require(Scene.request(of: &ledger, at: 1))
        switch check {
        case .invitation:
            let stranger = ValidatorIndex(peer.rawValue % 3 + 1)
            _ = Scene.give(
                .syncResponse(Fixture.said(Array(blocks[..<10]))), to: &ledger, from: stranger)
            return ledger.queue.tail == Fixture.genesis
        case .wholeTop:
            _ = Scene.give(Scene.top(of: kept(), 9), to: &ledger, from: peer)
            return ledger.catchUp.descent == nil
        case .wholeStep:
            _ = Scene.give(Scene.top(of: kept(), 10), to: &ledger, from: peer)
            let lowest = ledger.catchUp.descent?.lowest
            _ = Scene.request(of: &ledger, at: 2)
            _ = Scene.give(.syncAncestors([blocks[29]]), to: &ledger, from: peer)
            return lowest != nil && ledger.catchUp.descent?.lowest == lowest
        case .worth:
            let drop = Fixture.said([blocks[0]])
            _ = Scene.give(.syncResponse(drop), to: &ledger, from: peer)
            return try #require(Scene.request(of: &ledger, at: 2)).peer != peer
        case .signers: return peer == ValidatorIndex(2) && request == .from(Height(1))
        case .anybody:
            var ledger = Self.ledger(skipping: skipped, by: [0, 1, 3])
            _ = try Scene.run(&ledger, on: kept(), limit: 100) { $1.rawValue == 2 ? $0 : nil }
            return ledger.queue.tail == blocks[39]
        case .anew:
            _ = Scene.give(Scene.top(of: kept(), 10), to: &ledger, from: peer)
            // From here on everybody has but what has a certificate of its own.
            let others = kept(certified: Array(1...40))
            _ = try Scene.run(&ledger, on: others, limit: 100) { answer, _ in
                if case .syncAncestors = answer { nil } else { answer }
            }
            return ledger.queue.tail == blocks[39]
        }
    }

    @Test(
        "Each check of catching up is needed: a scene goes wrong without it",
        arguments: CatchUpCheck.allCases)
    func checks(check: CatchUpCheck) throws {
        #expect(try Self.isSound(check, skipping: nil))
        #expect(try !Self.isSound(check, skipping: check))
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        // For Scripts/mutants, which makes the table.
        print("check | CatchUpCheck | \(check) | its scene of `CatchUpCheckTests`")
    }
}
