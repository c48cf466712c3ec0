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

    fileprivate static let viewChangeLabel = Array("swift-bft v1 view change\0".utf8)
    fileprivate static let newViewLabel = Array("swift-bft v1 new view\0".utf8)
}

extension PBFTViewChangeContent: SignedContent {
    /// What a validator signs to ask for the view.
    public var signingBytes: [UInt8] { signingBytes(Self.viewChangeLabel) }
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
public typealias PBFTViewChange = Signed<PBFTViewChangeContent>

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

extension PBFTNewViewContent: SignedContent {
    /// What the leader of the view signs to begin it. The rest shows why.
    public var signingBytes: [UInt8] { outcome.signingBytes(PBFTViewChangeContent.newViewLabel) }

    public var carriedClaims: [SignatureClaim] {
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
        guard zip(viewChanges, viewChanges.dropFirst()).allSatisfy({ $0.signer < $1.signer }) else {
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
public typealias PBFTNewView = Signed<PBFTNewViewContent>

extension Signed where Content == PBFTNewViewContent {
    public var view: View { content.outcome.view }
}
