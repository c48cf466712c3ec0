// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        // Speed of every operation, for every instruction set of the processor.
        .executableTarget(
            name: "pq-bench", dependencies: [.product(name: "PostQuantum", package: "swift-bft")]),
        // Whether times depend on secrets.
        .executableTarget(
            name: "pq-timing", dependencies: [.product(name: "PostQuantum", package: "swift-bft")],
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        // Operations on standard input, for differential tests against other implementations.
        .executableTarget(
            name: "pqtool", dependencies: [.product(name: "PostQuantum", package: "swift-bft")]),
    ]
)
