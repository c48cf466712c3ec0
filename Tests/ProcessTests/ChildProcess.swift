import BFTTestKit
import Glibc
import Synchronization

/// A process that a test started. It ends with this object.
final class ChildProcess: Sendable {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(Int32)
    }

    let identifier: pid_t
    private let ending = Mutex<Ending?>(nil)

    /// Starts `words`, with what it writes appended to the file at `log`.
    ///
    /// A shell sets limits and then becomes the program: processor time, so that nothing outlives
    /// a crashed test for long, and the size of a file if `fileLimit` (in KiB) is given.
    init(_ words: [String], log: String, fileLimit: Int? = nil) throws {
        let sizes = fileLimit.map { "trap '' XFSZ; ulimit -f \($0 * 2); " } ?? ""
        let script = "ulimit -t 300; \(sizes)exec \"$@\""
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let all = ["/bin/sh", "-c", script, "sh"] + words
        var arguments = all.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, "/bin/sh", &actions, nil, &arguments, environ)
        guard code == 0 else { throw Failure("can't start \(words): error \(code)") }
        self.identifier = identifier
    }

    deinit {
        guard check() == nil else { return }
        kill(identifier, SIGKILL)
        _ = waitForEnd(within: .seconds(10))
    }

    /// How it ended, or `nil` while it runs.
    func check() -> Ending? {
        ending.withLock { ending in
            var status: Int32 = 0
            guard ending == nil, waitpid(identifier, &status, WNOHANG) == identifier else {
                return ending
            }
            ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
            return ending
        }
    }

    /// Sends `signal`, if the process has not ended: its identifier may be somebody else's then.
    func send(_ signal: Int32) {
        guard check() == nil else { return }
        kill(identifier, signal)
    }

    func waitForEnd(within limit: Duration) -> Ending? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let ending = check() { return ending }
            usleep(5_000)
        }
        return check()
    }
}
