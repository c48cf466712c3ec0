import BFTBase
import BFTConfiguration

/// `bft keygen`: a key for a validator.
package struct Keygen: NodeCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Makes a validator's key pair.",
        discussion: """
            Writes the private key to a file that only its owner may read, and prints the public
            key as a genesis file wants it.
            """,
        examples: ["bft keygen --out validator.key", "bft keygen --scheme ed25519 --out k --json"])

    @Option(valueName: "PATH", help: "The file for the private key. It must not exist yet.")
    var out: String
    @Option(help: "The signature scheme.") var scheme = SignatureSchemeName.mlDSA87
    @Flag(help: "Print the public key as JSON.") var json = false

    private let services: any NodeServices

    package init(services: any NodeServices) { self.services = services }

    package func run(_ console: Console) throws {
        let key = try services.generateKey(scheme: scheme)
        try HomeFiles.writeKey(key.keyFileContents, to: out)
        let text = "\(scheme.rawValue):\(Hex.encode(key.publicKey))"
        guard json else { return console.print(text) }
        console.print(
            JSONText.object([
                ("scheme", .text(scheme.rawValue)), ("publicKey", .text(text)),
                ("keyFile", .text(out)),
            ]).compact)
    }
}
