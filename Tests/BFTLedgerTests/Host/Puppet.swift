@_spi(Verification) import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex

@testable import BFTLedger

/// A protocol that asks its host for whatever the message says that it receives.
struct Puppet: ConsensusProtocol {
    enum Step: Equatable, Sendable {
        case persist(Note)
        /// For all, or for one validator.
        case sign(UInt8, to: Int?)
        case broadcast(UInt8)
        /// In milliseconds.
        case timer(UInt64)
        case commit(CommittedRun)
    }

    /// What a message says to do. What is sent says nothing and has a number.
    struct Message: Equatable, Sendable, Authenticated, WireCodable {
        var steps: [Step] = []
        var number: UInt8 = 0
        var signature: [UInt8] = []

        var claims: [SignatureClaim] { [] }
        func encode(into writer: inout Writer) { writer.uint8(number) }

        @_lifetime(reader: copy reader)
        init(from reader: inout Reader) throws(WireError) { number = try reader.uint8() }

        init(_ steps: [Step] = [], number: UInt8 = 0, signature: [UInt8] = []) {
            self.steps = steps
            self.number = number
            self.signature = signature
        }
    }

    struct Unsigned: Signable {
        let number: UInt8
        let recipient: ValidatorIndex?

        var signingBytes: [UInt8] { [number] }
        func signed(by signer: ValidatorIndex, _ signature: [UInt8]) -> Message {
            Message(number: number, signature: signature)
        }
    }

    /// A record of so many bytes that all have one value.
    struct Note: Equatable, Sendable, WireCodable {
        let number: UInt8
        let byteCount: Int

        init(_ number: UInt8, byteCount: Int = 1) {
            self.number = number
            self.byteCount = byteCount
        }

        func encode(into writer: inout Writer) {
            for _ in 0..<byteCount { writer.uint8(number) }
        }

        @_lifetime(reader: copy reader)
        init(from reader: inout Reader) throws(WireError) {
            byteCount = reader.remaining
            number = try reader.copy(byteCount: reader.remaining)[0]
        }
    }

    static let commitKinds = Simplex.commitKinds

    private(set) var committed: Block
    /// Every record, also those that it is to forget.
    private(set) var liveRecords: [Note] = []
    /// The numbers of the own messages that it was given back.
    private(set) var heard: [UInt8] = []
    private let own: ValidatorIndex

    init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [Note]
    ) {
        own = configuration.own
        committed = root
        liveRecords = recovered
    }

    mutating func handle(_ input: Input<Self>, at now: Instant, into effects: inout [Effect<Self>])
    {
        guard case .received(let message, let sender) = input else { return }
        if sender == own { heard.append(message.value.number) }
        for step in message.value.steps {
            switch step {
            case .persist(let note):
                liveRecords.append(note)
                effects.append(.persist(note))
            case .sign(let number, let peer):
                effects.append(
                    .sign(
                        Unsigned(number: number, recipient: peer.map { ValidatorIndex($0) })))
            case .timer(let time): effects.append(.setTimer(Fixture.at(time)))
            case .broadcast(let number): effects.append(.broadcast(Message(number: number)))
            case .commit(let run):
                committed = run.last
                effects.append(.commit(run))
            }
        }
    }

    func isUseful(_ message: Message) -> Bool { true }

    static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> Message {
        Message()
    }

    var view: View { .zero }
    func leader(of view: View) -> ValidatorIndex { ValidatorIndex(1) }
    var commitVoteHeight: Height { .zero }
}
