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
    products: [],
    targets: [
        // What everything is built from.
        .target(name: "BFTBase", swiftSettings: pure),
        .target(name: "BFTWire", dependencies: ["BFTBase"], swiftSettings: pure),
        // Cryptography, and the wire between two validators.
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "BFTCrypto", dependencies: ["BFTBase", "BFTWire", "COpenSSL"],
            swiftSettings: common),
        .target(
            name: "BFTTransport", dependencies: ["BFTBase", "BFTWire", "BFTCrypto"],
            swiftSettings: pure),
        // Tests.
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(
            name: "BFTWireTests", dependencies: ["BFTBase", "BFTWire"], swiftSettings: common),
        .testTarget(
            name: "BFTCryptoTests", dependencies: ["BFTBase", "BFTWire", "BFTCrypto"],
            swiftSettings: common),
        .testTarget(
            name: "BFTTransportTests",
            dependencies: ["BFTBase", "BFTWire", "BFTCrypto", "BFTTransport"],
            swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
