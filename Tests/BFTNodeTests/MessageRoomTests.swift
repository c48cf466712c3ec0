import BFTBase
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTLedger
import BFTWire
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import Testing

@testable import BFTNode

/// A chain whose messages can't be sent is refused, with the numbers.
@Suite struct MessageRoomTests {
    private static func genesis(
        _ count: Int, _ scheme: SignatureSchemeName, _ protocolName: ProtocolName
    ) -> Genesis {
        Genesis(
            chainID: "large", genesisTime: Timestamp(milliseconds: 0), protocolName: protocolName,
            scheme: scheme,
            validators: (0..<count).map {
                GenesisValidator(
                    name: "v\($0)", power: 1, publicKey: [],
                    peerAddress: Endpoint(host: "127.0.0.1", port: 1))
            }, parameters: ChainParameters())
    }

    private static func excess<P: ConsensusProtocol>(
        _ protocolType: P.Type, _ count: Int, _ scheme: SignatureSchemeName,
        _ name: ProtocolName
    ) -> MessageRoom.Excess? {
        do throws(GenesisError) {
            try MessageRoom.check(protocolType, genesis(count, scheme, name))
            return nil
        } catch {
            guard case .messagesTooLarge(let excess) = error else { return nil }
            return excess
        }
    }

    @Test("A chain with more validators than its messages bear is refused, and one fewer is not")
    func limits() throws {
        func check<P: ConsensusProtocol>(
            _ protocolType: P.Type, _ name: ProtocolName, most: Int
        ) throws {
            #expect(Self.excess(protocolType, most, .mlDSA87, name) == nil, "\(name)")
            let excess = try #require(Self.excess(protocolType, most + 1, .mlDSA87, name))
            #expect(excess.fittingCount == most)
            #expect(excess.byteCount > excess.limit)
            let text = "\(GenesisError.messagesTooLarge(excess))"
            for number in [most, most + 1, excess.byteCount, excess.limit] {
                #expect(text.contains("\(number)"), "\(text)")
            }
        }
        try check(Simplex.self, .simplex, most: 905)
        try check(PBFT.self, .pbft, most: 447)
        try check(HotStuff.self, .hotstuff, most: 430)
        try check(HotStuff2.self, .hotstuff2, most: 430)
    }

    @Test("A thousand validators with short signatures are refused by no protocol")
    func short() {
        #expect(Self.excess(Simplex.self, 1_000, .ed25519, .simplex) == nil)
        #expect(Self.excess(PBFT.self, 1_000, .ed25519, .pbft) == nil)
        #expect(Self.excess(HotStuff.self, 1_000, .ed25519, .hotstuff) == nil)
        #expect(Self.excess(HotStuff2.self, 1_000, .ed25519, .hotstuff2) == nil)
    }

    @Test("Signatures are as long as the configuration says, and a message has one byte in front")
    func sizes() throws {
        for scheme in SignatureSchemeName.allCases {
            let id = try #require(SignatureSchemeID(name: scheme.rawValue))
            #expect(try SigningKey.generate(id).signatureByteCount == scheme.signatureByteCount)
        }
        let validators = try ValidatorSet([1, 1, 1, 1])
        let message = HotStuff.largestMessage(among: validators, signatureByteCount: 64)
        let sent = ReplicaMessage<HotStuff>.consensus(message)
        #expect(sent.encoded.count == MessageRoom.byteCount(HotStuff.self, validators, 64))
    }
}
