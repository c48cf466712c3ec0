import BFTBase
import BFTSockets
import BFTTestKit
import KeyValueStore
import ProtocolSimplex
import Testing

@testable import BFTNode

@Suite struct PendingRequestTests {
    @Test("A request ends once, with whatever comes first, before or after somebody waits")
    func once() async {
        for isEarly in [true, false] {
            let request = PendingRequest<Int>()
            if isEarly { request.end(.success(1)) }
            #expect(request.hasEnded == isEarly)
            let outcome = await withCheckedContinuation {
                (continuation: CheckedContinuation<PendingRequest<Int>.Outcome, Never>) in
                #expect(request.begin(continuation) == !isEarly)
                if !isEarly { request.end(.success(1)) }
                request.end(.failure(.cancelled))
            }
            #expect(outcome == .success(1) && request.hasEnded)
        }
    }

    @Test("A request that ended twice before somebody waits has ended with the first")
    func twiceBefore() async {
        let request = PendingRequest<Int>()
        request.end(.failure(.cancelled))
        request.end(.success(1))
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<PendingRequest<Int>.Outcome, Never>) in
            #expect(!request.begin(continuation))
        }
        #expect(outcome == .failure(.cancelled))
    }

    @Test("The core lets go of a request that was cancelled")
    func forgotten() async throws {
        let network = try TestNetwork(4)
        // Without the others it orders nothing and answers nothing.
        let node = try network.start(0).node
        let receipts = (0..<20).map { number in
            Task { try await node.submit(TestChain.set("\(number)", "1")) }
        }
        let answers = (0..<20).map { number in
            Task { try await node.query(TestChain.get("\(number)")) }
        }
        try await eventually(node, holds: 20, 20)
        for receipt in receipts { receipt.cancel() }
        try await eventually(node, holds: 0, 20)
        for answer in answers { answer.cancel() }
        try await eventually(node, holds: 0, 0)
        for receipt in receipts {
            await #expect(throws: RequestError.cancelled) { try await receipt.value }
        }
        try network.stop(0)
    }

    private func eventually(
        _ node: Node<Simplex, KeyValueStore>, holds submissions: Int, _ lookups: Int
    ) async throws {
        for _ in 0..<3_000 {
            let counts = await withCheckedContinuation {
                (continuation: CheckedContinuation<(Int, Int), Never>) in
                let core = node.running.core
                core.loop.post {
                    continuation.resume(
                        returning: (core.value.submissions.count, core.value.lookups.count))
                }
            }
            if counts == (submissions, lookups) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Failure("the core does not hold \(submissions) and \(lookups) requests")
    }
}
