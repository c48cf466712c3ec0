public import BFTBase
import BFTCore

// The end of a run: what has to be done once everything that can go wrong is over.
extension World {
    /// Runs through the faults and on until everything that an honest replica had stored is
    /// executed at every honest replica, and every read is answered. It is a violation if that
    /// takes longer than `bound` from when clients stop. Then everything malicious falls silent, and
    /// what everybody honest is given once more has to be executed within `bound` as well.
    public mutating func runToRest(within bound: Interval) {
        run(until: submitUntil)
        run(until: submitUntil.advanced(by: bound), orWhen: \.isAtRest)
        guard violations.isEmpty else { return }
        restedAt = now
        for node in validators.indices {
            measure(node)
            observeHeldBack(node)
        }
        observe(.rested(unfinished: isAtRest ? nil : standstill))
        statistics[.undecidedHistories] += bench.undecidedCount
        guard violations.isEmpty, isAtRest else { return }
        outlive(within: bound)
    }

    private mutating func outlive(within bound: Interval) {
        let power = validators.indices.filter(isHonest).reduce(VotingPower(0)) {
            $0 + validators.powers[$1.rawValue]
        }
        // More liars than any protocol promises to outlive.
        guard validators.isQuorum(power) else { return }
        areMaliciousSilent = true
        var last: [BatchReference] = []
        for node in validators.indices where isHonest(node) {
            guard let batch = submitLast(at: node) else { continue }
            last.append(batch)
        }
        let isEnough: (Self) -> Bool = { world in
            world.isAtRest && last.allSatisfy(world.history.executedBatches.contains)
        }
        run(until: now.advanced(by: bound), orWhen: isEnough)
        guard violations.isEmpty else { return }
        observe(.outlived(unfinished: isEnough(self) ? nil : standstill))
    }

    private var standstill: String {
        let states = validators.indices.map { nodes[$0.rawValue].description }
        return "no rest: \(history.outstandingCount) batches wait at height \(history.height); "
            + states.joined(separator: "; ")
    }

    private var isAtRest: Bool {
        guard history.outstandingCount == 0 else { return false }
        return validators.indices.allSatisfy { node in
            !isHonest(node)
                || (nodes[node.rawValue].isUp
                    && history.executedCounts[node.rawValue] == history.height
                    && history.waitingReadCount(at: node) == 0)
        }
    }
}
