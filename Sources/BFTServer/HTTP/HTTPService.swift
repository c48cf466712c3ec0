public import BFTBase

/// What a node does for HTTP clients.
///
/// Called on the server's thread, which waits: what takes longer than a look at a few values
/// belongs to another thread, which answers the exchange when it is done.
public protocol HTTPService: Sendable {
    /// Whether the node does its work.
    func health() -> HealthReport
    func status() -> StatusReport
    func validators() -> ValidatorsReport
    /// All metrics, in the text format of Prometheus.
    func metrics() -> [UInt8]

    /// Orders a transaction. Answer with a `TransactionReport` once it is committed and executed.
    func submit(_ transaction: [UInt8], _ exchange: HTTPExchange)
    /// Reads an entry of the state. Answer with a `StateReport`.
    func state(_ key: [UInt8], _ exchange: HTTPExchange)
    /// Reads a block. Answer with a `BlockReport`, or fail with `.notFound`.
    func block(_ height: Height, _ exchange: HTTPExchange)
}
