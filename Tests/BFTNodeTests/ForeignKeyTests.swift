import BFTConfiguration
import BFTCrypto
import FoundationEssentials
import Testing

@testable import BFTNode

extension NodeTests {
    /// Homes whose key is not the one that the chain knows.
    @Suite struct ForeignKeyTests {
        @Test("A node starts with the key that the genesis file names for it, and with no other")
        func foreign() throws {
            let network = try TestNetwork(2)
            let path = network.homes[0].keyFile
            let own = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.removeItem(atPath: path)
            // Of nobody, and of another validator of the chain.
            try KeyFile.create(try SigningKey.generate(.ed25519), at: path)
            try expectRefusal(network)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: network.homes[1].keyFile, toPath: path)
            try expectRefusal(network)
            try FileManager.default.removeItem(atPath: path)
            #expect(
                FileManager.default.createFile(
                    atPath: path, contents: own, attributes: [.posixPermissions: 0o600]))
            try network.start(0)
            try network.stop(0)
        }

        private func expectRefusal(_ network: TestNetwork) throws {
            let error = #expect(throws: NodeOpeningError.self) { try network.start(0) }
            guard case .keyMismatch? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
