import BFTBase
import BFTConfiguration
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import BFTCommands

/// Keys whose public half is their file reversed, padded to the length of the scheme.
struct StandInServices: NodeServices {
    static let counter = Atomic<UInt8>(0)

    func generateKey(scheme: SignatureSchemeName) -> GeneratedKey {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        let contents = [UInt8](repeating: number, count: scheme.publicKeyByteCount)
        return GeneratedKey(keyFileContents: contents, publicKey: contents)
    }

    func publicKey(ofKeyFile contents: [UInt8], scheme: SignatureSchemeName) -> [UInt8] { contents }

    /// A network carries what four validators say, and no more.
    func checkMessages(of genesis: Genesis) throws {
        guard genesis.validators.count > 4 else { return }
        throw CommandFailure(
            "too many validators: \(genesis.validators.count)", hint: "name at most 4")
    }

    /// Any certificate will do that begins with the last block.
    func verify(_ proof: BlockProof, on genesis: Genesis) throws -> VerifiedBlock {
        guard proof.certificate.starts(with: proof.blocks[proof.blocks.count - 1]) else {
            throw CommandFailure("it commits another block", hint: "")
        }
        return VerifiedBlock(
            height: UInt64(proof.blocks[0][0]), digest: "aa", signers: [0], power: 1, totalPower: 1)
    }

    func runNode(_ home: NodeHome, stop: StopRequest) throws {
        throw CommandFailure("ran node \(home.validatorIndex)", hint: "")
    }
}

/// Runs `body` with a directory of its own.
private func withDirectory(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(
        path: "bft-\(UUID().uuidString)"
    ).path
    try HomeFiles.makeDirectory(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

private func run(_ arguments: [String]) -> (code: Int32, output: String, errors: String) {
    let recording = Recording()
    let program = Program(
        name: "bft", abstract: "", version: "", entries: ProgramEntries.node(StandInServices()))
    let code = program.run(arguments, console: recording.console)
    return (code, recording.output, recording.errors)
}

private func shell(_ script: String, in directory: String) throws -> ChildProcess {
    try ChildProcess.spawn(
        name: "child", executable: "/bin/sh", arguments: ["-c", script],
        logPath: "\(directory)/log")
}

private func wait(for child: ChildProcess) -> ChildProcess.Ending? {
    for _ in 0..<1_000 {
        if let ending = child.check() { return ending }
        usleep(10_000)
    }
    return nil
}

@Suite struct LocalnetTests {
    @Test("A new network's homes load, and belong to one chain")
    func creation() throws {
        try withDirectory { directory in
            let files = LocalnetFiles(directory: "\(directory)/a/b")
            #expect(try files.existing().isEmpty)
            let homes = try files.create(
                count: 4, ports: .init(resp: 100, http: 200, peer: 300), protocolName: .simplex,
                scheme: .ed25519, logLevels: "info,x=debug", services: StandInServices())
            #expect(homes.map(\.validatorIndex) == [0, 1, 2, 3])
            #expect(homes.allSatisfy { $0.genesis == homes[0].genesis })
            #expect(homes.map(\.settings.resp.listen.port) == [100, 101, 102, 103])
            #expect(homes.map(\.settings.http.listen.port) == [200, 201, 202, 203])
            #expect(homes[3].peerAddress(of: 2).port == 302)
            #expect(try files.existing() == homes)
            var status = stat()
            #expect(stat(homes[0].keyFile, &status) == 0 && status.st_mode & 0o777 == 0o600)
            try HomeFiles.write("x", to: "\(directory)/a/b/other")
            try files.removeHomes()
            #expect(try files.existing().isEmpty)
            #expect(HomeFiles.exists("\(directory)/a/b/other"))
        }
    }

    @Test("Options that contradict the network that is there are refused")
    func contradictions() throws {
        try withDirectory { directory in
            let files = LocalnetFiles(directory: directory)
            _ = try files.create(
                count: 2, ports: .init(), protocolName: .simplex, scheme: .ed25519,
                logLevels: "info", services: StandInServices())
            let result = run([
                "localnet", "--directory", directory, "--validators", "3", "--scheme",
                "ml-dsa-87", "--resp-port", "6400",
            ])
            #expect(result.code == 1)
            #expect(
                result.errors.contains("holds a network with --validators 2, --scheme ed25519\n"))
            #expect(result.errors.contains("--fresh"))
        }
    }

    @Test("A port in use is named before anything is started")
    func takenPort() throws {
        let server = LoopbackServer { _ in }
        try withDirectory { directory in
            let files = LocalnetFiles(directory: directory)
            let port = Int(server.endpoint.port)
            _ = try files.create(
                count: 1, ports: .init(resp: 0, http: port, peer: 1), protocolName: .simplex,
                scheme: .ed25519, logLevels: "info", services: StandInServices())
            let text = String(
                decoding: try ConfigurationFile.read(
                    "\(directory)/node0/node.toml", byteLimit: 1 << 20), as: UTF8.self)
            try HomeFiles.write(
                text.replacing("127.0.0.1:1\"", with: "127.0.0.1:0\""),
                to: "\(directory)/node0/node.toml")
            let result = run(["localnet", "--directory", directory])
            #expect(result.code == 1)
            #expect(result.errors.contains("can't serve HTTP on 127.0.0.1:\(port)"))
            #expect(!HomeFiles.exists("\(directory)/node0/log"))
        }
    }

    @Test("A home has one node at a time, and a stale pid file stands in nobody's way")
    func pidFile() throws {
        try withDirectory { directory in
            try HomeFiles.write("99999999\n", to: "\(directory)/pid")
            #expect(PidFile.holder(home: directory) == nil)
            do {
                let lock = try PidFile(home: directory)
                #expect(PidFile.holder(home: directory) == Int(getpid()))
                #expect(throws: CommandFailure.self) { _ = try PidFile(home: directory) }
                #expect(throws: CommandFailure.self) {
                    try LocalnetFiles(directory: "").refuseRunning([directory])
                }
                withExtendedLifetime(lock) {}
            }
            #expect(!HomeFiles.exists("\(directory)/pid"))
            #expect(PidFile.holder(home: directory) == nil)
        }
    }

    @Test("How a child ended is known, and what it wrote is kept")
    func children() throws {
        try withDirectory { directory in
            let failing = try shell("echo one; echo two >&2; exit 3", in: directory)
            #expect(wait(for: failing) == .exited(3))
            #expect(failing.lastLines(5) == ["one", "two"])
            let sleeping = try shell("exec sleep 600", in: directory)
            #expect(sleeping.check() == nil)
            sleeping.send(SIGKILL)
            #expect(wait(for: sleeping) == .killed(SIGKILL))
            #expect(throws: CommandFailure.self) {
                try ChildProcess.spawn(
                    name: "x", executable: "\(directory)/none", arguments: [],
                    logPath: "\(directory)/log")
            }
        }
    }

    @Test("A node that ends before the network is ready is named with its last words")
    func earlyEnd() throws {
        try withDirectory { directory in
            let child = try shell("echo no disk; exit 2", in: directory)
            let supervisor = Supervisor([child], grace: .seconds(1)) { _, _ in }
            let failure = #expect(throws: CommandFailure.self) {
                _ = try supervisor.waitUntilReady(within: .seconds(30)) { false }
            }
            #expect(failure?.message.contains("exit code 2") == true)
            #expect(failure?.message.contains("no disk") == true)
        }
    }

    @Test("Children stop when asked, and one that does not is killed")
    func stopping() throws {
        try withDirectory { directory in
            let willing = try shell("exec sleep 600", in: directory)
            let stubborn = try shell(
                "trap '' TERM; echo up; while true; do sleep 0.05; done", in: directory)
            while stubborn.lastLines(1).isEmpty { usleep(10_000) }
            var killed: [pid_t] = []
            let supervisor = Supervisor([willing, stubborn], grace: .milliseconds(500)) {
                child, event in
                #expect(event == .overdue)
                killed.append(child.identifier)
            }
            supervisor.stopAll()
            // It may have been too slow on a busy machine; it is never left running.
            #expect(willing.ending != nil)
            #expect(stubborn.ending == .killed(SIGKILL))
            #expect(killed.contains(stubborn.identifier))
        }
    }
}

@Suite struct HomeCommandTests {
    @Test("init makes a home that start accepts, and never overwrites one")
    func initialise() throws {
        try withDirectory { directory in
            let home = "\(directory)/x/home"
            let made = run(["init", "--home", home, "--scheme", "ed25519", "--json"])
            #expect(made.code == 0, "\(made.errors)")
            let shown = try JSONReader.read(Array(made.output.utf8))
            #expect(shown["name"]?.text == "node0")
            let loaded = try NodeHome.load(home)
            #expect(loaded.genesis.validators.count == 1)
            let again = run(["init", "--home", home])
            #expect(again.code == 1)
            #expect(again.errors.contains("is a home already"))
        }
    }

    @Test("start refuses a key that others can read, and one of another validator")
    func keys() throws {
        try withDirectory { directory in
            #expect(run(["init", "--home", directory, "--scheme", "ed25519"]).code == 0)
            let key = "\(directory)/validator.key"
            chmod(key, 0o640)
            let readable = run(["start", "--home", directory])
            #expect(readable.code == 1)
            #expect(readable.errors.contains("chmod 600"))
            unlink(key)
            try HomeFiles.writeKey([UInt8](repeating: 255, count: 32), to: key)
            let foreign = run(["start", "--home", directory])
            #expect(foreign.code == 1)
            #expect(foreign.errors.contains("is not the key of 'node0'"))
        }
    }

    @Test("A second node joins a chain with the key whose public half the genesis holds")
    func joining() throws {
        try withDirectory { directory in
            let key = "\(directory)/b.key"
            let made = run(["keygen", "--scheme", "ed25519", "--out", key, "--json"])
            #expect(made.code == 0, "\(made.errors)")
            #expect(run(["keygen", "--scheme", "ed25519", "--out", key]).code == 1)
            #expect(run(["init", "--home", "\(directory)/a", "--scheme", "ed25519"]).code == 0)
            var genesis = try Genesis.load(path: "\(directory)/a/genesis.json")
            genesis.validators.append(
                GenesisValidator(
                    name: "b", power: 2,
                    publicKey: try ConfigurationFile.read(key, byteLimit: 1_000),
                    peerAddress: Endpoint(host: "b.example", port: 7_500)))
            try HomeFiles.write(genesis.json, to: "\(directory)/g.json")
            let arguments = [
                "init", "--home", "\(directory)/b", "--genesis", "\(directory)/g.json",
            ]
            #expect(run(arguments).code == 64)
            #expect(run(arguments + ["--key", key]).code == 1)
            let joined = run(arguments + ["--key", key, "--name", "b"])
            #expect(joined.code == 0, "\(joined.errors)")
            let home = try NodeHome.load("\(directory)/b")
            #expect(home.validatorIndex == 1)
            #expect(home.settings.network.listen.port == 7_500)
        }
    }

    @Test("A request to stop runs every action once, whenever it was given")
    func stopRequest() {
        let count = Atomic<Int>(0)
        let request = StopRequest()
        request.onRequest { count.add(1, ordering: .relaxed) }
        request.request()
        request.request()
        request.onRequest { count.add(10, ordering: .relaxed) }
        #expect(count.load(ordering: .relaxed) == 11)
        #expect(request.isRequested)
    }
}
