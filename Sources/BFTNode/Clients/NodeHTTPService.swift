import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTServer
import BFTSockets
import BFTWire

/// What the node does for HTTP clients.
struct NodeHTTPService<P: ConsensusProtocol, App: Application>: HTTPService {
    typealias Core = NodeCore<P, ThreadedParts<App>>

    let core: LoopBound<Core>
    let loop: EventLoop
    let shared: SharedReports
    let settings: NodeSettings
    let keys: ValidatorKeys
    let registry: MetricsRegistry
    let startedAt: Instant

    init(
        core: LoopBound<Core>, loop: EventLoop, shared: SharedReports,
        settings: NodeSettings, keys: ValidatorKeys, metrics: MetricsRegistry
    ) {
        self.core = core
        self.loop = loop
        self.shared = shared
        self.settings = settings
        self.keys = keys
        registry = metrics
        startedAt = loop.now
    }

    func health() -> HealthReport { HealthReport(trouble: shared.current.trouble) }

    func status() -> StatusReport {
        var status = shared.current.status
        status.uptime = loop.now.since(startedAt)
        return status
    }

    func metrics() -> [UInt8] { registry.render() }

    func validators() -> ValidatorsReport {
        ValidatorsReport(
            epoch: .zero, totalPower: settings.validators.total,
            validators: settings.validators.indices.map { index in
                ValidatorsReport.Validator(
                    index: index, power: settings.validators.power(of: index) ?? 0,
                    publicKey: keys[index]?.publicKey.bytes ?? [])
            })
    }

    func submit(_ transaction: [UInt8], _ exchange: HTTPExchange) {
        post(exchange) { core in
            core.submit(transaction) { result in
                switch result {
                case .success(let receipt):
                    exchange.respond(
                        TransactionReport(
                            height: receipt.height, position: receipt.position,
                            result: receipt.result,
                            certificate: CertificateReport(receipt.certificate)))
                case .failure(let error): exchange.fail(.unavailable("\(error)"))
                }
            }
        }
    }

    func state(_ key: [UInt8], _ exchange: HTTPExchange) {
        let request = CommandList.encode([[Array("GET".utf8), key]])
        post(exchange) { core in
            core.query(request) { result in
                switch result {
                case .success(let answer):
                    exchange.respond(
                        StateReport(
                            key: key, value: answer.value, height: answer.height,
                            stateRoot: answer.stateRoot))
                case .failure(let error): exchange.fail(.unavailable("\(error)"))
                }
            }
        }
    }

    func block(_ height: Height, _ exchange: HTTPExchange) {
        post(exchange) { core in
            core.readBlock(height) { result in
                switch result {
                case .success(let block?): exchange.respond(BlockReport(block))
                case .success(nil):
                    exchange.fail(.notFound("there is no block at height \(height) yet"))
                case .failure(let error): exchange.fail(.unavailable("\(error)"))
                }
            }
        }
    }

    private func post(
        _ exchange: HTTPExchange, _ body: @escaping @Sendable (Core) -> Void
    ) {
        let core = core
        let isPosted = loop.post { body(core.value) }
        if !isPosted { exchange.fail(.unavailable("\(RequestError.stopped)")) }
    }
}

extension CertificateReport {
    init(_ certificate: CommitCertificate) {
        self.init(
            view: certificate.statement.view, height: certificate.committed.height,
            block: certificate.committed.digest,
            signers: certificate.signers.positions.map { ValidatorIndex($0) },
            encoded: certificate.certificate.encoded)
    }
}

extension BlockReport {
    init(_ stored: StoredBlock) {
        let block = stored.block
        self.init(
            height: block.height, view: block.view, epoch: block.epoch, digest: block.digest,
            parent: block.parent, proposer: block.proposer, time: block.time,
            transactionCount: stored.transactionCount,
            batches: block.payload.map {
                Batch(author: $0.author, sequence: $0.sequence, digest: $0.digest)
            },
            certificate: CertificateReport(stored.certificate), encoded: block.encoded)
    }
}
