internal import BFTBase
internal import CMicroHTTP
internal import Synchronization

/// One request that is to be answered, once, from any thread.
///
/// While nobody answers, the connection is suspended and costs no thread. If nobody does in time,
/// the server answers with status 504, and the answer that comes later is dropped.
public final class HTTPExchange: Sendable {
    struct Response: Sendable {
        var status: Int
        var contentType: String
        var body: [UInt8]
        var headers: [(String, String)] = []
    }

    private enum Phase {
        /// The service was asked, on the server's thread.
        case asked
        /// The connection is suspended. Its address, which stays right until it is resumed.
        case suspended(UInt)
        case answered(Response)
        /// The answer was given to the connection, or the connection is gone.
        case over
    }

    private let phase = Mutex(Phase.asked)

    init() {}

    /// Answers. Returns `false` if the exchange was answered before, or its time is over.
    @discardableResult
    public func respond(status: Int, contentType: String, body: [UInt8]) -> Bool {
        respond(Response(status: status, contentType: contentType, body: body))
    }

    /// Answers with a report as JSON.
    @discardableResult
    public func respond(_ report: some JSONReport, status: Int = 200) -> Bool {
        respond(.json(report, status: status))
    }

    /// Answers with an entry of the state, with status 404 if there is none.
    @discardableResult
    public func respond(_ report: StateReport) -> Bool {
        respond(.json(report, status: report.isFound ? 200 : 404))
    }

    /// Answers that it can't be done.
    @discardableResult
    public func fail(_ failure: HTTPFailure) -> Bool { respond(.failure(failure)) }

    func respond(_ response: Response) -> Bool {
        phase.withLock { phase in
            switch phase {
            case .asked: phase = .answered(response)
            case .suspended(let address):
                phase = .answered(response)
                // Under the lock: the connection can't have been resumed by anybody else.
                MHD_resume_connection(OpaquePointer(bitPattern: address))
            case .answered, .over: return false
            }
            return true
        }
    }

    /// The answer, if it is there. If not, suspends the connection until it is.
    ///
    /// Only on the server's thread, within the handler of `connection`.
    func take(orSuspend connection: OpaquePointer) -> Response? {
        phase.withLock { phase in
            switch phase {
            case .answered(let response):
                phase = .over
                return response
            case .asked:
                phase = .suspended(UInt(bitPattern: connection))
                MHD_suspend_connection(connection)
                return nil
            case .suspended, .over: return nil
            }
        }
    }

    /// Notes that the connection is gone.
    func abandon() { phase.withLock { $0 = .over } }
}

extension HTTPExchange.Response {
    static func json(_ report: some JSONReport, status: Int = 200) -> Self {
        Self(status: status, contentType: "application/json", body: report.json)
    }

    static func failure(_ failure: HTTPFailure) -> Self {
        var response = json(failure, status: failure.status)
        if let seconds = failure.retryAfterSeconds {
            response.headers.append(("Retry-After", String(seconds)))
        }
        return response
    }
}
