public import BFTBase

/// How often a replica asks and answers, whatever it lacks and whoever asks.
public struct InquiryPace: Equatable, Sendable {
    private let askPause: Interval
    private let answerPause: Interval
    /// When this replica last asked for what it needs to go on.
    private var askedAt: Instant?
    /// When each peer was last sent an answer.
    private var answeredAt: [Instant?]
    /// Up to where the ledger was told to ask peers, in views or heights.
    private var fetched: UInt64 = 0

    /// - Parameter resend: how long a replica that is stuck waits before it speaks again.
    public init(resend: Interval, validatorCount: Int) {
        askPause = Interval(nanoseconds: resend.nanoseconds / 8)
        answerPause = Interval(nanoseconds: resend.nanoseconds / 16)
        answeredAt = Array(repeating: nil, count: validatorCount)
    }

    // MARK: Asking

    /// Whether to ask: not again so soon. If so, that is noted.
    public mutating func mayAsk(at now: Instant) -> Bool {
        if let askedAt, now < askedAt.advanced(by: askPause) { return false }
        askedAt = now
        return true
    }

    public mutating func noteAsked(at now: Instant) { askedAt = now }

    /// A view begins: what it takes to go on in it was not asked for yet.
    public mutating func forgetAsked() { askedAt = nil }

    /// Whether to have the ledger ask peers for what is committed up to `mark`: once.
    public mutating func mayFetch(upTo mark: some Counter) -> Bool {
        guard fetched < mark.rawValue else { return false }
        fetched = mark.rawValue
        return true
    }

    /// Has the ledger ask again for what is above `mark`, if it is still needed.
    public mutating func forgetFetched(above mark: some Counter) { fetched = mark.rawValue }

    // MARK: Answering

    /// Whether to answer `peer`: not again so soon. If so, that is noted.
    public mutating func mayAnswer(_ peer: ValidatorIndex, at now: Instant) -> Bool {
        if let last = answeredAt[peer.rawValue], now < last.advanced(by: answerPause) {
            return false
        }
        answeredAt[peer.rawValue] = now
        return true
    }

    /// A new link: what was sent before may be lost.
    public mutating func forgetAnswered(_ peer: ValidatorIndex) {
        answeredAt[peer.rawValue] = nil
    }
}
