// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "swift-bft-benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        .executableTarget(
            name: "kv-bench",
            dependencies: [.product(name: "KeyValueStore", package: "swift-bft")],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ]
)
