// swift-tools-version: 6.2
import PackageDescription

/// Every target: warnings are errors, imports say what they mean.
let common: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// Targets with generic types that other targets make concrete: without their bodies at hand, each
/// use of a type parameter is a call through a table. Measured in `Docs/decisions`, 0172.
///
/// Optimised in debug builds, too: the tests are whole networks that run for seconds.
let generic: [SwiftSetting] =
    common + [
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
        .unsafeFlags(["-O"], .when(configuration: .debug)),
    ]

/// The targets that decide: they never touch a pointer without saying so.
let pure: [SwiftSetting] = generic + [.strictMemorySafety()]

let package = Package(
    name: "swift-bft",
    // A validator runs on Linux. What decides, the key-value store and the simulator are compiled
    // wherever Swift is; on Apple's systems, `InlineArray` and spans came with these.
    platforms: [.macOS(.v26), .iOS(.v26), .tvOS(.v26), .watchOS(.v26), .visionOS(.v26)],
    products: [
        .library(name: "BFT", targets: ["BFT"]),
        .executable(name: "bft", targets: ["bft"]),
        .library(name: "PostQuantum", targets: ["PostQuantum"]),
        .library(
            name: "KeyValueStore",
            targets: ["KeyValueStore", "BFTApplication", "BFTCore", "BFTWire", "BFTBase"]),
        .library(name: "BFTRocksDB", targets: ["BFTRocksDB"]),
        .library(name: "BFTStorage", targets: ["BFTStorage"]),
        .library(name: "BFTDisk", targets: ["BFTDisk"]),
        .library(name: "BLAKE3", targets: ["BLAKE3"]),
        .library(
            name: "BFTSockets", targets: ["BFTSockets", "BFTTransport", "BFTCrypto", "BFTBase"]),
    ],
    targets: [
        // What everything is built from.
        .target(name: "BFTBase", swiftSettings: pure),
        .target(name: "BFTWire", dependencies: ["BFTBase", "BLAKE3"], swiftSettings: pure),
        // Primitives of their own, usable alone; vector kernels are chosen at run time.
        .target(name: "CBLAKE3Kernels"),
        .target(name: "BLAKE3", dependencies: ["CBLAKE3Kernels"], swiftSettings: common),
        .target(name: "CPostQuantumKernels"),
        .target(
            name: "PostQuantum", dependencies: ["CPostQuantumKernels"], swiftSettings: common),
        // What decides: no I/O, no clock, no randomness.
        .target(name: "BFTCore", dependencies: ["BFTBase", "BFTWire"], swiftSettings: pure),
        .target(
            name: "ProtocolSimplex", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(
            name: "ProtocolPBFT", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(
            name: "ProtocolHotStuff", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(
            name: "BFTLedger", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        // What an application is, and the one that is built in.
        .target(
            name: "BFTApplication", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(name: "CPrefetch"),
        .target(
            name: "KeyValueStore",
            dependencies: ["BFTBase", "BFTWire", "BFTCore", "BFTApplication", "CPrefetch"],
            swiftSettings: pure),
        // Keys and signatures, and the wire between two validators.
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "BFTCrypto", dependencies: ["BFTBase", "BFTWire", "PostQuantum", "COpenSSL"],
            swiftSettings: generic),
        .target(
            name: "BFTTransport", dependencies: ["BFTBase", "BFTWire", "BFTCrypto"],
            swiftSettings: pure),
        // What survives a crash: its forms, and a disk in memory that fails.
        .target(name: "CChecksum"),
        .target(
            name: "BFTStorage", dependencies: ["BFTBase", "BFTWire", "CChecksum"],
            swiftSettings: generic),
        // The disk of a machine, and the threads that wait for it.
        .target(name: "CSystemCalls"),
        .target(
            name: "BFTDisk", dependencies: ["BFTBase", "BFTStorage", "CSystemCalls"],
            swiftSettings: generic),
        .systemLibrary(name: "CRocksDB"),
        .target(
            name: "BFTRocksDB", dependencies: ["BFTBase", "BFTWire", "BFTStorage", "CRocksDB"],
            swiftSettings: generic),
        // The committed chain on disk, with the application at its head.
        .target(
            name: "BFTChain",
            dependencies: [
                "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger", "BFTStorage",
            ],
            swiftSettings: generic),
        // The event loop and its sockets.
        .systemLibrary(
            name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .target(
            name: "BFTSockets",
            dependencies: ["BFTBase", "BFTCrypto", "BFTTransport", "CLibUV"],
            swiftSettings: generic),
        // What clients meet.
        .systemLibrary(
            name: "CMicroHTTP", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(
            name: "BFTServer",
            dependencies: ["BFTBase", "BFTWire", "BFTApplication", "CMicroHTTP"],
            swiftSettings: generic),
        // A validator: all of the above but a concrete protocol.
        .target(
            name: "BFTNode",
            dependencies: [
                "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger", "BFTCrypto",
                "BFTTransport", "BFTStorage", "BFTDisk", "BFTChain", "BFTRocksDB", "BFTSockets",
                "BFTServer", "BFTConfiguration", "BFTLogging",
            ],
            swiftSettings: generic),
        // What a program imports that holds a validator.
        .target(
            name: "BFT",
            dependencies: [
                "BFTBase", "BFTCore", "BFTApplication", "BFTCrypto", "BFTLedger",
                "BFTNode", "BFTConfiguration", "ProtocolSimplex", "ProtocolPBFT",
                "ProtocolHotStuff",
                "KeyValueStore",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "Embedding",
            // It imports BFT alone. The others stand here because the build compiles a target
            // again only when a module that is named here has changed.
            dependencies: [
                "BFT", "BFTBase", "BFTCore", "BFTApplication", "BFTCrypto", "BFTLedger",
                "BFTNode",
                "BFTConfiguration", "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff",
                "KeyValueStore",
            ],
            path: "Examples/Embedding", swiftSettings: common),
        // A world to run replicas in.
        .target(
            name: "BFTSimulator",
            dependencies: [
                "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger", "BFTStorage",
                "BFTChain", "KeyValueStore",
            ],
            swiftSettings: generic),
        // What the simulator must know of each protocol.
        .target(
            name: "SimulatedProtocols",
            dependencies: [
                "BFTBase", "BFTCore", "BFTLedger", "BFTSimulator", "ProtocolSimplex",
                "ProtocolPBFT", "ProtocolHotStuff",
            ], swiftSettings: pure),
        // The command line, and what it reads and writes.
        .target(name: "BFTLogging", swiftSettings: common),
        .target(name: "CToml"),
        .target(
            name: "BFTConfiguration", dependencies: ["BFTBase", "BFTWire", "CToml", "BFTLogging"],
            swiftSettings: common),
        .target(name: "CEpoll"),
        .target(
            name: "BFTCommands",
            dependencies: [
                "BFTBase", "BFTWire", "BFTConfiguration", "BFTSimulator", "CEpoll", "BFTLogging",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "bft",
            // Those that it doesn't import stand here because their generic types are compiled
            // into it, and the build compiles it again only when a module named here has changed.
            dependencies: [
                "BFTCommands", "BFTConfiguration", "BFTBase", "BFTWire", "BFTCore",
                "BFTApplication", "BFTCrypto", "BFTNode", "BFTSimulator", "KeyValueStore",
                "ProtocolSimplex",
                "ProtocolPBFT", "ProtocolHotStuff", "SimulatedProtocols", "BFTLedger",
                "BFTStorage", "BFTDisk", "BFTChain", "BFTRocksDB", "BFTTransport", "BFTSockets",
                "BFTServer",
            ],
            swiftSettings: common),
        // Tests, and what they have in common.
        .target(
            name: "BFTTestKit", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            path: "Tests/BFTTestKit", swiftSettings: generic),
        .target(
            name: "BFTWrongRules",
            dependencies: [
                "BFTBase", "BFTCore", "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff",
            ],
            path: "Tests/BFTWrongRules", swiftSettings: generic),
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(name: "BLAKE3Tests", dependencies: ["BLAKE3"], swiftSettings: common),
        .testTarget(
            name: "BFTWireTests", dependencies: ["BFTBase", "BFTWire"], swiftSettings: common),
        .testTarget(
            name: "BFTSimulatorTests",
            dependencies: [
                "BFTBase", "BFTWire", "BFTCore", "BFTCrypto", "BFTLedger", "ProtocolSimplex",
                "ProtocolPBFT", "ProtocolHotStuff", "BFTSimulator", "SimulatedProtocols",
                "BFTWrongRules",
            ],
            exclude: ["World/PinnedRuns.txt"], swiftSettings: common),
        .testTarget(
            name: "ProtocolSimplexTests",
            dependencies: [
                "BFTTestKit", "BFTWrongRules", "BFTBase", "BFTWire", "BFTCore", "ProtocolSimplex",
            ],
            exclude: ["Transcripts"], swiftSettings: common),
        .testTarget(
            name: "ProtocolPBFTTests",
            dependencies: [
                "BFTTestKit", "BFTWrongRules", "BFTBase", "BFTWire", "BFTCore", "ProtocolPBFT",
            ],
            exclude: ["Transcripts"], swiftSettings: common),
        .testTarget(
            name: "ProtocolHotStuffTests",
            dependencies: [
                "BFTTestKit", "BFTWrongRules", "BFTBase", "BFTWire", "BFTCore", "ProtocolHotStuff",
            ],
            exclude: ["Transcripts"], swiftSettings: common),
        .testTarget(
            name: "BFTLedgerTests",
            dependencies: [
                "BFTTestKit", "BFTBase", "BFTWire", "BFTCore", "BFTLedger", "ProtocolSimplex",
            ],
            swiftSettings: common),
        .testTarget(
            name: "BFTCoreTests", dependencies: ["BFTTestKit", "BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: common),
        .testTarget(
            name: "BFTSocketsTests", dependencies: ["BFTTestKit", "BFTBase", "BFTSockets"],
            swiftSettings: common),
        .testTarget(
            name: "BFTTransportTCPTests",
            dependencies: ["BFTTestKit", "BFTBase", "BFTCrypto", "BFTTransport", "BFTSockets"],
            swiftSettings: common),
        .testTarget(
            name: "BFTCryptoTests",
            dependencies: ["BFTTestKit", "BFTBase", "BFTWire", "BFTCrypto"],
            swiftSettings: common),
        .testTarget(
            name: "BFTTransportTests",
            dependencies: ["BFTBase", "BFTWire", "BFTCrypto", "BFTTransport"],
            swiftSettings: common),
        .testTarget(
            name: "BFTStorageTests",
            dependencies: ["BFTTestKit", "BFTBase", "BFTWire", "BFTStorage", "BFTDisk"],
            swiftSettings: common),
        .testTarget(
            name: "BFTRocksDBTests",
            dependencies: [
                "BFTTestKit", "BFTBase", "BFTStorage", "BFTDisk", "BFTRocksDB", "CRocksDB",
            ],
            swiftSettings: common),
        .testTarget(
            name: "BFTApplicationTests",
            dependencies: ["BFTBase", "BFTWire", "BFTCore", "BFTApplication"],
            swiftSettings: common),
        .testTarget(
            name: "KeyValueStoreTests",
            dependencies: ["BFTBase", "BFTWire", "BFTApplication", "KeyValueStore"],
            swiftSettings: common),
        .testTarget(
            name: "BFTServerTests",
            dependencies: ["BFTTestKit", "BFTBase", "BFTApplication", "BFTServer"],
            swiftSettings: common),
        .testTarget(
            name: "BFTNodeTests",
            dependencies: [
                "BFTTestKit",
                "BFT", "BFTBase", "BFTWire", "BFTCore", "BFTApplication", "BFTLedger",
                "BFTCrypto", "BFTTransport", "BFTStorage", "BFTDisk", "BFTChain", "BFTRocksDB",
                "BFTConfiguration", "BFTServer", "BFTSockets", "BFTNode", "KeyValueStore",
                "BFTLogging", "ProtocolSimplex", "ProtocolPBFT", "ProtocolHotStuff",
            ], swiftSettings: common),
        .testTarget(name: "BFTLoggingTests", dependencies: ["BFTLogging"], swiftSettings: common),
        .testTarget(
            name: "BFTConfigurationTests",
            dependencies: ["BFTBase", "BFTWire", "BFTConfiguration"], swiftSettings: common),
        .testTarget(
            name: "BFTCommandsTests",
            dependencies: [
                "BFTTestKit", "BFTBase", "BFTCommands", "BFTConfiguration", "BFTSimulator",
                "BFTLogging", "ProtocolSimplex",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PostQuantumTests", dependencies: ["PostQuantum", "CPostQuantumKernels"],
            swiftSettings: common),
        // The corpus of the fuzz targets, which it shares with the package in Fuzz.
        .testTarget(
            name: "FuzzCorpusTests", dependencies: ["BLAKE3", "PostQuantum"],
            swiftSettings: common),
        // A simulator whose hosts trap: what `bft simulate` makes of it is tested with it.
        .executableTarget(
            name: "FailingSimulator",
            dependencies: [
                "BFTCommands", "BFTBase", "BFTCore", "BFTLedger", "BFTSimulator",
                "ProtocolSimplex", "SimulatedProtocols",
            ], swiftSettings: common),
        .testTarget(
            name: "ProcessTests",
            dependencies: ["BFTTestKit", "bft", "Embedding", "FailingSimulator"],
            swiftSettings: common),
        .testTarget(name: "TidyTests", swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
