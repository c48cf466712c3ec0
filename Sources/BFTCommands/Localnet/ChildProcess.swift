import Glibc

/// A process that this one started.
final class ChildProcess {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(Int32)

        var description: String {
            switch self {
            case .exited(let code): "ended with exit code \(code)"
            case .killed(let signal):
                "was killed by signal \(signal)" + (Self.names[signal].map { ", \($0)" } ?? "")
            }
        }

        /// Signals that a process brings upon itself.
        private static let names = [
            SIGILL: "an illegal instruction", SIGTRAP: "a trap", SIGABRT: "an abort",
            SIGSEGV: "a bad address", SIGBUS: "a bad address", SIGFPE: "bad arithmetic",
        ]

        /// - Parameter status: as `waitpid` gives it, of a process that has ended.
        init(status: Int32) {
            let signal = status & 0x7F
            self = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
        }
    }

    let name: String
    let identifier: pid_t
    let logPath: String
    /// How it ended. Until then, its identifier is its own and may be signalled.
    private(set) var ending: Ending?

    private init(name: String, identifier: pid_t, logPath: String) {
        self.name = name
        self.identifier = identifier
        self.logPath = logPath
    }

    /// Starts `executable` with `arguments`, without its own name. What it writes is appended to
    /// the file at `logPath` by the system itself, so that nothing is lost if this process dies.
    static func spawn(
        name: String, executable: String, arguments: [String], logPath: String
    ) throws(CommandFailure) -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        do throws(CommandFailure) {
            let identifier = try start([executable] + arguments, actions)
            return ChildProcess(name: name, identifier: identifier, logPath: logPath)
        } catch {
            throw CommandFailure(
                "can't start \(name): \(error.message)",
                hint: "check that \(executable) can be run and \(logPath) can be written")
        }
    }

    /// Starts the program that the first of `words` names, with the rest as its arguments.
    ///
    /// The child has a process group of its own: a Ctrl-C on the terminal reaches only this
    /// process, which then stops its children in order.
    ///
    /// - Parameter environment: as `NAME=VALUE`; that of this process if it is `nil`.
    static func start(
        _ words: [String], _ actions: posix_spawn_file_actions_t,
        environment: [String]? = nil
    ) throws(CommandFailure) -> pid_t {
        var actions = actions
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP))
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { $0.map { strdup($0) } + [nil] } ?? []
        defer { for word in arguments + variables { free(word) } }
        var identifier: pid_t = 0
        let code =
            variables.isEmpty
            ? posix_spawn(&identifier, words[0], &actions, &attributes, &arguments, environ)
            : posix_spawn(&identifier, words[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            throw CommandFailure(
                String(cString: strerror(code)), hint: "check that \(words[0]) can be run")
        }
        return identifier
    }

    /// How it ended, or `nil` while it runs. Never waits.
    func check() -> Ending? {
        guard ending == nil else { return ending }
        var status: Int32 = 0
        guard waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
        ending = Ending(status: status)
        return ending
    }

    /// Sends `signal` if it still runs.
    func send(_ signal: Int32) {
        guard check() == nil else { return }
        kill(identifier, signal)
    }

    /// The last lines that it wrote, at most `limit`.
    func lastLines(_ limit: Int) -> [String] {
        let descriptor = open(logPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let length = 4_096
        let end = lseek(descriptor, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: length)
        let count = pread(descriptor, &bytes, length, max(0, end - length))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .split(separator: "\n").suffix(limit).map(String.init)
    }
}
