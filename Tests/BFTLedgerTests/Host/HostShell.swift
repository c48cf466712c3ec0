@_spi(Verification) import BFTBase
import BFTCore
import BFTWire

@testable import BFTLedger

/// A host with a log that says nothing until it is asked to, and keys that sign when they are told.
struct HostShell {
    var host: ReplicaHost<Puppet>
    /// What came out, in its order, as words; what a log was given is noted as well.
    private(set) var words: [String] = []
    /// The positions of what the log was given: each record takes ten.
    private(set) var log: [HostRecord<Puppet>] = []
    private(set) var requests: [SigningRequest<Puppet>] = []
    private(set) var places: [[LogPosition?]] = []
    /// The last that was set.
    private(set) var timer: Instant?
    /// How many records the log takes before it is full.
    var logRoom = Int.max

    init(
        settings: HostSettings = HostSettings(), places: [PlacedBatch] = [],
        recovered: [ReplicaRecord<Puppet>] = []
    ) {
        host = ReplicaHost(
            Replica(
                configuration: Fixture.ledger().configuration, limits: LedgerLimits(),
                state: .genesis(Fixture.genesis, validatorCount: 4), recovered: recovered),
            places: places, settings: settings)
    }

    static func position(_ number: Int) -> LogPosition { LogPosition(UInt64(10 * number)) }

    // MARK: What happens

    mutating func give(_ input: ReplicaInput<Puppet>) {
        host.handle(input, at: Fixture.at(1), wallTime: Timestamp(milliseconds: 1))
    }

    mutating func tell(_ steps: Puppet.Step...) {
        give(.received(Verified(.consensus(Puppet.Message(steps))), from: ValidatorIndex(2)))
    }

    /// A batch comes from its author.
    mutating func take(_ batch: Batch) {
        give(.received(Verified(.ledger(.batch(Fixture.signed(batch)))), from: batch.author))
    }

    mutating func commit(_ batches: [Batch], on parent: Block = Fixture.genesis) -> Block {
        let block = Fixture.block(on: parent, payload: batches)
        tell(.commit(Fixture.run([block])))
        return block
    }

    /// The log is durable up to the record of this number, from 1.
    mutating func durable(_ number: Int) { host.durable(upTo: Self.position(number)) }

    mutating func executed(_ height: UInt64) {
        give(.executed(Height(height), stateRoot: .zero))
    }

    /// Signs what waits for that, the last first.
    mutating func signAll() {
        while let request = requests.popLast() { host.signed(request.ticket, request.bytes) }
    }

    // MARK: What comes out

    /// Does what the host says until there is no more, and returns what that was.
    @discardableResult
    mutating func run() -> [String] {
        let start = words.count
        while let output = host.next() { perform(output) }
        return Array(words[start...])
    }

    /// The same, without what is about signatures to be made and timers.
    mutating func said() -> [String] {
        run().filter { !$0.hasPrefix("sign ") && !$0.hasPrefix("check") && $0 != "timer" }
    }

    mutating func perform(_ output: HostOutput<Puppet>) {
        switch output {
        case .append(let record):
            guard log.count < logRoom else {
                words.append("full")
                return host.logIsFull()
            }
            log.append(record)
            let byteCount = record.parts.reduce(0) { $0 + $1.count }
            host.appended(at: Self.position(log.count), byteCount: byteCount)
            words.append("append \(log.count)" + (record.isUrgent ? "!" : ""))
        case .flush: words.append("flush")
        case .sign(let request):
            requests.append(request)
            words.append("sign \(request.bytes.count == 1 ? "\(request.bytes[0])" : "batch")")
        case .checkAuthorship(let vote): words.append("check \(vote.voter)")
        case .publish(let unsigned, .consensus(let message)):
            words.append("publish \(unsigned.number) \(message.signature)")
        case .give(let input):
            words.append(Self.word(input))
            give(input)
        case .broadcast(.consensus(let message)): words.append("broadcast \(message.number)")
        case .broadcast(.ledger(.batch(let copy))): words.append("batch \(copy.batch.sequence)")
        case .execute(let block, let places):
            words.append("execute \(block.block.height)")
            self.places.append(places)
        case .setTimer(let instant):
            words.append("timer")
            timer = instant
        case .syncStore: words.append("sync store")
        case .truncate(let position): words.append("truncate \(position.rawValue / 10)")
        case .committed: break
        default: words.append("\(output)")
        }
    }

    private static func word(_ input: ReplicaInput<Puppet>) -> String {
        switch input {
        case .started: "started"
        case .stored(let reference): "stored \(reference.sequence)"
        case .batchSigned(let reference, _): "signed \(reference.sequence)"
        case .received(let message, let sender):
            switch message.value {
            case .consensus(let part): "hear \(part.number) of \(sender)"
            case .ledger: "hear of \(sender)"
            }
        default: "\(input)"
        }
    }
}
