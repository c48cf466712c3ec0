public import BFTBase
public import BFTCore
public import BFTWire

/// What a validator signs when it gives a view up.
///
/// It is no ``Statement``: it says of its sender which certificate that one knows, and validators
/// that give up the same view say different things.
public struct HotStuffTimeoutStatement: Hashable, Sendable {
    /// The genesis digest.
    public let chain: Digest
    public let epoch: Epoch
    /// The view that is given up.
    public let view: View
    /// The view of the highest certificate that the sender knows. Zero if it knows none.
    public let highView: View

    public init(chain: Digest, epoch: Epoch, view: View, highView: View) {
        self.chain = chain
        self.epoch = epoch
        self.view = view
        self.highView = highView
    }

    private static let label = Array("swift-bft v1 timeout\0".utf8)
}

extension HotStuffTimeoutStatement: SignedContent {
    public var signingBytes: [UInt8] { signingBytes(Self.label) }
}

extension HotStuffTimeoutStatement: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        view.encode(into: &writer)
        highView.encode(into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        chain = try Digest(from: &reader)
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        highView = try View(from: &reader)
    }
}

/// One validator's signature under its giving a view up.
public typealias HotStuffTimeout = Signed<HotStuffTimeoutStatement>

/// The timeouts of a quorum for one view: it ends that view.
///
/// Each signature covers the view of the certificate that its sender knew. The highest of those
/// comes along: without it, whoever lies about a certificate could make a view unjustifiable.
///
/// - Invariant C2: there are as many high views and as many signatures as bits set in `signers`,
///   in the same order.
public struct HotStuffTimeoutCertificate: Equatable, Sendable {
    public let chain: Digest
    public let epoch: Epoch
    public let view: View
    /// One bit for each validator of the epoch.
    public let signers: Bitmap
    /// By rising index of the signer.
    public let highViews: [View]
    /// By rising index of the signer.
    public let signatures: [[UInt8]]
    /// The certificate of the highest of `highViews`, or `nil` if that is zero.
    public let high: Certificate?

    /// The certificate that `timeouts` make, or `nil` unless there is one and all are for the view
    /// of the first, each sender at most once, in rising order.
    public init?(timeouts: [HotStuffTimeout], high: Certificate?, validatorCount: Int) {
        guard let first = timeouts.first?.content else { return nil }
        var signers = Bitmap(count: validatorCount)
        var previous = -1
        for timeout in timeouts {
            let (statement, sender) = (timeout.content, timeout.signer.rawValue)
            guard statement.chain == first.chain, statement.epoch == first.epoch,
                statement.view == first.view, sender > previous, sender < validatorCount
            else { return nil }
            previous = sender
            signers.insert(sender)
        }
        chain = first.chain
        epoch = first.epoch
        view = first.view
        self.signers = signers
        highViews = timeouts.map(\.content.highView)
        signatures = timeouts.map(\.signature)
        self.high = high
    }

    /// The same with no more timeouts than it takes, and with no more signatures under the
    /// certificate beside them.
    func trimmed(
        of validators: ValidatorSet, where isEnough: (VotingPower) -> Bool
    ) -> HotStuffTimeoutCertificate {
        let high = high?.trimmed(of: validators, where: isEnough)
        let positions = signers.positions
        guard signers.count == validators.count,
            let chosen = validators.fewest(of: positions, where: isEnough)
        else { return self }
        let kept = Set(chosen)
        let timeouts = zip(positions, zip(highViews, signatures)).filter { kept.contains($0.0) }
            .map { position, said in
                HotStuffTimeout(
                    content: HotStuffTimeoutStatement(
                        chain: chain, epoch: epoch, view: view, highView: said.0),
                    signer: ValidatorIndex(position), signature: said.1)
            }
        return HotStuffTimeoutCertificate(
            timeouts: timeouts, high: high, validatorCount: validators.count) ?? self
    }

    /// The highest view that a signer knew a certificate of.
    public var highestView: View { highViews.max() ?? .zero }
}

extension HotStuffTimeoutCertificate: Authenticated {
    public var claims: [SignatureClaim] {
        let own = zip(signers.positions, zip(highViews, signatures)).map { position, said in
            let statement = HotStuffTimeoutStatement(
                chain: chain, epoch: epoch, view: view, highView: said.0)
            return SignatureClaim(
                signer: ValidatorIndex(position), statement: statement.signingBytes,
                signature: said.1)
        }
        return own + (high?.claims ?? [])
    }
}

extension HotStuffTimeoutCertificate: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        view.encode(into: &writer)
        signers.encode(into: &writer)
        for (highView, signature) in zip(highViews, signatures) {
            highView.encode(into: &writer)
            writer.bytes(signature)
        }
        writer.optional(high) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        chain = try Digest(from: &reader)
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        signers = try Bitmap(from: &reader)
        var highViews: [View] = []
        var signatures: [[UInt8]] = []
        for _ in 0..<signers.population {
            highViews.append(try View(from: &reader))
            signatures.append(try reader.bytes(limit: SignatureLimit.byteCount))
        }
        self.highViews = highViews
        self.signatures = signatures
        high = try reader.optional { reader throws(WireError) in
            try Certificate(from: &reader)
        }
    }
}
