public import BFTBase
public import BFTCore
public import BFTWire

/// What a replica must still know after a crash.
public enum HotStuffRecord: Equatable, Sendable {
    /// It voted for this block, perhaps its own. The block too: a quorum of those who voted for it
    /// can bring it back, even if every one of them lost power.
    case voted(Block, Statement)
    /// It gave a view up.
    case timedOut(HotStuffTimeoutStatement)
    /// The view below whose certificates it votes for nothing.
    case locked(View)
    /// What it voted upon, or entered a view by. Durable, since a certificate with a Byzantine
    /// signature can't be made again from the votes of the honest.
    case certificate(Certificate)
    /// What it entered a view by.
    case timeouts(HotStuffTimeoutCertificate)
}

extension HotStuffRecord: WireCodable {
    public func encode(into writer: inout Writer) {
        switch self {
        case .voted(let block, let statement):
            writer.uint8(1)
            block.encode(into: &writer)
            statement.encode(into: &writer)
        case .timedOut(let statement):
            writer.uint8(2)
            statement.encode(into: &writer)
        case .locked(let view):
            writer.uint8(3)
            view.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(4)
            certificate.encode(into: &writer)
        case .timeouts(let certificate):
            writer.uint8(5)
            certificate.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .voted(try Block(from: &reader), try Statement(from: &reader))
        case 2: self = .timedOut(try HotStuffTimeoutStatement(from: &reader))
        case 3: self = .locked(try View(from: &reader))
        case 4: self = .certificate(try Certificate(from: &reader))
        case 5: self = .timeouts(try HotStuffTimeoutCertificate(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}
