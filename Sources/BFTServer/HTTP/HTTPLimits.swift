public import BFTBase

/// What HTTP clients may ask of a node. All bounds of the HTTP front end stand here.
public struct HTTPLimits: Equatable, Sendable {
    /// The most connections.
    public var connectionCount = 256
    /// The most connections from one address. Zero: no bound but `connectionCount`.
    public var connectionCountPerAddress = 0
    /// The most bytes of the target and the header fields of one request.
    public var headerBytes = 32 << 10
    /// The most bytes of one body.
    public var bodyBytes = 1 << 20
    /// A request has to be there this long after its connection was opened or the answer before
    /// was sent. An idle connection is closed after it, and so is one that comes byte by byte.
    public var requestTimeout = Interval.seconds(10)
    /// The service has to answer within this time. A client then gets status 504.
    public var answerTimeout = Interval.seconds(30)
    /// A client has to take its answer within this time.
    public var responseTimeout = Interval.seconds(60)
    /// How long `stop` waits for answers that are under way.
    public var drainTimeout = Interval.seconds(5)

    public init() {}
}

/// An answer that is no success: a status, and a reason for the client in JSON.
public struct HTTPFailure: Error, Equatable, Sendable, JSONReport {
    public var status: Int
    public var reason: String
    /// The value of `Retry-After`.
    public var retryAfterSeconds: Int?

    public init(status: Int, reason: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.reason = reason
        self.retryAfterSeconds = retryAfterSeconds
    }

    public static func badRequest(_ reason: String) -> Self { Self(status: 400, reason: reason) }
    public static func notFound(_ reason: String) -> Self { Self(status: 404, reason: reason) }

    /// The node can't do it now, but may soon.
    public static func unavailable(_ reason: String, retryAfterSeconds: Int = 1) -> Self {
        Self(status: 503, reason: reason, retryAfterSeconds: retryAfterSeconds)
    }

    public func write(to json: inout JSONWriter) {
        json.object { $0.field("error", reason) }
    }
}
