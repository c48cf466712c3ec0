import BFTBase
import Glibc

/// Watches the nodes of a local network from one thread, and stops them in the end.
///
/// Restarts nothing: a node that was killed on purpose stays down until somebody starts it.
final class Supervisor {
    private let children: [ChildProcess]
    private let report: (ChildProcess, Event) -> Void
    /// How long a node may take to stop before it is killed.
    private let grace: Interval
    private var reported: Set<pid_t> = []

    /// What happens to a node that nobody asked for.
    enum Event: Equatable {
        case ended(ChildProcess.Ending)
        /// It did not stop when told to, and was killed.
        case overdue
    }

    init(
        _ children: [ChildProcess], grace: Interval,
        report: @escaping (ChildProcess, Event) -> Void
    ) {
        self.children = children
        self.grace = grace
        self.report = report
    }

    /// Makes `SIGINT`, `SIGTERM` and `SIGCHLD` wait until `nextSignal` asks for them. To be called
    /// before the first child is started.
    static func holdSignals() {
        var signals = heldSignals
        sigprocmask(SIG_BLOCK, &signals, nil)
    }

    private static var heldSignals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGCHLD] { sigaddset(&signals, signal) }
        return signals
    }

    /// The next signal, or `nil` if none comes within `milliseconds`.
    private static func nextSignal(within milliseconds: Int) -> Int32? {
        var signals = heldSignals
        var timeout = timespec(
            tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        let signal = sigtimedwait(&signals, nil, &timeout)
        return signal > 0 ? signal : nil
    }

    /// Waits until `isReady` says so. Returns `false` if a signal to stop came first; throws if a
    /// node ended or `limit` passed.
    func waitUntilReady(
        within limit: Interval, _ isReady: () -> Bool
    ) throws(CommandFailure) -> Bool {
        let deadline = Deadline(limit)
        while !isReady() {
            if let signal = Self.nextSignal(within: 100), signal != SIGCHLD { return false }
            for child in children {
                guard let ending = child.check() else { continue }
                reported.insert(child.identifier)
                throw CommandFailure(
                    "\(child.name) \(ending.description) before the network was ready: "
                        + child.lastLines(6).joined(separator: " | "),
                    hint: "read \(child.logPath)")
            }
            guard !deadline.isOver else {
                throw CommandFailure(
                    "no block was committed in time",
                    hint: "read \(children.first?.logPath ?? "the logs"), or wait longer with "
                        + "--ready-timeout")
            }
        }
        return true
    }

    /// Waits for a signal to stop, and reports every node that ends meanwhile. Throws if all have.
    func waitForStop() throws(CommandFailure) {
        while true {
            if let signal = Self.nextSignal(within: 1_000), signal != SIGCHLD { return }
            for child in children where !reported.contains(child.identifier) {
                guard let ending = child.check() else { continue }
                reported.insert(child.identifier)
                report(child, .ended(ending))
            }
            guard children.contains(where: { $0.ending == nil }) else {
                throw CommandFailure("all nodes have ended", hint: "read the logs named above")
            }
        }
    }

    /// Asks all nodes to stop, and kills those that don't within the grace period or when a second
    /// signal comes.
    func stopAll() {
        for child in children { child.send(SIGTERM) }
        let deadline = Deadline(grace)
        while children.contains(where: { $0.check() == nil }) {
            let signal = Self.nextSignal(within: 50)
            guard deadline.isOver || signal == SIGINT || signal == SIGTERM else { continue }
            for child in children where child.check() == nil {
                report(child, .overdue)
                child.send(SIGKILL)
            }
            while children.contains(where: { $0.check() == nil }) { usleep(10_000) }
        }
    }
}
