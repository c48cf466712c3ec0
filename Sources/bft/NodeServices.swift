import BFTBase
import BFTCommands
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTDisk
import BFTNode
import BFTWire
import KeyValueStore
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex

/// Keys and nodes for the commands: the place where protocols and applications have names.
struct BuiltInServices: NodeServices {
    func generateKey(scheme: SignatureSchemeName) throws -> GeneratedKey {
        let key = try SigningKey.generate(try Self.scheme(scheme))
        return GeneratedKey(
            keyFileContents: KeyFile.contents(of: key), publicKey: key.publicKey.bytes)
    }

    func publicKey(ofKeyFile contents: [UInt8], scheme: SignatureSchemeName) throws -> [UInt8] {
        let key = try KeyFile.key(in: contents, path: "the key file")
        guard key.publicKey.scheme == (try Self.scheme(scheme)) else {
            throw CommandFailure(
                "the key file holds a key of \(key.publicKey.scheme.name), the genesis wants "
                    + scheme.rawValue,
                hint: "make a key with: bft keygen --scheme \(scheme.rawValue)")
        }
        return key.publicKey.bytes
    }

    private static func scheme(_ name: SignatureSchemeName) throws -> SignatureSchemeID {
        guard let id = SignatureSchemeID(name: name.rawValue) else {
            throw CommandFailure(
                "this build has no signature scheme \(name.rawValue)", hint: "use ed25519")
        }
        return id
    }

    func runNode(_ home: NodeHome, stop: StopRequest) throws {
        switch home.genesis.protocolName {
        case .simplex: try run(Simplex.self, home, stop)
        case .pbft: try run(PBFT.self, home, stop)
        case .hotstuff: try run(HotStuff.self, home, stop)
        case .hotstuff2: try run(HotStuff2.self, home, stop)
        }
    }

    func checkMessages(of genesis: Genesis) throws {
        switch genesis.protocolName {
        case .simplex: try MessageRoom.check(Simplex.self, genesis)
        case .pbft: try MessageRoom.check(PBFT.self, genesis)
        case .hotstuff: try MessageRoom.check(HotStuff.self, genesis)
        case .hotstuff2: try MessageRoom.check(HotStuff2.self, genesis)
        }
    }

    private static func commitKinds(of name: ProtocolName) -> [VoteKind] {
        switch name {
        case .simplex: Simplex.commitKinds
        case .pbft: PBFT.commitKinds
        case .hotstuff: HotStuff.commitKinds
        case .hotstuff2: HotStuff2.commitKinds
        }
    }

    func verify(_ proof: BlockProof, on genesis: Genesis) throws -> VerifiedBlock {
        guard let blocks = try? proof.blocks.map({ try Block(decoding: $0) }),
            let certificate = try? Certificate(decoding: proof.certificate)
        else {
            throw CommandFailure(
                "the encoding of the block or of its certificate is damaged",
                hint: "save what GET /blocks/HEIGHT answers, as it is")
        }
        let verifier = try BlockVerifier(
            genesis: genesis, commitKinds: Self.commitKinds(of: genesis.protocolName))
        try verifier.check(blocks, committedBy: certificate)
        let first = blocks[0]
        return VerifiedBlock(
            height: first.height.rawValue, digest: first.digest.hex,
            signers: certificate.signers.positions,
            power: verifier.validators.power(of: certificate.signers),
            totalPower: verifier.validators.total)
    }

    private func run<P: ConsensusProtocol>(
        _ protocolType: P.Type, _ home: NodeHome, _ stop: StopRequest
    ) throws {
        let node = try Node<P, KeyValueStore>(
            configuration: home.configuration(), application: KeyValueStore())
        stop.onRequest { node.stop() }
        // The thread of the command has nothing else to do.
        let ending = Monitor<Result<Void, NodeFailure>?>(nil)
        Task.detached {
            let result: Result<Void, NodeFailure>
            do throws(NodeFailure) {
                result = .success(try await node.run())
            } catch {
                result = .failure(error)
            }
            ending.withLock { $0 = result }
            ending.notify()
        }
        try ending.withLock(when: { $0 != nil }) { $0 }?.get()
    }
}
