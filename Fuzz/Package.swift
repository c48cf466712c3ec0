// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Built by `make fuzz`, with the compiler's fuzzing instrumentation.
let package = Package(
    name: "swift-bft-fuzz",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        // What is done with an input, and what has to hold. Tests/FuzzCorpusTests has it, too.
        .target(
            name: "FuzzTargets",
            dependencies: [
                .product(name: "PostQuantum", package: "swift-bft"),
                .product(name: "BLAKE3", package: "swift-bft"),
            ],
            swiftSettings: settings),
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", "FuzzTargets"], swiftSettings: settings,
            // gold, the default, fails on instrumented objects. lld would take the counters for
            // unused, as nothing refers to them but the bounds of their section.
            linkerSettings: [
                .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "nostart-stop-gc"])
            ]),
    ]
)
