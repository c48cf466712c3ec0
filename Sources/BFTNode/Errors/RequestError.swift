/// Why a transaction or a query has no answer.
///
/// A transaction that was not carried out can be submitted again. Where `mayHaveTakenEffect` says
/// that nobody knows, the program has to find out, for instance by a query, or make its
/// transactions such that twice is as good as once.
public enum RequestError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The task was cancelled. What it submitted may be ordered all the same.
    case cancelled
    /// Not taken: as much is under way as may be. There is room again when some of it is answered.
    case busy
    /// Not taken: the chain has a bound on the bytes of a transaction.
    case tooLarge(byteCount: Int, limit: Int)
    /// Not taken: the node is stopping or has stopped.
    case stopped
    /// Not taken: this validator has failed, and says why.
    case failed(String)
    /// Not carried out: other transactions have taken the place of the batch that it was in.
    case displaced
    /// The node stopped or failed before there was an answer.
    case interrupted
    /// The transaction was carried out, and its result was too large to keep.
    case resultNotKept

    /// Whether a transaction may have been carried out, or may yet be.
    public var mayHaveTakenEffect: Bool {
        switch self {
        case .cancelled, .interrupted, .resultNotKept: true
        case .busy, .tooLarge, .stopped, .failed, .displaced: false
        }
    }

    public var description: String {
        switch self {
        case .cancelled: "nobody waits for the answer any more"
        case .busy: "too much is under way; try again"
        case .tooLarge(_, let limit):
            "the transaction is too large: this chain takes \(limit) bytes"
        case .stopped: "this validator is shutting down"
        case .failed(let reason): "this validator has failed: \(reason)"
        case .displaced: "the command was not carried out: its batch lost its place"
        case .interrupted:
            "the node stopped before there was an answer: the command may be carried out or not"
        case .resultNotKept: "the command was carried out, its answer is too large to keep"
        }
    }

    /// The error as a reply to a Redis client: a code, which clients know what to do about, and the
    /// text.
    var reply: String { "\(code) \(self)" }

    private var code: String {
        switch self {
        case .busy, .displaced: "TRYAGAIN"
        case .tooLarge: "ERR"
        case .stopped, .failed: "CLUSTERDOWN"
        case .cancelled, .interrupted, .resultNotKept: "UNKNOWN"
        }
    }
}
