import BFTBase
import BFTSimulator
import Glibc

/// Carries out runs for `bft simulate`, one after another, in a process of their own. What is to be
/// run comes in lines on standard input, what happens goes out in lines on standard output.
struct SimulateWorker: Command {
    static let configuration = CommandConfiguration(
        commandName: "simulate-worker", abstract: "Carries out the runs of a simulation.",
        isHidden: true)

    let protocols: [SimulatedProtocol]
    let version: String

    /// No run needs a tenth of this. One that eats memory is to end before the machine does.
    private static let memoryLimit: rlim_t = 4 << 30

    func run(_ console: Console) throws {
        try HangUp.endProcess()
        var limit = rlimit(rlim_cur: Self.memoryLimit, rlim_max: Self.memoryLimit)
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        console.print(RunNews.ready.line)
        while let line = readLine() {
            let news: RunNews
            do {
                news = .outcome(try outcome(line, console))
            } catch let error as UsageError {
                news = .error(error.message)
            } catch {
                news = .error("\(error)")
            }
            console.print(news.line)
        }
    }

    private func outcome(_ line: String, _ console: Console) throws -> RunOutcome {
        guard let request = RunRequest(line: line) else {
            throw UsageError("'\(line)' asks for no run", hint: "")
        }
        let command = Simulate(protocols: protocols, version: version)
        try ArgumentParser(command).parse(request.arguments)
        try command.validate()
        var options = RunOptions()
        options.isRecordingDecisions = request.isRecordingDecisions
        options.isRecordingFeatures = request.isRecordingFeatures
        options.decisionListener = { console.print(RunNews.decision($0).line) }
        if let window = request.window {
            options.recorder = TraceRecorder(window: window)
            options.recorder?.listener = { console.print(RunNews.event($0).line) }
        }
        return try command.simulated.run(command.scenario, options)
    }
}

/// Ends a worker whose master is gone, be it in the middle of a run that never ends.
private enum HangUp {
    static func endProcess() throws(CommandFailure) {
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { _ in
                // Asked for nothing, the call returns once the other side is closed.
                var descriptor = pollfd(fd: 0, events: 0, revents: 0)
                while poll(&descriptor, 1, -1) < 0 {}
                _exit(0)
            }, nil)
        guard status == 0 else {
            throw CommandFailure("the system gives no thread", hint: "lower --jobs")
        }
        pthread_detach(thread)
    }
}
