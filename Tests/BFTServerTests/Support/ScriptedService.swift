import BFTApplication
import BFTBase
import BFTServer
import Foundation
import Synchronization

/// A node that does what the key of a request says.
final class ScriptedService: HTTPService {
    let registry = MetricsRegistry()
    private let submitted = Mutex<[[UInt8]]>([])
    private let held = Mutex<[HTTPExchange]>([])
    private let trouble = Mutex<String?>(nil)

    var transactions: [[UInt8]] { submitted.withLock { $0 } }
    var heldCount: Int { held.withLock { $0.count } }
    func suffer(_ reason: String) { trouble.withLock { $0 = reason } }

    /// Answers all requests that are held, and returns how many took it.
    func release() -> Int {
        let exchanges = held.withLock { held in
            defer { held = [] }
            return held
        }
        return exchanges.count { $0.respond(TransactionReport.sample) }
    }

    func health() -> HealthReport { HealthReport(trouble: trouble.withLock { $0 }) }
    func status() -> StatusReport { .sample }
    func metrics() -> [UInt8] { registry.render() }

    func validators() -> ValidatorsReport {
        ValidatorsReport(
            epoch: Epoch(1), totalPower: 4,
            validators: [.init(index: ValidatorIndex(0), power: 4, publicKey: [0xFF, 0, 1])])
    }

    func submit(_ transaction: [UInt8], _ exchange: HTTPExchange) {
        submitted.withLock { $0.append(transaction) }
        DispatchQueue.global().async { exchange.respond(TransactionReport.sample) }
    }

    func state(_ key: [UInt8], _ exchange: HTTPExchange) {
        switch String(decoding: key, as: UTF8.self) {
        case "hold": held.withLock { $0.append(exchange) }
        case "busy": exchange.fail(.unavailable("the queue is full", retryAfterSeconds: 3))
        case "none": respond(key, reply { $0.null() }, exchange)
        case "large":
            let bytes = Array(repeating: UInt8(ascii: "x"), count: 900_000)
            respond(key, reply { $0.value(bytes.span.bytes) }, exchange)
        case "later":
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(30)) {
                self.respond(key, reply { $0.value(Array("later".utf8).span.bytes) }, exchange)
            }
        default:
            let map = reply {
                $0.map(1)
                $0.status("n")
                $0.list(2)
                $0.integer(1)
                $0.null()
            }
            respond(key, map, exchange)
        }
    }

    private func respond(_ key: [UInt8], _ value: [UInt8], _ exchange: HTTPExchange) {
        exchange.respond(
            StateReport(
                key: key, value: value, height: Height(40),
                stateRoot: Digest(1, 2, 3, 4)))
    }

    func block(_ height: Height, _ exchange: HTTPExchange) {
        guard height <= Height(41) else {
            exchange.fail(.notFound("there is no block at height \(height) yet"))
            return
        }
        exchange.respond(
            BlockReport(
                height: height, view: View(9), epoch: Epoch(1), digest: Digest(5, 0, 0, 0),
                parent: .zero, proposer: ValidatorIndex(1), time: Timestamp(milliseconds: 7),
                transactionCount: 2,
                batches: [
                    .init(
                        author: ValidatorIndex(2), sequence: BatchSequence(3),
                        digest: Digest(6, 0, 0, 0))
                ],
                certificate: .sample, encoded: [4, 5, 6]))
    }
}

extension CertificateReport {
    static let sample = CertificateReport(
        view: View(9), height: Height(8), block: Digest(5, 0, 0, 0),
        signers: [0, 1, 3].map { ValidatorIndex($0) }, encoded: [1, 2, 3])
}

extension TransactionReport {
    static let sample = TransactionReport(
        height: Height(8), position: 1, result: reply { $0.ok() }, certificate: .sample)
}
