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

/// The targets that decide: they never touch a pointer without saying so.
let pure: [SwiftSetting] = common + [.strictMemorySafety()]

let package = Package(
    name: "swift-bft",
    products: [
        .library(name: "BLAKE3", targets: ["BLAKE3"])
    ],
    targets: [
        // What everything is built from.
        .target(name: "BFTBase", swiftSettings: pure),
        .target(name: "BFTWire", dependencies: ["BFTBase", "BLAKE3"], swiftSettings: pure),
        // Cryptography of its own.
        .target(name: "BLAKE3", swiftSettings: common),
        // What decides.
        .target(name: "BFTCore", dependencies: ["BFTBase", "BFTWire"], swiftSettings: pure),
        .target(
            name: "ProtocolSimplex", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(
            name: "BFTLedger", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: pure),
        .target(
            name: "BFTSimulator", dependencies: ["BFTBase", "BFTWire", "BFTCore", "BFTLedger"],
            swiftSettings: pure),
        // The event loop and its sockets.
        .systemLibrary(
            name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .target(name: "BFTSockets", dependencies: ["BFTBase", "CLibUV"], swiftSettings: common),
        // Tests.
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(name: "BLAKE3Tests", dependencies: ["BLAKE3"], swiftSettings: common),
        .testTarget(
            name: "BFTWireTests", dependencies: ["BFTBase", "BFTWire"], swiftSettings: common),
        .testTarget(
            name: "BFTSimulatorTests",
            dependencies: [
                "BFTBase", "BFTWire", "BFTCore", "BFTLedger", "ProtocolSimplex", "BFTSimulator",
            ],
            swiftSettings: common),
        .testTarget(
            name: "ProtocolSimplexTests",
            dependencies: ["BFTBase", "BFTWire", "BFTCore", "ProtocolSimplex"],
            exclude: ["Transcripts"], swiftSettings: common),
        .testTarget(
            name: "BFTLedgerTests",
            dependencies: ["BFTBase", "BFTWire", "BFTCore", "BFTLedger", "ProtocolSimplex"],
            swiftSettings: common),
        .testTarget(
            name: "BFTCoreTests", dependencies: ["BFTBase", "BFTWire", "BFTCore"],
            swiftSettings: common),
        .testTarget(
            name: "BFTSocketsTests", dependencies: ["BFTBase", "BFTSockets"],
            swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
