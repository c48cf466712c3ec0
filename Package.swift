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
        // The command line, and what it reads and writes.
        .target(name: "Logging", swiftSettings: common),
        .target(name: "CToml"),
        .target(name: "CEpoll"),
        .target(
            name: "BFTConfiguration", dependencies: ["BFTBase", "BFTWire", "CToml", "Logging"],
            swiftSettings: common),
        .target(
            name: "BFTCommands",
            dependencies: ["BFTBase", "BFTWire", "BFTConfiguration", "CEpoll", "Logging"],
            swiftSettings: common),
        .executableTarget(name: "bft", dependencies: ["BFTCommands"], swiftSettings: common),
        // Tests.
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(
            name: "BFTWireTests", dependencies: ["BFTBase", "BFTWire"], swiftSettings: common),
        .testTarget(name: "LoggingTests", dependencies: ["Logging"], swiftSettings: common),
        .testTarget(
            name: "BFTConfigurationTests",
            dependencies: ["BFTBase", "BFTWire", "BFTConfiguration"], swiftSettings: common),
        .testTarget(
            name: "BFTCommandsTests",
            dependencies: ["BFTBase", "BFTCommands", "BFTConfiguration", "Logging"],
            swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
