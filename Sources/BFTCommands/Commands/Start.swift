import BFTConfiguration
import BFTLogging
import Glibc

/// `bft start`: runs one node.
package struct Start: NodeCommand {
    package static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Runs the node of a home until it is told to stop.",
        discussion: """
            SIGINT (Ctrl-C) or SIGTERM stops it in order; a second one ends it at once. While it
            runs, the file 'pid' of the home holds its process number.
            """,
        examples: ["bft start --home /var/lib/bft", "bft start --home .localnet/node2"])

    @Option(valueName: "PATH", help: "The directory that 'bft init' made.") var home: String
    @Option(name: "log-level", help: "The log levels, instead of those of node.toml.")
    var logLevel: String? = nil

    private let services: any NodeServices

    package init(services: any NodeServices) { self.services = services }

    package func validate() throws(UsageError) {
        if let logLevel { _ = try LogLevelsText.levels(logLevel) }
    }

    package func run(_ console: Console) throws {
        let node = try NodeHome.load(home)
        try checkKey(node)
        let format = node.settings.log.format
        let levels = try logLevel.map(LogLevelsText.levels) ?? node.settings.log.levels
        LoggingSystem.bootstrap {
            LineLogHandler(label: $0, format: format, level: levels.level(of: $0))
        }
        let lock = try PidFile(home: home)
        let stop = StopRequest()
        StopSignals.deliver(to: stop)
        defer { withExtendedLifetime(lock) {} }
        try services.runNode(node, stop: stop)
    }

    /// Throws unless the key file is private and belongs to the validator of the genesis.
    private func checkKey(_ node: NodeHome) throws {
        let path = node.keyFile
        let contents = try ConfigurationFile.read(path, byteLimit: 64 << 10)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                "\(path) can be read by others than its owner", hint: "run: chmod 600 \(path)")
        }
        let key = try services.publicKey(ofKeyFile: contents, scheme: node.genesis.scheme)
        let validator = node.genesis.validators[node.validatorIndex]
        guard key == validator.publicKey else {
            throw CommandFailure(
                "\(path) is not the key of '\(validator.name)' in the genesis file",
                hint: "check [node] name and [crypto] key_path in node.toml")
        }
    }
}

/// Turns `SIGINT` and `SIGTERM` into a request to stop.
enum StopSignals {
    /// To be called before other threads start: they inherit that the signals are held.
    static func deliver(to stop: StopRequest) {
        signal(SIGPIPE, SIG_IGN)
        var signals = held
        sigprocmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(stop).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let stop = Unmanaged<StopRequest>.fromOpaque(context).takeRetainedValue()
                var signals = StopSignals.held
                var received: Int32 = 0
                while sigwait(&signals, &received) == 0 {
                    // A second signal: somebody does not want to wait.
                    guard !stop.isRequested else { _exit(1) }
                    stop.request()
                }
                return nil
            }, context)
        pthread_detach(thread)
    }

    private static var held: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }
}
