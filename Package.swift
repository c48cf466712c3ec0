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
        .library(name: "BFTStorage", targets: ["BFTStorage"]),
        .library(name: "BFTRocksDB", targets: ["BFTRocksDB"]),
    ],
    targets: [
        // What everything is built from.
        .target(name: "BFTBase", swiftSettings: pure),
        .target(name: "BFTWire", dependencies: ["BFTBase"], swiftSettings: pure),
        // Storage.
        .target(name: "CStorage"),
        .target(
            name: "BFTStorage", dependencies: ["BFTBase", "BFTWire", "CStorage"],
            swiftSettings: common),
        .systemLibrary(name: "CRocksDB"),
        .target(
            name: "BFTRocksDB", dependencies: ["BFTBase", "BFTWire", "BFTStorage", "CRocksDB"],
            swiftSettings: common),
        // Tests.
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(
            name: "BFTWireTests", dependencies: ["BFTBase", "BFTWire"], swiftSettings: common),
        .testTarget(
            name: "BFTStorageTests", dependencies: ["BFTBase", "BFTWire", "BFTStorage"],
            swiftSettings: common),
        .testTarget(
            name: "BFTRocksDBTests", dependencies: ["BFTBase", "BFTStorage", "BFTRocksDB", "CRocksDB"],
            swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
