/// The modules of packages that a program is likely to have beside this one.
///
/// A graph of packages holds each module name once, whoever declares it, so a target of ours that
/// had one of these names could not be built beside its owner. Read from each `Package.swift`,
/// targets, products and former names alike.
enum ForeignModules {
    static let byPackage: [(package: String, modules: Set<String>)] = [
        ("apple/swift-log", ["Logging", "InMemoryLogging"]),
        (
            "apple/swift-collections",
            [
                "BasicContainers", "BitCollections", "Collections", "ContainersPreview",
                "DequeModule", "HashTreeCollections", "HeapModule",
                "InternalCollectionsUtilities", "OrderedCollections", "PersistentCollections",
                "SortedCollections", "TrailingElementsModule", "_CollectionsTestSupport",
                "_CollectionsUtilities", "_RopeModule", "_SortedCollections",
            ]
        ),
        (
            "apple/swift-crypto",
            [
                "CCryptoBoringSSL", "CCryptoBoringSSLShims", "CXKCP", "CXKCPShims", "Crypto",
                "CryptoBoringWrapper", "CryptoExtras", "_CryptoExtras", "crypto-shasum",
            ]
        ),
        ("apple/swift-metrics", ["CoreMetrics", "Metrics", "MetricsTestKit"]),
        (
            "apple/swift-argument-parser",
            [
                "ArgumentParser", "ArgumentParserTestHelpers", "ArgumentParserToolInfo",
                "GenerateDoccReference", "GenerateManual", "changelog-authors", "color",
                "count-lines", "generate-docc-reference", "generate-manual", "math", "repeat",
                "roll",
            ]
        ),
    ]

    /// Targets whose names one of the packages has taken. Letters count without their case, because
    /// file systems exist that hold only one of `Logging` and `logging`.
    static func collisions(_ targets: [DeclaredTarget]) -> [String] {
        targets.flatMap { target in
            byPackage.compactMap { foreign in
                let names = Set(foreign.modules.map { $0.lowercased() })
                guard names.contains(target.name.lowercased()) else { return nil }
                return "\(target.name) is a module of \(foreign.package), too"
            }
        }
    }
}
