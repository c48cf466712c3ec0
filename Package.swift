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
        .library(name: "PostQuantum", targets: ["PostQuantum"])
    ],
    targets: [
        // What everything is built from.
        .target(name: "BFTBase", swiftSettings: pure),
        // ML-DSA and ML-KEM, with vector kernels that are chosen at run time.
        .target(name: "CPostQuantumKernels"),
        .target(
            name: "PostQuantum", dependencies: ["CPostQuantumKernels"], swiftSettings: common),
        // Tests.
        .testTarget(
            name: "PostQuantumTests", dependencies: ["PostQuantum", "CPostQuantumKernels"],
            swiftSettings: common),
        .testTarget(name: "BFTBaseTests", dependencies: ["BFTBase"], swiftSettings: common),
    ],
    cxxLanguageStandard: .cxx20
)
