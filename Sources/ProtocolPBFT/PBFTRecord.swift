public import BFTBase
public import BFTCore
public import BFTWire

/// What a replica must still know after a crash.
public enum PBFTRecord: Equatable, Sendable {
    /// It takes part in no view before this one any more.
    case entered(View)
    /// It voted to prepare this block in this view. The block too: those who prepared it can bring
    /// it back, even if every one of them lost power.
    case prepared(Block, in: View)
    /// An ancestor of such a block that it had not prepared itself.
    case block(Block)
    /// It voted to commit a block or signed a checkpoint; or it voted to prepare a block that it
    /// dropped since, when the log was cut.
    case voted(Statement)
    /// A prepared certificate that it voted upon or reported, or that of a stable checkpoint.
    case certificate(Certificate)
    /// It asked for a view.
    case viewChange(PBFTViewChangeContent)
    /// It leads the view, and this is how it begins.
    case newView(PBFTNewViewContent)
}

extension PBFTRecord: WireCodable {
    public func encode(into writer: inout Writer) {
        switch self {
        case .entered(let view):
            writer.uint8(1)
            view.encode(into: &writer)
        case .prepared(let block, let view):
            writer.uint8(2)
            view.encode(into: &writer)
            block.encode(into: &writer)
        case .block(let block):
            writer.uint8(3)
            block.encode(into: &writer)
        case .voted(let statement):
            writer.uint8(4)
            statement.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(5)
            certificate.encode(into: &writer)
        case .viewChange(let content):
            writer.uint8(6)
            content.encode(into: &writer)
        case .newView(let content):
            writer.uint8(7)
            content.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .entered(try View(from: &reader))
        case 2:
            let view = try View(from: &reader)
            self = .prepared(try Block(from: &reader), in: view)
        case 3: self = .block(try Block(from: &reader))
        case 4: self = .voted(try Statement(from: &reader))
        case 5: self = .certificate(try Certificate(from: &reader))
        case 6: self = .viewChange(try PBFTViewChangeContent(from: &reader))
        case 7: self = .newView(try PBFTNewViewContent(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}
