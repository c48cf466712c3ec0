import BFTBase
import BFTLogging
import BFTSockets

/// Says in the log what the transport notices, and no more of it than a person can read: strangers
/// can make it notice hundreds of things a second.
struct TransportLog {
    private let logger = Logger(label: "transport")
    private var windowEnd = Instant(nanoseconds: 0)
    private var saidInWindow = 0
    private var unsaid = 0

    private static let window = Interval.seconds(10)
    private static let limit = 20

    mutating func note(_ notice: TransportNotice, at now: Instant) {
        if now >= windowEnd {
            if unsaid > 0 {
                logger.warning("\(unsaid) more notices of connections were not logged")
            }
            windowEnd = now.advanced(by: Self.window)
            (saidInWindow, unsaid) = (0, 0)
        }
        guard saidInWindow < Self.limit else {
            unsaid += 1
            return
        }
        saidInWindow += 1
        switch notice {
        case .cut: logger.info("\(notice)")
        case .dialFailed: logger.debug("\(notice)")
        case .acceptFailed: logger.error("\(notice)")
        }
    }
}
