import BFTBase
import BFTConfiguration
import CEpoll
import Glibc

/// Drives the clients of a load run on one thread.
///
/// The generator shares the machine with what it measures, so it does little for a request: one
/// copy to send it, one look at `+OK` to receive the answer, one clock reading for all answers
/// that arrive together.
///
/// In the open loop, latency counts from the time that the schedule names, not from the time that
/// the request was sent: a server that stalls can't hide it by slowing the clients down.
final class BenchRun {
    private static let retryNanoseconds: UInt64 = 200_000_000

    private let plan: BenchPlan
    private let poller: Int32
    private let clients: [BenchClient]
    private var writer: RequestWriter
    private var buffer: [UInt8] = []
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    private let events = UnsafeMutableBufferPointer<cepoll_event>.allocate(capacity: 256)
    private(set) var result = BenchResult()
    private var isMeasuring = false
    private var start: UInt64 = 0
    private var end: UInt64 = 0
    /// The requests of the schedule that were handed to clients (open loop).
    private var scheduled: UInt64 = 0
    /// When to look next for clients that may connect again.
    private var nextRetry: UInt64 = 0
    private var hasConnected = false
    private var lastFailure: TCPSocket.Failure?

    /// What a run has counted so far, for showing progress.
    struct Progress {
        let isWarmingUp: Bool
        let succeeded: UInt64
        let errors: UInt64
    }

    init(_ plan: BenchPlan) {
        self.plan = plan
        poller = cepoll_create()
        writer = RequestWriter(
            plan.command, valueBytes: plan.valueBytes, keyspace: plan.keyspace, seed: plan.seed)
        clients = (0..<plan.clients).map {
            BenchClient(plan.endpoints[$0 % plan.endpoints.count], pipeline: plan.pipeline)
        }
    }

    deinit {
        input.deallocate()
        events.deallocate()
        close(poller)
    }

    /// Runs to the end of the plan, whatever the servers do. Throws if none can be reached.
    /// `progress` is called about once a second.
    func run(_ progress: (Progress) -> Void) throws(CommandFailure) {
        cepoll_set_timer_slack(1_000)
        start = MonotonicClock.nanoseconds
        let measureFrom = start + plan.warmUp.nanoseconds
        end = measureFrom + plan.measured.nanoseconds
        var nextProgress = start + 1_000_000_000
        var now = start
        var before: [Double?] = []
        var ownBefore = 0.0
        while now < end {
            if !isMeasuring, now >= measureFrom {
                isMeasuring = true
                result = BenchResult()
                before = plan.processes.map(ProcessorTime.microseconds)
                ownBefore = ProcessorTime.ownMicroseconds
            }
            reconnect(now)
            sendScheduled(now)
            wait(until: min(end, isMeasuring ? end : measureFrom, nextProgress, nextDue(now)), now)
            now = MonotonicClock.nanoseconds
            if now >= nextProgress {
                nextProgress += 1_000_000_000
                progress(
                    Progress(
                        isWarmingUp: !isMeasuring, succeeded: result.succeeded,
                        errors: result.errorCount))
                try failIfUnreachable()
            }
        }
        isMeasuring = false
        result.seconds = Double(now - measureFrom) / 1e9
        result.ownMicroseconds = ProcessorTime.ownMicroseconds - ownBefore
        for (process, earlier) in zip(plan.processes, before) {
            let later = ProcessorTime.microseconds(of: process)
            let used = earlier.flatMap { earlier in later.map { $0 - earlier } }
            result.processorTimes.append((process, used))
        }
        try failIfUnreachable()
        drain()
    }

    /// Throws if no client ever reached its server.
    private func failIfUnreachable() throws(CommandFailure) {
        guard let failure = lastFailure, !hasConnected else { return }
        let names = plan.endpoints.map(\.description).joined(separator: ", ")
        throw CommandFailure("\(names): \(failure.message)", hint: failure.hint)
    }
}

// MARK: - Waiting

extension BenchRun {
    /// Waits for events until `time` at the latest, and handles them.
    private func wait(until time: UInt64, _ now: UInt64) {
        let left = time > now ? time - now : 0
        let count = Int(cepoll_wait(poller, events.baseAddress, Int32(events.count), left))
        for position in 0..<max(0, count) {
            handle(events[position])
        }
    }

    private func handle(_ event: cepoll_event) {
        let position = Int(event.key)
        let client = clients[position]
        if client.state == .connecting {
            finishConnecting(position)
        }
        guard client.state == .open else { return }
        if event.is_writable != 0 {
            guard client.send([]) else { return fail(position, "connection closed") }
            watch(position)
            if client.unsent.isEmpty { refill(position) }
        }
        if event.is_readable != 0 { receive(position) }
    }

    /// Tells the poller what to wait for: room to send only while there is something unsent.
    private func watch(_ position: Int, isNew: Bool = false) {
        let client = clients[position]
        guard let descriptor = client.socket?.descriptor else { return }
        let wantsRoom = client.state == .connecting || !client.unsent.isEmpty
        cepoll_watch(poller, descriptor, UInt64(position), wantsRoom ? 1 : 0, isNew ? 1 : 0)
    }
}

// MARK: - Connecting

extension BenchRun {
    private func reconnect(_ now: UInt64) {
        guard now >= nextRetry else { return }
        nextRetry = now + Self.retryNanoseconds / 4
        for position in clients.indices {
            let client = clients[position]
            guard client.state == .closed, client.retryTime <= now else { continue }
            do throws(TCPSocket.Failure) {
                _ = try client.connect()
                watch(position, isNew: true)
            } catch {
                lastFailure = error
                fail(position, "connection")
            }
        }
    }

    private func finishConnecting(_ position: Int) {
        let client = clients[position]
        do throws(TCPSocket.Failure) {
            try client.socket?.finishConnecting()
        } catch {
            lastFailure = error
            return fail(position, "connection")
        }
        client.state = .open
        hasConnected = true
        client.ignoredReplies = 0
        if let password = plan.password {
            client.ignoredReplies = 1
            let count = password.utf8.count
            let request = "*2\r\n$4\r\nAUTH\r\n$\(count)\r\n\(password)\r\n"
            guard client.send(Array(request.utf8)) else {
                return fail(position, "connection closed")
            }
        }
        watch(position)
        if plan.rate == nil { refill(position) }
    }

    /// Closes a connection; its requests without an answer count as errors of `kind`.
    private func fail(_ position: Int, _ kind: String) {
        let retry = MonotonicClock.nanoseconds + Self.retryNanoseconds
        let lost = clients[position].close(retryAt: retry)
        result.countError(kind, UInt64(max(1, lost)))
    }
}

// MARK: - Requests and replies

extension BenchRun {
    /// The time that the schedule names for request `number` of all (open loop).
    private func scheduledTime(_ number: UInt64, _ rate: Double) -> UInt64 {
        start + UInt64(Double(number) * 1e9 / rate)
    }

    /// When the next request is due (open loop) or a client may connect again.
    private func nextDue(_ now: UInt64) -> UInt64 {
        let retry = now + Self.retryNanoseconds
        guard let rate = plan.rate else { return retry }
        return min(retry, scheduledTime(scheduled, rate))
    }

    private func sendScheduled(_ now: UInt64) {
        guard let rate = plan.rate else { return }
        let due = UInt64(max(0, Double(now - start) * rate / 1e9)) + 1
        let new = due > scheduled ? due - scheduled : 0
        // Every client at most once, however late we are.
        for number in 0..<min(new, UInt64(clients.count)) {
            refill(Int((scheduled + number) % UInt64(clients.count)), now)
        }
        scheduled += new
    }

    /// Sends what a client has room for: in the open loop, no more than is due.
    private func refill(_ position: Int, _ known: UInt64? = nil) {
        let client = clients[position]
        guard client.state == .open, client.room > 0, client.unsent.isEmpty else {
            return
        }
        let now = known ?? MonotonicClock.nanoseconds
        buffer.removeAll(keepingCapacity: true)
        if let rate = plan.rate {
            // What was due before the end is still sent after it: a late server answers for it.
            let limit = min(now, end - 1)
            while client.room > 0 {
                let number = client.nextScheduled &* UInt64(clients.count) &+ UInt64(position)
                let time = scheduledTime(number, rate)
                guard time <= limit else { break }
                client.nextScheduled += 1
                client.pushTime(time)
                writer.append(to: &buffer)
            }
        } else if now < end {
            for _ in 0..<client.room {
                client.pushTime(now)
                writer.append(to: &buffer)
            }
        }
        guard !buffer.isEmpty else { return }
        guard client.send(buffer) else { return fail(position, "connection closed") }
        if !client.unsent.isEmpty { watch(position) }
    }

    private func receive(_ position: Int) {
        let client = clients[position]
        guard let descriptor = client.socket?.descriptor else { return }
        let count = recv(descriptor, input.baseAddress, input.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return fail(position, "connection closed") }
        let now = MonotonicClock.nanoseconds
        do throws(ReplyScanner.Malformed) {
            let bytes = UnsafeRawBufferPointer(rebasing: input[..<count])
            try client.scanner.scan(bytes) { take($0, client, now) }
        } catch {
            return fail(position, "not RESP")
        }
        refill(position, now)
    }

    private func take(_ reply: ReplyScanner.Reply, _ client: BenchClient, _ now: UInt64) {
        if client.ignoredReplies > 0 {
            client.ignoredReplies -= 1
            if case .failure(let kind) = reply { result.countError(kind) }
            return
        }
        guard let time = client.popTime() else { return result.countError("unexpected reply") }
        switch reply {
        case .success:
            result.histogram.record(now > time ? now - time : 0)
            if now < end { result.succeeded += 1 }
        case .failure(let kind): result.countError(kind)
        }
    }

    /// Waits for the answers that are still to come.
    private func drain() {
        let last = end + plan.drain.nanoseconds
        var now = end
        let due = plan.rate.map { UInt64(Double(end - start) * $0 / 1e9) } ?? 0
        var isWaiting: Bool {
            clients.contains { $0.waiting > 0 }
                || due > clients.reduce(0) { $0 + $1.nextScheduled }
        }
        while now < last, isWaiting {
            if plan.rate != nil {
                reconnect(now)
                for position in clients.indices { refill(position, now) }
            }
            wait(until: min(last, now + 50_000_000), now)
            now = MonotonicClock.nanoseconds
        }
        result.unanswered = clients.reduce(0) { $0 + UInt64($1.waiting) }
        let sent = clients.reduce(0) { $0 + $1.nextScheduled }
        result.unanswered += due > sent ? due - sent : 0
    }
}
