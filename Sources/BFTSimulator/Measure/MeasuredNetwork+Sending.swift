import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// Signatures of the right size. They hold because nobody looks, unless somebody lies: then they
/// begin with those of a stand-in.
struct MeasuredSignatures: WorldSignatures {
    let standIn: StandInSignature?
    private let blank: [UInt8]

    init(byteCount: Int, standIn: StandInSignature?) {
        self.standIn = standIn
        blank = Array(repeating: 0, count: byteCount)
    }

    func sign(_ bytes: [UInt8], as signer: ValidatorIndex) -> [UInt8] {
        guard let standIn else { return blank }
        let signature = standIn.sign(bytes, as: signer)
        return signature + blank.dropFirst(signature.count)
    }

    func holds(_ claim: SignatureClaim) -> Bool {
        standIn == nil || sign(claim.statement, as: claim.signer) == claim.signature
    }
}

// What is sent: by honest replicas as they ask for it, by malicious ones as it suits them.
extension MeasuredNetwork {
    func peers(of position: Int) -> [ValidatorIndex] {
        validators.indices.filter { $0.rawValue != position }
    }

    mutating func publish(
        _ unsigned: P.Unsigned, _ message: ReplicaMessage<P>, from position: Int
    ) {
        guard isLying(position) else {
            return post(
                Letter(message), from: position, to: unsigned.recipients(among: peers(of: position))
            )
        }
        ask(position) { adversary, vantage in adversary.instead(of: unsigned, &vantage) }
    }

    mutating func send(
        _ message: ReplicaMessage<P>, from position: Int, to targets: [ValidatorIndex]
    ) {
        guard isLying(position) else { return post(Letter(message), from: position, to: targets) }
        for target in targets {
            ask(position) { adversary, vantage in
                adversary.instead(of: message, to: target, &vantage)
            }
        }
    }

    mutating func sign(_ request: SigningRequest<P>, at position: Int) -> [UInt8] {
        sign(signatures.standIn == nil ? [] : request.bytes, at: position)
    }

    private mutating func sign(_ bytes: [UInt8], at position: Int) -> [UInt8] {
        run.signedCount += 1
        run.loads[position].signedCount += 1
        return signatures.sign(bytes, as: ValidatorIndex(position))
    }

    // MARK: Work

    func nextBatch(of position: Int) -> Batch {
        var builder = BatchBuilder()
        let bytes = Array(repeating: UInt8(0), count: measurement.batchByteCount)
        builder.append(upTo: bytes.count) { $0.append(contentsOf: bytes) }
        return builder.seal(
            author: ValidatorIndex(position), sequence: hosts[position].replica.nextOwnSequence)
    }

    mutating func sendBlocks(_ request: SyncRequest, to peer: ValidatorIndex, of position: Int) {
        let executed = Int(hosts[position].replica.executedHeight.rawValue)
        guard let answer = ExecutedBlocks(blocks: blocks[..<executed]).answer(request) else {
            return
        }
        send(.ledger(answer), from: position, to: [peer])
    }

    // MARK: Malicious validators

    /// Whether `position` does as it likes: from when the counting begins.
    private func isLying(_ position: Int) -> Bool {
        isCounting && isUp[position] && adversaries[position] != nil
    }

    private func vantage(of position: Int) -> Vantage<P> {
        Vantage(
            configuration: configuration(of: position), limits: LedgerLimits(), now: now,
            wallTime: wallTime, replica: hosts[position].replica, genesis: genesis, random: random,
            coalition: coalition, signatures: signatures)
    }

    private mutating func ask(
        _ position: Int,
        _ question: (inout any Adversary<P>, inout Vantage<P>) -> [Dispatch<P>]
    ) {
        guard var adversary = adversaries[position] else { return }
        var vantage = vantage(of: position)
        let dispatches = question(&adversary, &vantage)
        adversaries[position] = adversary
        random = vantage.random
        coalition = vantage.coalition
        for dispatch in dispatches {
            guard let letter = letter(dispatch.content, by: position) else { continue }
            post(letter, from: position, to: dispatch.targets)
        }
    }

    /// What goes onto the wire. Bytes that are no message end there.
    private mutating func letter(_ content: Dispatch<P>.Content, by position: Int) -> Letter? {
        switch content {
        case .unsigned(let unsigned):
            Letter(
                .consensus(
                    unsigned.signed(
                        by: ValidatorIndex(position), sign(unsigned.signingBytes, at: position))))
        case .message(let message): Letter(message)
        case .bytes(let bytes): (try? ReplicaMessage<P>(decoding: bytes)).map { Letter($0) }
        }
    }

    /// Lets the adversary at `position` hear `letter`, if there is one. Says whether the replica
    /// there hears it, too.
    mutating func hear(_ letter: Letter, from sender: Int, at position: Int) -> Bool {
        guard isLying(position) else { return true }
        let sender = ValidatorIndex(sender)
        coalition.hear(letter.message)
        ask(position) { adversary, vantage in
            adversary.hear(letter.message, from: sender, &vantage)
        }
        return adversaries[position]?.passesOn(
            letter.message, from: sender, vantage(of: position)) ?? true
    }

    mutating func speak(_ position: Int) {
        guard isLying(position) else { return }
        ask(position) { adversary, vantage in adversary.speak(&vantage) }
    }
}
