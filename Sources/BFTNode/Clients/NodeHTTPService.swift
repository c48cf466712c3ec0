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
    let core: LoopBound<NodeCore<P, App>>
    let loop: EventLoop
    let shared: SharedReports
    let settings: NodeSettings
    let keys: ValidatorKeys
    let registry: MetricsRegistry
    let startedAt: Instant

    init(
        core: LoopBound<NodeCore<P, App>>, loop: EventLoop, shared: SharedReports,
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
        ask(exchange) { core, ticket in
            core.submit(ticket, upTo: transaction.count) { $0.append(contentsOf: transaction) }
        } answer: { receipt in
            exchange.respond(
                TransactionReport(
                    height: receipt.height, position: receipt.position, result: receipt.result,
                    certificate: receipt.certificate.map { CertificateReport($0) }))
        }
    }

    func state(_ key: [UInt8], _ exchange: HTTPExchange) {
        let request = CommandList.encode([[Array("GET".utf8), key]])
        ask(exchange) { core, ticket in
            core.read(ticket, isLocal: false) { $0.append(contentsOf: request) }
        } answer: { receipt in
            exchange.respond(
                StateReport(
                    key: key, value: receipt.result, height: receipt.height,
                    stateRoot: receipt.stateRoot))
        }
    }

    func block(_ height: Height, _ exchange: HTTPExchange) {
        let core = core
        let isPosted = loop.post {
            core.value.readBlock(height) { result in
                switch result {
                case .success(let block?): exchange.respond(BlockReport(block))
                case .success(nil):
                    exchange.fail(.notFound("there is no block at height \(height) yet"))
                case .failure(let error): exchange.fail(.unavailable("\(error)"))
                }
            }
        }
        if !isPosted { exchange.fail(.unavailable("the node is shutting down")) }
    }

    private func ask(
        _ exchange: HTTPExchange,
        _ body: @escaping @Sendable (NodeCore<P, App>, UInt64) -> Admission,
        answer: @escaping @Sendable (Receipt) -> Void
    ) {
        let core = core
        let isPosted = loop.post {
            core.value.open(
                { result in
                    switch result {
                    case .success(let receipt): answer(receipt)
                    case .failure(let error): exchange.fail(.unavailable("\(error)"))
                    }
                }, body)
        }
        if !isPosted { exchange.fail(.unavailable("the node is shutting down")) }
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
