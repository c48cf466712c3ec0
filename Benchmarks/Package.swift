// swift-tools-version: 6.2
import PackageDescription

/// A benchmark that depends on products of the package above.
func bench(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name,
        dependencies: products.map { .product(name: $0, package: "swift-bft") },
        swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "swift-bft-benchmarks",
    dependencies: [.package(name: "swift-bft", path: "..")],
    targets: [
        bench("blake3-bench", "BLAKE3"),
        bench("storage-bench", "BFTStorage", "BFTDisk", "BFTRocksDB"),
        bench("kv-bench", "KeyValueStore"),
        // One link between two validators, over loopback.
        bench("transport-bench", "BFTSockets"),
        // What the keys of validators and the handshakes cost, against what the code reckons with.
        bench("crypto-bench", "BFTSockets"),
        // Speed of every operation, for every instruction set of the processor.
        bench("pq-bench", "PostQuantum"),
        // Whether times depend on secrets.
        bench("pq-timing", "PostQuantum"),
        // Operations on standard input, for differential tests against other implementations.
        bench("pqtool", "PostQuantum"),
    ]
)
