import BFTCore
import BFTLedger
import BFTSockets

// What the embedding program asks for.
extension RunningNode {
    func submit(_ transaction: [UInt8]) async throws(RequestError) -> Receipt {
        try await ask { core, completion in
            core.submit(transaction, completion)
        } forget: { core, ticket in
            _ = core.submissions.take(ticket)
        }
    }

    func query(_ request: [UInt8]) async throws(RequestError) -> QueryAnswer {
        try await ask { core, completion in
            core.query(request, completion)
        } forget: { core, ticket in
            _ = core.lookups.take(ticket)
        }
    }

    /// Waits for what `begin` asks the core for, or until the task is cancelled.
    ///
    /// - Parameters:
    ///   - begin: returns the ticket under which the core holds the completion.
    ///   - forget: has the core let go of it.
    private func ask<Value: Sendable>(
        _ begin: @escaping @Sendable (Core, @escaping RequestDesk<Value>.Completion) -> UInt64?,
        forget: @escaping @Sendable (Core, UInt64) -> Void
    ) async throws(RequestError) -> Value {
        let (core, request) = (core, PendingRequest<Value>())
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<PendingRequest<Value>.Outcome, Never>) in
                guard request.begin(continuation) else { return }
                let isPosted = loop.post {
                    guard !request.hasEnded else { return }
                    request.ticket = begin(core.value) { request.end($0) }
                }
                if !isPosted { request.end(.failure(.stopped)) }
            }
        } onCancel: {
            request.end(.failure(.cancelled))
            // It may be in the core by now, or about to be.
            loop.post { if let ticket = request.ticket { forget(core.value, ticket) } }
        }
        return try outcome.get()
    }
}
