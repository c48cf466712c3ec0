public import BFTCore
public import BFTWire

/// What a replica must still know after a crash.
public enum SimplexRecord: Equatable, Sendable {
    /// It notarized this block, perhaps its own. The block too: a quorum of those who notarized
    /// it can bring it back, even if every one of them lost power.
    case notarized(Block)
    /// It nullified a view, abstained in it, or voted to support or to finalize a block.
    case voted(Statement)
    /// What ended a view. Durable, since a certificate with a Byzantine signature can't be made
    /// again from the votes of the honest.
    case certificate(Certificate)
    /// A block that one it notarized stands on, and that it did not notarize itself.
    case ancestor(Block)
}

extension SimplexRecord: WireCodable {
    public func encode(into writer: inout Writer) {
        switch self {
        case .notarized(let block):
            writer.uint8(1)
            block.encode(into: &writer)
        case .voted(let statement):
            writer.uint8(2)
            statement.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(3)
            certificate.encode(into: &writer)
        case .ancestor(let block):
            writer.uint8(4)
            block.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .notarized(try Block(from: &reader))
        case 2: self = .voted(try Statement(from: &reader))
        case 3: self = .certificate(try Certificate(from: &reader))
        case 4: self = .ancestor(try Block(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}
