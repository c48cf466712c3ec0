package import BFTSimulator

/// The commands of `bft`.
package enum ProgramEntries {
    /// Those that talk to a node from outside.
    package static let client = [
        CommandEntry(Status.self), CommandEntry(Submit.self), CommandEntry(Get.self),
        CommandEntry(Bench.self),
    ]

    /// Those that make keys and run nodes.
    package static func node(_ services: any NodeServices) -> [CommandEntry] {
        [
            CommandEntry(Init.self, services: services),
            CommandEntry(Keygen.self, services: services),
            CommandEntry(Start.self, services: services),
            CommandEntry(Localnet.self, services: services),
            CommandEntry(VerifyBlock.self, services: services),
        ]
    }

    /// Those that run replicas in a world of their own.
    package static func simulation(
        _ protocols: [SimulatedProtocol], version: String
    ) -> [CommandEntry] {
        [
            CommandEntry(Simulate.configuration) {
                Simulate(protocols: protocols, version: version)
            },
            CommandEntry(SimulateWorker.configuration) {
                SimulateWorker(protocols: protocols, version: version)
            },
            CommandEntry(Measure.configuration) { Measure(protocols: protocols) },
        ]
    }
}
