import BFTBase
import Glibc

/// This program once more, in a process that carries out runs. It ends with this object.
final class WorkerProcess {
    private let identifier: pid_t
    private let channel: Int32
    private let errors: Int32
    /// Of standard output, what has not come to the end of its line.
    private var partialLine: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private(set) var ending: ChildProcess.Ending?
    /// Whether it has said anything.
    private(set) var wasReady = false

    /// How much of standard error is kept: its beginning, where a trap's message stands.
    private static let errorLimit = 64 << 10

    init(isExplaining: Bool) throws(CommandFailure) {
        var (channels, pipes): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &channels) == 0,
            socketpair(AF_UNIX, type, 0, &pipes) == 0
        else {
            for descriptor in channels where descriptor >= 0 { close(descriptor) }
            throw CommandFailure("the system gives no files", hint: "lower --jobs")
        }
        defer {
            close(channels[1])
            close(pipes[1])
        }
        (channel, errors) = (channels[0], pipes[0])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, channels[1], 0)
        posix_spawn_file_actions_adddup2(&actions, channels[1], 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
        do throws(CommandFailure) {
            identifier = try ChildProcess.start(
                ["/proc/self/exe", SimulateWorker.configuration.commandName], actions,
                environment: Self.environment(isExplaining))
        } catch {
            close(channels[0])
            close(pipes[0])
            throw error
        }
    }

    deinit {
        end()
        close(channel)
        close(errors)
    }

    /// A backtrace is wanted of one run at most: it takes longer than most runs.
    private static func environment(_ isExplaining: Bool) -> [String] {
        let name = "SWIFT_BACKTRACE"
        let setting =
            isExplaining
            ? "enable=yes,interactive=no,color=no,threads=crashed,registers=none,images=none,"
                + "limit=16,top=0,output-to=stderr"
            : "enable=no"
        var words: [String] = []
        var position = 0
        while let word = environ[position] {
            words.append(String(cString: word))
            position += 1
        }
        return words.filter { !$0.hasPrefix("\(name)=") } + ["\(name)=\(setting)"]
    }

    func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    channel, $0.baseAddress! + offset, bytes.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            // It is gone, as whoever waits for its answer will see.
            guard count > 0 else { return }
            offset += count
        }
    }

    /// What it says within `milliseconds`, if it says anything. `ending` is known once it is gone
    /// and everything that it said was read.
    func lines(within milliseconds: Int32) -> [String] {
        var descriptors = [
            pollfd(fd: channel, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds) > 0 else { return [] }
        if descriptors[1].revents & Int16(POLLIN) != 0 { readErrors() }
        guard descriptors[0].revents != 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(channel, &bytes, bytes.count)
        guard count > 0 else {
            if count == 0 || errno != EINTR { waitForEnd() }
            return []
        }
        wasReady = true
        var parts = bytes[..<count].split(separator: 10, omittingEmptySubsequences: false)
        let rest = parts.removeLast()
        let lines = parts.enumerated().map { number, part in
            String(decoding: number == 0 ? partialLine + part : Array(part), as: UTF8.self)
        }
        partialLine = lines.isEmpty ? partialLine + rest : Array(rest)
        return lines
    }

    /// Says whether there was something to read.
    @discardableResult
    private func readErrors() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(errors, &bytes, bytes.count)
        guard count > 0 else { return false }
        errorBytes += bytes[..<count].prefix(max(0, Self.errorLimit - errorBytes.count))
        return true
    }

    private func waitForEnd() {
        var status: Int32 = 0
        while ending == nil {
            // A backtrace that nobody reads would keep it from ending.
            var descriptor = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 20) > 0, readErrors() { continue }
            usleep(1_000)
            if waitpid(identifier, &status, WNOHANG) == identifier {
                ending = ChildProcess.Ending(status: status)
            }
        }
    }

    /// The lines on its standard error.
    var lastWords: [String] {
        String(decoding: errorBytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// How much time of a processor it has had: what other processes do does not count.
    var processorTime: Instant {
        var clock = clockid_t()
        var time = timespec()
        guard ending == nil, clock_getcpuclockid(identifier, &clock) == 0,
            clock_gettime(clock, &time) == 0
        else { return Instant(nanoseconds: 0) }
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Ends it, whatever it does.
    func end() {
        guard ending == nil else { return }
        kill(identifier, SIGKILL)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        ending = ChildProcess.Ending(status: status)
    }
}
