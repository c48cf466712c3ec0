import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTLogging
import BFTServer
import BFTSockets
import BFTStorage
import Synchronization

// From opening to closing.
extension RunningNode {
    enum Phase {
        /// Open, and nothing runs but the servers' threads.
        case opened
        case running
        /// Everything is closed, or is being closed.
        case closed
    }

    /// How long commands under way may take to finish when the node stops.
    private static var drainLimit: Interval { .seconds(3) }

    private static var abandonment: String {
        "UNKNOWN the node stops: the command may be carried out or not"
    }

    /// Runs on a thread of its own, while this task waits.
    func run() async throws(NodeFailure) {
        guard !Task.isCancelled else { return stop() }
        guard begin() else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                _ = NamedThread("bft-node") { [self] in
                    runLoop()
                    continuation.resume()
                }
            }
        } onCancel: {
            stop()
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Says whether there is anything to run: a node that was stopped before is closed.
    func begin() -> Bool {
        phase.withLock { phase in
            switch phase {
            case .opened:
                phase = .running
                return true
            case .running: preconditionFailure("a node runs once")
            case .closed: return false
            }
        }
    }

    /// Runs the node on this thread, after `begin()`, until everything is closed.
    func runLoop() {
        loop.claim()
        executor.start()
        let (core, resp) = (core.value, resp?.value)
        loop.setTurnEnd { [unowned self] in
            core.endTurn()
            resp?.endTurn()
            if core.isStopping, core.trouble != nil || !core.hasWorkUnderWay { endLoop() }
        }
        core.onFailure = { [unowned self] error in failure.withLock { $0 = $0 ?? error } }
        let housekeeping = LoopTimer(loop: loop) { resp?.closeIdle() }
        housekeeping.schedule(every: .seconds(1))
        core.start()
        loop.run()
        phase.withLock { $0 = .closed }
        close()
    }

    /// Closes in the order in which nothing is lost: clients first, the disk last.
    private func close() {
        http?.stop()
        if let error = executor.close() { logger.error("the state was not saved: \(error)") }
        log.close()
        pool.shutdown()
        do {
            try opened.store.sync()
        } catch {
            logger.error("the state was not synced at the end: \(error)")
        }
        opened.close()
        // The threads that it served have ended.
        relay.target = nil
        logger.info("stopped")
    }

    /// Has a node that runs stop, in order; closes one that was not run here and now.
    func stop() {
        if !closeUnlessRun() { loop.post { [self] in beginStopping() } }
    }

    /// Closes a node that was not run. It can't be run any more.
    ///
    /// Returns whether the node is closed.
    @discardableResult
    func closeUnlessRun() -> Bool {
        let before = phase.withLock { phase in
            defer { if phase == .opened { phase = .closed } }
            return phase
        }
        if before == .opened { closeWithoutRunning() }
        return before != .running
    }

    private func closeWithoutRunning() {
        loop.claim()
        core.value.beginStopping()
        core.value.abandonClients(Self.abandonment)
        resp?.value.stopListening()
        transport.value.stop()
        // What was posted is refused, then whatever is bound to the loop is closed.
        loop.close()
        close()
    }

    private func beginStopping() {
        let core = core.value
        guard !core.isStopping else { return }
        logger.info("stopping")
        core.beginStopping()
        resp?.value.stopListening()
        let limit = LoopTimer(loop: loop) { [unowned self] in endLoop() }
        limit.schedule(after: Self.drainLimit)
        core.drainTimer = limit
    }

    /// Nothing is under way any more, or it takes too long.
    private func endLoop() {
        guard !isEnding else { return }
        isEnding = true
        core.value.abandonClients(Self.abandonment)
        resp?.value.closeAll()
        transport.value.stop()
        loop.stop()
    }
}
