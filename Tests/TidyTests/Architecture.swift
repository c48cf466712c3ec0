/// What a target is there for. It decides which words it may use.
enum Role {
    /// Same inputs, same outputs: no I/O, clock, randomness, floating point or concurrency.
    case decides
    /// Touches the machine, or serves those that do.
    case acts
    /// C, or the declaration of a C library.
    case binds
}

/// A row of the architecture: a target, and every module that it may import.
struct TargetRow {
    let name: String
    let role: Role
    let imports: Set<String>

    init(_ name: String, _ role: Role, _ imports: String...) {
        self.name = name
        self.role = role
        self.imports = Set(imports)
    }
}

enum Architecture {
    /// Modules that come with the system. A deciding target imports none of them.
    static let systemModules: Set = [
        "Glibc", "Synchronization", "FoundationEssentials", "Dispatch",
    ]

    /// The targets that are no tests, and stand below `Tests`: what they have in common.
    static let testKits: Set = ["BFTTestKit", "BFTWrongRules"]

    /// The files outside `BFTCrypto` and `BFTSimulator` that may say that a message is verified.
    static let verifyingFiles: Set = [
        "Sources/BFTLedger/Replica/Replica.swift",
        "Sources/BFTLedger/Host/ReplicaHost+Outputs.swift",
    ]

    /// What not every system has that Swift compiles for.
    static let machineModules: Set = [
        "CEpoll", "CLibUV", "CMicroHTTP", "COpenSSL", "CRocksDB", "CSystemCalls", "CToml", "Glibc",
    ]

    /// The targets that are compiled wherever Swift is, with all that they import: those that
    /// decide, but for the transport, whose keys are OpenSSL's, and the world that they are tried
    /// in.
    static let portable =
        table.filter { $0.role == .decides && $0.name != "BFTTransport" }.map(\.name)
        + ["BFTSimulator", "SimulatedProtocols"]

    /// Reading this table is reading the architecture.
    static let table = [
        // What everything is built from.
        TargetRow("BFTBase", .decides),
        TargetRow("BFTWire", .decides, "BFTBase", "BLAKE3"),
        // Primitives of their own, usable alone.
        TargetRow("CBLAKE3Kernels", .binds),
        TargetRow("BLAKE3", .acts, "CBLAKE3Kernels"),
        TargetRow("CPostQuantumKernels", .binds),
        TargetRow("PostQuantum", .acts, "CPostQuantumKernels"),
        // What decides.
        TargetRow("BFTCore", .decides, "BFTBase", "BFTWire"),
        TargetRow("ProtocolSimplex", .decides, "BFTBase", "BFTWire", "BFTCore"),
        TargetRow("ProtocolPBFT", .decides, "BFTBase", "BFTWire", "BFTCore"),
        TargetRow("ProtocolHotStuff", .decides, "BFTBase", "BFTWire", "BFTCore"),
        TargetRow("BFTLedger", .decides, "BFTBase", "BFTWire", "BFTCore"),
        // What an application is, and the one that is built in.
        TargetRow("BFTApplication", .decides, "BFTBase", "BFTWire", "BFTCore"),
        TargetRow("CPrefetch", .binds),
        TargetRow(
            "KeyValueStore", .decides, "BFTBase", "BFTWire", "BFTCore", "BFTApplication",
            "CPrefetch"),
        // Keys and signatures, and the wire between two validators.
        TargetRow("COpenSSL", .binds),
        TargetRow(
            "BFTCrypto", .acts, "BFTBase", "BFTWire", "PostQuantum", "COpenSSL", "Glibc",
            "Synchronization"),
        TargetRow("BFTTransport", .decides, "BFTBase", "BFTWire", "BFTCrypto"),
        // What survives a crash: its forms, and a disk in memory that fails.
        TargetRow("CChecksum", .binds),
        TargetRow("BFTStorage", .acts, "BFTBase", "BFTWire", "CChecksum", "Synchronization"),
        // The disk of a machine, and the threads that wait for it.
        TargetRow("CSystemCalls", .binds),
        TargetRow(
            "BFTDisk", .acts, "BFTBase", "BFTStorage", "CSystemCalls", "Glibc", "Synchronization"),
        TargetRow("CRocksDB", .binds),
        TargetRow(
            "BFTRocksDB", .acts, "BFTBase", "BFTWire", "BFTStorage", "CRocksDB", "Glibc",
            "Synchronization"),
        // The committed chain on disk, with the application at its head.
        TargetRow(
            "BFTChain", .acts, "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger",
            "BFTStorage"),
        // The event loop, its sockets, and the transport on them.
        TargetRow("CLibUV", .binds),
        TargetRow(
            "BFTSockets", .acts, "BFTBase", "BFTCrypto", "BFTTransport", "CLibUV", "Glibc",
            "Synchronization"),
        // What clients meet.
        TargetRow("CMicroHTTP", .binds),
        TargetRow(
            "BFTServer", .acts, "BFTBase", "BFTWire", "BFTApplication", "CMicroHTTP", "Glibc",
            "Synchronization"),
        // A validator: all of the above but a concrete protocol or application.
        TargetRow(
            "BFTNode", .acts, "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger",
            "BFTCrypto", "BFTTransport", "BFTStorage", "BFTDisk", "BFTChain", "BFTRocksDB",
            "BFTSockets", "BFTServer", "BFTConfiguration", "BFTLogging", "Glibc",
            "Synchronization"),
        // What a program imports that holds a validator.
        TargetRow(
            "BFT", .acts, "BFTBase", "BFTCore", "BFTApplication", "BFTCrypto", "BFTLedger",
            "BFTNode", "BFTConfiguration", "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff",
            "KeyValueStore"),
        TargetRow(
            "Embedding", .acts, "BFT", "BFTBase", "BFTCore", "BFTApplication", "BFTCrypto",
            "BFTLedger", "BFTNode", "BFTConfiguration", "ProtocolSimplex", "ProtocolPBFT",
            "ProtocolHotStuff", "KeyValueStore", "Dispatch", "Glibc"),
        // A world to run replicas in.
        TargetRow(
            "BFTSimulator", .acts, "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger",
            "BFTStorage", "BFTChain", "KeyValueStore"),
        // What the simulator must know of each protocol.
        TargetRow(
            "SimulatedProtocols", .acts, "BFTBase", "BFTCore", "BFTLedger", "BFTSimulator",
            "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff"),
        // The command line, and what it reads and writes.
        TargetRow("BFTLogging", .acts, "Glibc", "Synchronization"),
        TargetRow("CToml", .binds),
        TargetRow(
            "BFTConfiguration", .acts, "BFTBase", "BFTWire", "CToml", "BFTLogging", "Glibc"),
        TargetRow("CEpoll", .binds),
        TargetRow(
            "BFTCommands", .acts, "BFTBase", "BFTWire", "BFTConfiguration", "BFTSimulator",
            "CEpoll",
            "BFTLogging", "Glibc", "Synchronization", "FoundationEssentials"),
        // A simulator with planted mistakes, for tests of the command.
        TargetRow(
            "FailingSimulator", .acts, "BFTCommands", "BFTBase", "BFTCore", "BFTLedger",
            "BFTSimulator", "ProtocolSimplex", "SimulatedProtocols", "Glibc"),
        // What tests have in common.
        TargetRow("BFTTestKit", .acts, "BFTBase", "BFTWire", "BFTCore"),
        TargetRow(
            "BFTWrongRules", .acts, "BFTBase", "BFTCore", "ProtocolSimplex", "ProtocolPBFT",
            "ProtocolHotStuff"),
        // The only place that names a protocol and an application.
        TargetRow(
            "bft", .acts, "BFTCommands", "BFTConfiguration", "BFTBase", "BFTWire", "BFTCore",
            "BFTApplication", "BFTCrypto", "BFTNode", "BFTSimulator", "KeyValueStore",
            "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff", "SimulatedProtocols",
            "BFTLedger", "BFTStorage", "BFTDisk", "BFTChain", "BFTRocksDB", "BFTTransport",
            "BFTSockets", "BFTServer", "Glibc"),
    ]

    static func row(_ name: String) -> TargetRow? { table.first { $0.name == name } }
}
