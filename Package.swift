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
        // Cryptography of its own.
        .target(name: "CBLAKE3Kernels"),
        .target(name: "BLAKE3", dependencies: ["CBLAKE3Kernels"], swiftSettings: common),
        // Tests.
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
        .testTarget(name: "BLAKE3Tests", dependencies: ["BLAKE3"], swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
