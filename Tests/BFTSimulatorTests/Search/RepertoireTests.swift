import BFTBase
import BFTCore
import ProtocolPBFT
import Testing

@testable import BFTSimulator

/// What the validators of one run that say anything do at all.
@Suite struct RepertoireTests {
    private static let drawn = (UInt64(0)..<600).map { Repertoire(seed: $0) }

    @Test("Each way to be malicious is there in some runs, and others do without it")
    func devices() {
        for device in Repertoire.Device.allCases {
            #expect((200..<500).contains(Self.drawn.count { $0.has(device) }), "\(device)")
        }
    }

    @Test("A third of all runs keeps nothing from others, and a third whatever it can")
    func reserve() {
        let reserve = Repertoire.Device.allCases.filter(\.isReserve)
        let open = Self.drawn.count { run in !reserve.contains { run.has($0) } }
        let closed = Self.drawn.count { run in reserve.allSatisfy { run.has($0) } }
        #expect((150..<250).contains(open) && (150..<250).contains(closed))
    }

    /// Whether any of some moods and tempers of `run` shows each device.
    private static func shown(by run: Repertoire) -> [Repertoire.Device: Bool] {
        var random = SplitMix64(seed: 1)
        let tempers = (0..<200).map { _ in Temper(from: &random, run) }
        let moods = (0..<200).map { _ in
            Mood(from: &random, validatorCount: 4, secluded: 0, kinds: [], run)
        }.filter { !$0.isEclipse }
        func isPassed(_ filter: Temper.Filter) -> Bool {
            if case .pass = filter { true } else { false }
        }
        return [
            .secrets: moods.contains { $0.secrecy > 0 },
            .hoarding: moods.contains(where: \.isHoarding),
            .leavingOut: moods.contains { $0.leftOut != 0 },
            .openEnds: moods.contains(where: \.isNoncommittal),
            .unsaid: moods.contains { $0.unsaid != nil },
            .silence: moods.contains(where: \.isSilent),
            .filters: tempers.contains { !$0.filters.dropFirst().allSatisfy(isPassed) },
            .inventing: tempers.contains { $0.eloquence > 0 || $0.reticence < .max },
            .seconding: tempers.contains { $0.deference < .max },
            .histories: tempers.contains(where: \.isInventingHistory),
        ]
    }

    @Test("Who is cut off hears of one kind of votes only, or of all but one")
    func diets() throws {
        let run = try #require(Self.drawn.first { $0.has(.diets) })
        var random = SplitMix64(seed: 1)
        let fed = (0..<200).map { _ in
            Mood(
                from: &random, validatorCount: 4, secluded: 0b10, kinds: [.commit, .checkpoint],
                run)
        }.filter { $0.diet != nil }
        let kinds: [VoteKind] = [.prepare, .commit, .checkpoint]
        let heard = fed.map { mood in
            kinds.filter { !mood.isWithheld($0, from: ValidatorIndex(1)) }
        }
        #expect(
            Set(heard) == [
                [.commit], [.checkpoint], [.prepare, .checkpoint], [.prepare, .commit],
            ])
        #expect(
            fed.allSatisfy { mood in
                !kinds.contains { mood.isWithheld($0, from: ValidatorIndex(0)) }
            })
    }

    @Test("Moods and tempers have what the run has, and nothing else")
    func draws() {
        for run in Self.drawn.prefix(60) {
            for (device, isShown) in Self.shown(by: run) {
                #expect(isShown == run.has(device), "\(device)")
            }
        }
        var random = SplitMix64(seed: 1)
        for run in Self.drawn.prefix(60) {
            let moods = (0..<50).map { _ in
                Mood(from: &random, validatorCount: 4, secluded: 1, kinds: [.commit], run)
            }
            #expect(moods.contains(where: \.isEclipse) == run.has(.eclipses))
            #expect(moods.contains { $0.diet != nil } == run.has(.diets))
            // Who is to hear of one kind is told something.
            #expect(moods.allSatisfy { $0.diet == nil || $0.leftOut & 1 == 0 })
        }
    }
}
