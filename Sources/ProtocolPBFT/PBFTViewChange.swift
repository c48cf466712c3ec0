public import BFTBase
public import BFTCore
public import BFTWire

/// What a validator says when it gives up the views before `view`: the highest block that it knows
/// a quorum to have prepared.
public struct PBFTViewChangeContent: Hashable, Sendable {
    public let chain: Digest
    public let epoch: Epoch
    public let view: View
    /// The prepared or commit certificate that stands above all others it holds, by name. `nil`
    /// if nothing above the genesis was prepared that it knows of.
    public let highest: PBFTCertificateName?

    public init(chain: Digest, epoch: Epoch, view: View, highest: PBFTCertificateName?) {
        self.chain = chain
        self.epoch = epoch
        self.view = view
        self.highest = highest
    }

    /// The bytes that a validator signs to ask for the view.
    var viewChangeBytes: [UInt8] { signingBytes("swift-bft v1 view change\0") }

    /// The bytes that the leader of the view signs to begin it with `highest`.
    var newViewBytes: [UInt8] { signingBytes("swift-bft v1 new view\0") }

    private func signingBytes(_ label: String) -> [UInt8] {
        var writer = Writer(capacity: 160)
        writer.raw(Array(label.utf8))
        encode(into: &writer)
        return writer.bytes
    }
}

extension PBFTViewChangeContent: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        view.encode(into: &writer)
        writer.optional(highest) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            chain: try Digest(from: &reader), epoch: try Epoch(from: &reader),
            view: try View(from: &reader),
            highest: try reader.optional { reader throws(WireError) in
                try PBFTCertificateName(from: &reader)
            })
    }
}

/// The signed wish of one validator for a view.
public struct PBFTViewChange: Equatable, Sendable {
    public let content: PBFTViewChangeContent
    public let voter: ValidatorIndex
    public let signature: [UInt8]

    public init(content: PBFTViewChangeContent, voter: ValidatorIndex, signature: [UInt8]) {
        self.content = content
        self.voter = voter
        self.signature = signature
    }
}

extension PBFTViewChange: Authenticated {
    public var claims: [SignatureClaim] {
        [
            SignatureClaim(
                signer: voter, statement: content.viewChangeBytes, signature: signature)
        ]
    }
}

extension PBFTViewChange: WireCodable {
    public func encode(into writer: inout Writer) {
        content.encode(into: &writer)
        voter.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            content: try PBFTViewChangeContent(from: &reader),
            voter: try ValidatorIndex(from: &reader),
            signature: try reader.bytes(limit: SignatureLimit.byteCount))
    }
}

/// Why a view begins with what it begins with: the wishes of a quorum, and the certificate of the
/// highest block that they report. The other certificates need not come along: that they were
/// shown was the leader's condition, and a report that nobody can show only ever adds a name.
public struct PBFTNewViewContent: Equatable, Sendable {
    /// What the view begins with.
    public let outcome: PBFTViewChangeContent
    /// By rising index of the voter.
    public let viewChanges: [PBFTViewChange]
    /// The certificate that `outcome` names. `nil` if it names none.
    public let certificate: Certificate?

    public init(
        outcome: PBFTViewChangeContent, viewChanges: [PBFTViewChange], certificate: Certificate?
    ) {
        self.outcome = outcome
        self.viewChanges = viewChanges
        self.certificate = certificate
    }
}

extension PBFTNewViewContent: Authenticated {
    public var claims: [SignatureClaim] {
        viewChanges.flatMap(\.claims) + (certificate?.claims ?? [])
    }
}

extension PBFTNewViewContent: WireCodable {
    public func encode(into writer: inout Writer) {
        outcome.encode(into: &writer)
        writer.array(viewChanges) { $1.encode(into: &$0) }
        writer.optional(certificate) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let outcome = try PBFTViewChangeContent(from: &reader)
        let viewChanges = try reader.array(limit: ValidatorSet.countLimit) {
            reader throws(WireError) in try PBFTViewChange(from: &reader)
        }
        // Each has a signature to check: nobody's counts twice.
        guard zip(viewChanges, viewChanges.dropFirst()).allSatisfy({ $0.voter < $1.voter }) else {
            throw .invalid("view changes are not in the order of their voters")
        }
        self.init(
            outcome: outcome, viewChanges: viewChanges,
            certificate: try reader.optional { reader throws(WireError) in
                try Certificate(from: &reader)
            })
    }
}

/// The leader's word for what its view begins with.
public struct PBFTNewView: Equatable, Sendable {
    public let content: PBFTNewViewContent
    public let leader: ValidatorIndex
    public let signature: [UInt8]

    public init(content: PBFTNewViewContent, leader: ValidatorIndex, signature: [UInt8]) {
        self.content = content
        self.leader = leader
        self.signature = signature
    }

    public var view: View { content.outcome.view }
}

extension PBFTNewView: Authenticated {
    public var claims: [SignatureClaim] {
        [
            SignatureClaim(
                signer: leader, statement: content.outcome.newViewBytes, signature: signature)
        ] + content.claims
    }
}

extension PBFTNewView: WireCodable {
    public func encode(into writer: inout Writer) {
        content.encode(into: &writer)
        leader.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            content: try PBFTNewViewContent(from: &reader),
            leader: try ValidatorIndex(from: &reader),
            signature: try reader.bytes(limit: SignatureLimit.byteCount))
    }
}
