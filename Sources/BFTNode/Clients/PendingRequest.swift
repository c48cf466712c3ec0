import Synchronization

/// A request that a task waits for. It ends once, by its answer or because the task is cancelled,
/// whichever comes first and on whichever thread.
final class PendingRequest<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RequestError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        var ticket: UInt64?
    }

    private let state = Mutex(State())

    /// Says whether to begin. If the request has ended already, `continuation` is resumed.
    func begin(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let outcome = state.withLock { state -> Outcome? in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        guard let outcome else { return true }
        continuation.resume(returning: outcome)
        return false
    }

    func end(_ outcome: Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(returning: outcome)
    }

    var hasEnded: Bool { state.withLock { $0.outcome != nil } }

    /// Under which the node's core holds the request, once it does.
    var ticket: UInt64? {
        get { state.withLock { $0.ticket } }
        set { state.withLock { $0.ticket = newValue } }
    }
}
