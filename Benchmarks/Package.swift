// swift-tools-version: 6.2
import PackageDescription

let package = Package(
<<<<<<< HEAD
    name: "swift-bft-benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        .executableTarget(
<<<<<<< HEAD
<<<<<<< HEAD
            name: "blake3-bench",
            dependencies: [.product(name: "BLAKE3", package: "swift-bft")])
=======
            name: "storage-bench",
            dependencies: [
                .product(name: "BFTStorage", package: "swift-bft"),
                .product(name: "BFTRocksDB", package: "swift-bft"),
            ])
>>>>>>> storage
=======
            name: "kv-bench",
            dependencies: [.product(name: "KeyValueStore", package: "swift-bft")],
            swiftSettings: [.treatAllWarnings(as: .error)])
>>>>>>> kv
=======
    name: "Benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        // Speed of every operation, for every instruction set of the processor.
        .executableTarget(
            name: "pq-bench", dependencies: [.product(name: "PostQuantum", package: "swift-bft")]),
        // Whether times depend on secrets.
        .executableTarget(
            name: "pq-timing", dependencies: [.product(name: "PostQuantum", package: "swift-bft")]),
        // Operations on standard input, for differential tests against other implementations.
        .executableTarget(
            name: "pqtool", dependencies: [.product(name: "PostQuantum", package: "swift-bft")]),
>>>>>>> pq
    ]
)
