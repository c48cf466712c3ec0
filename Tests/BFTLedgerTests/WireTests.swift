import BFTBase
import BFTCore
import BFTTestKit
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTLedger

@Suite struct WireTests {
    static let batch = Fixture.batch(1, 2, 3)
    static let run = Fixture.said(Fixture.chain(2))

    static let copy = Fixture.signed(batch)
    static let messages: [LedgerMessage] = [
        .batch(BatchCopy(batch)), .batchRequest([batch.reference]), .syncRequest(.from(Height(5))),
        .syncResponse(run), .readProbe(nonce: 6), .readClaim(nonce: 7, height: Height(8)),
        .syncRequest(
            .ancestors(
                of: BlockName(height: Height(9), digest: Digest(3, 0, 0, 0)),
                downTo: Height(4))),
        .syncAncestors(run.blocks),
        .batch(copy),
    ]

    @Test("Every message, record and state has one encoding")
    func encodings() throws {
        for message in Self.messages {
            try WireCheck.check(message)
            try WireCheck.check(ReplicaMessage<Simplex>.ledger(message))
            WireCheck.checkEnd(message)
        }
        let inquiry = SimplexMessage.inquiry(
            SimplexInquiry(view: View(1), lackingSince: View(1), committed: .zero, wanted: []))
        try WireCheck.check(ReplicaMessage<Simplex>.consensus(inquiry))
        let block = Fixture.block(on: Fixture.genesis)
        let records: [ReplicaRecord<Simplex>] = [
            .consensus(.notarized(block)), .batch(BatchCopy(Self.batch)), .batch(Self.copy),
            .committed(Self.run),
            .blocks(Self.run.blocks), .floor(Floor(view: View(3), height: Height(2))),
        ]
        for record in records {
            try WireCheck.check(record)
            WireCheck.checkEnd(record)
        }
        try WireCheck.check(CommittedState.genesis(Fixture.genesis, validatorCount: 4))
        try WireCheck.check(
            CommittedState(
                block: block, stateRoot: Digest(1, 2, 3, 4), frontier: [BatchSequence(9)],
                certificate: nil))
    }

    @Test("A request that names a batch twice is refused")
    func repeatedRequest() throws {
        let other = Fixture.batch(1, 3).reference
        for references in [[Self.batch.reference, other], [other, Self.batch.reference]] {
            try WireCheck.check(LedgerMessage.batchRequest(references))
        }
        let twice = LedgerMessage.batchRequest([Self.batch.reference, other, Self.batch.reference])
        #expect(throws: WireError.invalid("a batch is asked for twice")) {
            try LedgerMessage(decoding: twice.encoded)
        }
    }

    @Test("The encodings are pinned")
    func pinned() {
        let expected: [String] = [
            "0100010002000000000000000100000001",
            "020100000001000200000000000000" + String(Self.batch.digest.hex.prefix(4)),
            "03010500000000000000",
            "0402000000000000000000000001000000",
            "050600000000000000",
            "0607000000000000000800000000000000",
            "0302090000000000000003000000000000",
            "0702000000000000000000000001000000",
            "0101" + String(Fixture.chain.hex.prefix(30)),
        ]
        for (message, hex) in zip(Self.messages, expected) {
            #expect(Hex.encode(message.encoded.prefix(17)) == hex)
        }
        #expect(
            ReplicaMessage<Simplex>.ledger(Self.messages[4]).encoded == [2]
                + Self.messages[4].encoded)
        let bare = ReplicaRecord<Simplex>.batch(BatchCopy(Self.batch))
        #expect(bare.encoded == [2, 0] + Self.batch.encoded)
        #expect(ReplicaRecord<Simplex>.committed(Self.run).encoded.first == 3)
    }

    @Test("The encodings of what stands on disk are pinned")
    func pinnedOnDisk() {
        let blocks = Self.run.blocks.flatMap(\.encoded)
        let notarized = SimplexRecord.notarized(Self.run.blocks[0])
        let records: [(ReplicaRecord<Simplex>, [UInt8])] = [
            (.consensus(notarized), [1] + notarized.encoded),
            (.batch(Self.copy), [2] + Self.copy.encoded),
            (.committed(Self.run), [3, 2, 0, 0, 0] + blocks + Self.run.certificate.encoded),
            (.blocks(Self.run.blocks), [4, 2, 0, 0, 0] + blocks),
            (
                .floor(Floor(view: View(3), height: Height(2))),
                [5, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
            ),
        ]
        for (record, bytes) in records { #expect(record.encoded == bytes) }
        let state = CommittedState(
            block: Self.run.blocks[0], stateRoot: Digest(1, 2, 3, 4),
            frontier: [BatchSequence(9), BatchSequence(10)], certificate: nil)
        #expect(
            Hex.encode(state.encoded.dropFirst(Self.run.blocks[0].encoded.count))
                == "0100000000000000" + "0200000000000000" + "0300000000000000"
                + "0400000000000000" + "02000000" + "0900000000000000" + "0a00000000000000")
        #expect(state.encoded.starts(with: Self.run.blocks[0].encoded))
    }

    @Test("Requests and answers are bounded")
    func bounds() {
        let many = LedgerMessage.batchRequest(
            Array(repeating: Self.batch.reference, count: LedgerLimits.batchRequestLimit + 1))
        #expect(throws: WireError.self) { try LedgerMessage(decoding: many.encoded) }
        let long = LedgerMessage.syncResponse(
            Fixture.said(Fixture.chain(LedgerLimits.syncBlockLimit + 1)))
        #expect(throws: WireError.self) { try LedgerMessage(decoding: long.encoded) }
        let deep = LedgerMessage.syncAncestors(Fixture.chain(LedgerLimits.syncBlockLimit + 1))
        #expect(throws: WireError.self) { try LedgerMessage(decoding: deep.encoded) }
    }

    @Test("Certificates are signed, and batches by their authors")
    func claims() {
        #expect(Self.messages.map(\.claims.count) == [0, 0, 0, 3, 0, 0, 0, 0, 1])
        let statement = Self.batch.reference.statement(chain: Fixture.chain, epoch: .zero)
        #expect(
            Self.copy.claims == [
                SignatureClaim(
                    signer: ValidatorIndex(1), statement: statement.signingBytes, signature: [7])
            ])
    }

    @Test("What a batch says of itself is read before its bytes are looked at, and of nothing else")
    func heads() throws {
        for message in Self.messages {
            let bytes = ReplicaMessage<Simplex>.ledger(message).encoded
            let head = try ReplicaMessage<Simplex>.batchHead(of: bytes.span.bytes)
            guard case .batch(let copy) = message else {
                #expect(head == nil)
                continue
            }
            #expect(head == BatchHead(of: copy))
            for count in 2..<13 {
                let cut = Array(bytes.prefix(count))
                #expect(throws: WireError.self) {
                    try ReplicaMessage<Simplex>.batchHead(of: cut.span.bytes)
                }
            }
        }
    }
}
