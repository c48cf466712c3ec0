// swift-tools-version: 6.2
import PackageDescription

let package = Package(
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
    ]
)
