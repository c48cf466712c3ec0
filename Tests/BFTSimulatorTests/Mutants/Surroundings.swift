import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex

/// The world in which a bug is to show. The same for the mutant and for the product.
struct Surroundings: Sendable, CustomStringConvertible {
    var powers: [VotingPower] = [1, 1, 1, 1]
    var plan = FaultPlan()
    /// The malicious validators, by name.
    var adversaries: [Int: String] = [:]

    /// An ordinary network, with faults for two seconds.
    static func faulty(_ change: (inout FaultPlan) -> Void) -> Surroundings {
        var surroundings = Surroundings()
        surroundings.plan.healAt = Instant(nanoseconds: 2_000_000_000)
        change(&surroundings.plan)
        return surroundings
    }

    func with(_ adversary: String, at position: Int = 0) -> Surroundings {
        var changed = self
        changed.adversaries[position] = adversary
        return changed
    }

    /// With so many validators of equal power.
    func of(_ count: Int) -> Surroundings { with(powers: Array(repeating: 1, count: count)) }

    func with(powers: [VotingPower]) -> Surroundings {
        var changed = self
        changed.powers = powers
        return changed
    }

    var description: String {
        let malicious = adversaries.sorted { $0.key < $1.key }.map { "v\($0.key): \($0.value)" }
        let network = powers.allSatisfy { $0 == 1 } ? "n = \(powers.count)" : "powers \(powers)"
        return ([network, plan.description] + malicious).joined(separator: "; ")
    }

    func world<P: Attackable>(
        _ protocolType: P.Type, seed: UInt64, mistakes: HostMistakes<P> = HostMistakes(),
        oracles: OracleSelection = .all
    ) throws -> World<P> {
        try World<P>(
            powers: powers, seed: seed, plan: plan,
            adversaries: adversaries.mapValues { Self.adversary(named: $0) },
            mistakes: mistakes, oracles: oracles)
    }

    private static func adversary<P: Attackable>(named name: String) -> any Adversary<P> {
        switch name {
        case "silent": SilentPeer<P>()
        case "wrong-state": WrongStateLeader<P>()
        default:
            if let entry = AdversaryCatalogue<P>.named(name) {
                entry.make()
            } else if let own = ownAdversary(P.self, named: name) {
                own
            } else {
                preconditionFailure("no adversary \(name)")
            }
        }
    }

    private static func ownAdversary<P: Attackable>(
        _ attacked: P.Type, named name: String
    ) -> (any Adversary<P>)? {
        func make<Own: HasOwnAdversaries>(_ attacked: Own.Type) -> (any Adversary<P>)? {
            Own.ownAdversary(named: name) as? any Adversary<P>
        }
        return (attacked as? any HasOwnAdversaries.Type).flatMap { make($0) }
    }

    // MARK: Common ones

    static let calm = faulty { _ in }

    /// Delays about as long as timeouts, so that views end in every way there is.
    static let ragged = faulty {
        $0.delayMicroseconds = 100...90_000
        $0.stragglerPerMille = 60
        $0.lossPerMille = 100
    }

    static let split = faulty {
        $0.hasPartitions = true
        $0.delayMicroseconds = 100...30_000
    }

    static let cuts = faulty {
        $0.powerCutsPer100k = 2_000
        $0.hasMassPowerCut = true
        $0.delayMicroseconds = 100...30_000
    }

    /// Logs are cut short all the time, while executions are slow and power goes off.
    static let truncations = faulty {
        $0.powerCutsPer100k = 2_000
        $0.executionMicroseconds = 10_000...60_000
        $0.truncationMilliseconds = 5...20
        $0.submitPauseMilliseconds = 2...20
    }

    /// Syncs fail, and what a node then still has in hand is known to it alone.
    static let failingDisks = faulty {
        $0[.failedSync] = Schedule(every: 50...200, lasting: 10...20)
        $0.submitPauseMilliseconds = 2...20
    }

    /// A node starts with a log that was cut and no chain, again and again.
    static let losingChains = faulty {
        $0[.lostChain] = Schedule(every: 60...300, lasting: 10...20)
        $0.truncationMilliseconds = 5...20
        $0.submitPauseMilliseconds = 2...20
        $0.hasPartitions = true
    }

    /// A message and its answer take longer than a leader is first given.
    static let slow = faulty { $0.delayMicroseconds = 110_000...130_000 }

    static let echoing = faulty { $0.duplicationPerMille = 300 }

    static let busy = faulty { $0.submitPauseMilliseconds = 2...20 }

    static let lossy = faulty { $0.lossPerMille = 300 }
}

/// A protocol with adversaries that no other protocol has.
protocol HasOwnAdversaries: Attackable {
    static func ownAdversary(named name: String) -> (any Adversary<Self>)?
}

/// Says nothing at all.
struct SilentPeer<P: Attackable>: Adversary {
    mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] { [] }

    mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] { [] }
}

/// Proposes blocks that vouch for a state that nobody computed. Of Simplex only.
struct WrongStateLeader<P: Attackable>: Adversary {
    mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .proposal(let block, let said) = unsigned as? SimplexUnsigned,
            let other = lie(block, said) as? P.Unsigned
        else { return [Dispatch(unsigned, to: vantage.peers)] }
        return [Dispatch(other, to: vantage.peers)]
    }

    private func lie(_ block: Block, _ said: Statement) -> SimplexUnsigned {
        let other = Block(
            epoch: block.epoch, view: block.view, height: block.height, parents: block.parents,
            proposer: block.proposer, time: block.time,
            applied: AppliedState(height: block.applied.height, root: Digest(1, 2, 3, 4)),
            payload: block.payload)
        return .proposal(
            other,
            Statement(
                chain: said.chain, epoch: said.epoch, kind: said.kind, view: said.view,
                height: said.height, block: other.digest))
    }
}
