import BFTBase
import BFTCore
import BFTLedger

/// What is new in a run, told without a look into the code: what a message carried, seen from where
/// the replica stood, together with all that the replica did about it.
///
/// A rule that lets through what it should not shows as a pair that was not seen before: what was
/// refused is answered.
struct Coverage<P: Attackable>: Probe {
    private(set) var features: [Feature] = []
    private var seen: Set<UInt32> = []
    private let malicious: Set<ValidatorIndex>
    /// Leaps to a later view, and leaps by a malicious validator's answer.
    private var leapCounts: [UInt32] = [0, 0]
    /// Of all that anybody committed.
    private var highest = Height.zero

    init(malicious: Set<ValidatorIndex>) { self.malicious = malicious }

    mutating func note(
        _ input: ReplicaInput<P>, _ effects: [ReplicaEffect<P>], before: P?, after: P?,
        at moment: Moment
    ) {
        guard let before, let after else { return }
        var deed = Mix()
        deed.add(after.view > before.view ? 1 : 0)
        deed.add(after.committed.height > before.committed.height ? 1 : 0)
        deed.add(Self.summary(of: effects))
        var cause = deed
        add(input, seenFrom: before, to: &cause)
        note(cause, moment)
        // The same deeds, by where the replica stood, whatever was said to it.
        deed.add(Self.distance(before.view, before.committed.view))
        deed.add(
            Self.distance(
                View(before.commitVoteHeight.rawValue), View(before.committed.height.rawValue)))
        deed.add(UInt64(min(before.keptViewCount, 6)))
        if case .received(let message, _) = input, case .consensus(let part) = message.value {
            deed.add(UInt64(part.variety))
        }
        note(deed, moment)
        noteLeap(input, before, after, moment)
    }

    /// Notes that somebody was behind and is not any more, unless it came about step by step.
    private mutating func noteLeap(
        _ input: ReplicaInput<P>, _ before: P, _ after: P, _ moment: Moment
    ) {
        defer { highest = max(highest, after.committed.height) }
        var (isLed, isAnswer, kind) = (false, false, UInt64(0))
        if case .received(let message, let sender) = input {
            isLed = malicious.contains(sender)
            if case .ledger(let part) = message.value {
                isAnswer = true
                if case .syncResponse(let run) = part {
                    kind = UInt64(run.certificate.statement.kind.rawValue)
                }
            }
        }
        let isAhead =
            after.view > before.view.next
            && after.view.rawValue >= after.committed.view.rawValue + Self.leapLength
        // What the malicious answer to who catches up is theirs to choose.
        let isTold = isLed && isAnswer && after.committed.height > before.committed.height
        guard isAhead || isTold else { return }
        var leap = Mix()
        leap.add(Self.distance(after.view, before.view))
        leap.add(Self.distance(after.view, after.committed.view))
        leap.add(isTold ? 1 : 0)
        leap.add(isTold ? kind : 0)
        leap.add(malicious.contains(after.leader(of: after.view)) ? 1 : 0)
        // The first few of a run, even if they are alike: each is at a moment of its own.
        leapCounts[isTold ? 1 : 0] += 1
        let count = min(leapCounts[isTold ? 1 : 0], Self.leapLimit)
        let isLast = isTold && after.committed.height >= highest
        note(Feature.word(ofLeap: leap.word, count, isLed: isLed, isLast: isLast), moment)
    }

    private static var leapLimit: UInt32 { 8 }

    /// How many views from the last committed one a leap ends at least.
    private static var leapLength: UInt64 { 3 }

    private mutating func note(_ mix: Mix, _ moment: Moment) {
        note(mix.word & ~Feature.marks, moment)
    }

    private mutating func note(_ word: UInt32, _ moment: Moment) {
        guard seen.insert(word).inserted else { return }
        features.append(Feature(word, at: moment))
    }

    private func add(_ input: ReplicaInput<P>, seenFrom replica: P, to mix: inout Mix) {
        switch input {
        case .started: mix.add(1)
        case .received(let message, _):
            switch message.value {
            case .consensus(let part): Self.add(part, seenFrom: replica, to: &mix)
            case .ledger(let part): Self.add(part, seenFrom: replica, to: &mix)
            }
        case .connected: mix.add(2)
        case .disconnected: mix.add(10)
        case .timerFired: mix.add(3)
        case .sealed, .stored, .batchSigned: mix.add(4)
        case .authorshipChecked(_, let isGenuine): mix.add(isGenuine ? 8 : 9)
        case .executed: mix.add(5)
        case .applicationJudged: mix.add(6)
        case .read: mix.add(7)
        }
    }

    private static func add(_ message: P.Message, seenFrom replica: P, to mix: inout Mix) {
        mix.add(16 + UInt64(message.variety))
        let view = P.view(of: message)
        if let view { mix.add(distance(view, replica.view)) }
        var parts = Arsenal<P.Message.Special>()
        message.takeApart(into: &parts)
        for certificate in parts.certificates.items.prefix(3) {
            let said = certificate.statement
            mix.add(UInt64(said.kind.rawValue))
            mix.add(distance(said.view, view ?? replica.view))
            mix.add(said.committed?.digest == replica.committed.digest ? 1 : 0)
        }
        for special in parts.specials.items.prefix(3) {
            mix.add(P.Message.view(of: special).map { distance($0, view ?? replica.view) } ?? 99)
        }
    }

    private static func add(_ message: LedgerMessage, seenFrom replica: P, to mix: inout Mix) {
        guard case .syncResponse(let run) = message else { return mix.add(8) }
        mix.add(9)
        mix.add(UInt64(run.certificate.statement.kind.rawValue))
        mix.add(run.blocks.first?.height == replica.committed.height.next ? 1 : 0)
        mix.add(UInt64(min(4, run.blocks.count)))
    }

    /// How far `view` is from `other`, in few steps.
    private static func distance(_ view: View, _ other: View) -> UInt64 {
        let isBehind = view < other
        let count =
            isBehind ? other.rawValue - view.rawValue : view.rawValue - other.rawValue
        return (isBehind ? 16 : 0) + (count < 4 ? count : count < 9 ? 4 : 5)
    }

    /// Which sorts of effects there were, each once.
    private static func summary(of effects: [ReplicaEffect<P>]) -> UInt64 {
        var summary: UInt64 = 0
        for effect in effects {
            switch effect {
            case .persist: summary |= 1
            case .store: summary |= 1 << 1
            case .sign(let unsigned):
                let signed = unsigned.signed(by: ValidatorIndex(0), [])
                summary |= 1 << (24 + UInt64(signed.variety))
            case .send: summary |= 1 << 2
            case .broadcast: summary |= 1 << 3
            case .setTimer, .signBatch, .checkAuthorship: break
            case .execute: summary |= 1 << 4
            case .readBlocks: summary |= 1 << 5
            case .readBatches: summary |= 1 << 6
            case .readReady: summary |= 1 << 7
            case .askApplication: break
            case .accuse: summary |= 1 << 8
            case .diverged: summary |= 1 << 9
            case .displaced: summary |= 1 << 10
            case .rejected(let rejection): summary |= 1 << (40 + label(rejection))
            case .rejectedLedger: summary |= 1 << 11
            case .committed: summary |= 1 << 12
            }
        }
        return summary
    }

    private static func label(_ rejection: Rejection) -> UInt64 {
        switch rejection {
        case .unknownSender: 0
        case .otherChain: 1
        case .otherEpoch: 2
        case .unknownVoter: 3
        case .notLeader: 4
        case .proposalMismatch: 5
        case .malformedBlock: 6
        case .weakCertificate: 7
        case .unjustified: 8
        case .beyondWindow: 9
        case .otherKind: 10
        case .unexpectedBlock: 11
        case .unjustifiedView: 12
        }
    }
}

/// Many small numbers in one word.
private struct Mix {
    private var state: UInt64 = 0x51_7C_C1_B7_27_22_0A_95

    mutating func add(_ number: UInt64) {
        state = (state ^ number) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
    }

    var word: UInt32 { UInt32(truncatingIfNeeded: state >> 16) }
}
