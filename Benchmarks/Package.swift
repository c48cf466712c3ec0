// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "swift-bft-benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        .executableTarget(
            name: "storage-bench",
            dependencies: [
                .product(name: "BFTStorage", package: "swift-bft"),
                .product(name: "BFTRocksDB", package: "swift-bft"),
            ])
    ]
)
