import BFTBase
import BFTCore
package import BFTWire

/// A message with one field that says something else, made from the encoding of one that is right.
///
/// No field is named by hand: bytes are changed wherever that gives another message, and the
/// messages are compared for what differs. What a field's value is the length of (the signers of
/// a certificate, a list, an optional) is changed with it.
package struct WrongField<Message: WireCodable & Equatable> {
    /// What differs, or what all that differs is a part of.
    package let name: String
    package let message: Message

    /// Every message that differs from `message` in one field.
    package static func all(of message: Message) -> [WrongField] {
        let bytes = message.encoded
        let fields = FieldPaths.values(of: message)
        var seen: Set<[UInt8]> = [bytes]
        func wrong(_ changed: [UInt8]) -> WrongField? {
            guard seen.insert(changed).inserted, let other = try? Message(decoding: changed),
                other != message, let name = difference(fields, FieldPaths.values(of: other))
            else { return nil }
            return WrongField(name: name, message: other)
        }
        let first = bytes.indices.map { position in
            var changed = bytes
            changed[position] &+= 1
            return wrong(changed)
        }
        let names = first.map { $0?.name }
        var found = first.enumerated().filter { isSample($0.offset, names, fields) }
            .compactMap(\.element)
        for position in bytes.indices where isSample(position, names, fields) {
            let field = names[position].flatMap { fields[$0]?.first?.base }
            let values = field is VoteKind ? Array(0...0xFF) : ends(of: bytes[position])
            found += values.flatMap { changes(of: bytes, at: position, to: $0) }.compactMap(wrong)
            if field == nil || field is Bitmap {
                found += recounted(bytes, at: position).compactMap(wrong)
            }
        }
        return found
    }

    /// Whether the byte is worth being changed: of a digest the first, the last and one between,
    /// of anything else each.
    private static func isSample(
        _ position: Int, _ names: [String?], _ fields: [String: [AnyHashable]]
    ) -> Bool {
        guard let name = names[position], let field = fields[name]?.first?.base, field is Digest
        else { return true }
        let before = names[..<position].reversed().prefix { $0 == name }.count
        let after = names[(position + 1)...].prefix { $0 == name }.count
        return before == 0 || after == 0 || before == 16
    }

    private static func ends(of old: UInt8) -> [UInt8] { [old &- 1, old ^ 0x80, 0, 0xFF] }

    /// Another byte at `position`; at the ends, eight of them in a row, too.
    private static func changes(
        of bytes: [UInt8], at position: Int, to value: UInt8
    ) -> [[UInt8]] {
        guard value != bytes[position] else { return [] }
        var changed = bytes
        changed[position] = value
        guard position + 8 <= bytes.count, value == 0 || value == 0xFF else { return [changed] }
        var row = changed
        row.replaceSubrange(position..<position + 8, with: repeatElement(value, count: 8))
        return [changed, row]
    }

    /// What the byte at `position` counts or has bits for, taken away or put in, where the byte
    /// has another value. Of few: a sample has no more than four of anything.
    private static func recounted(_ bytes: [UInt8], at position: Int) -> [[UInt8]] {
        let old = bytes[position]
        return (0..<4).flatMap { bit in
            let ranges = signatures(behind: position)
            return recounted(bytes, at: position, to: old ^ 1 << UInt8(bit), ranges)
        }
            + recounted(bytes, at: position, to: old &+ 1, elements(behind: position, upTo: 64))
            + recounted(bytes, at: position, to: old &- 1, elements(behind: position, upTo: 256))
    }

    private static func recounted(
        _ bytes: [UInt8], at position: Int, to value: UInt8, _ ranges: [Range<Int>]
    ) -> [[UInt8]] {
        var changed = bytes
        changed[position] = value
        guard (try? Message(decoding: changed)) == nil else { return [changed] }
        let isMore = value > bytes[position]
        return ranges.compactMap { range in
            guard (isMore ? range.lowerBound : range.upperBound) <= bytes.count else { return nil }
            let more = [UInt8](repeating: 0, count: isMore ? range.count : 0)
            let rest = bytes[(isMore ? range.lowerBound : range.upperBound)...]
            let other = Array(changed[..<range.lowerBound] + more + rest)
            return (try? Message(decoding: other)) == nil ? nil : other
        }
    }

    /// Where signatures may stand, without or with an integer, that a byte has bits for: near by.
    private static func signatures(behind position: Int) -> [Range<Int>] {
        (position + 1...position + 48).flatMap { start in
            [4, 5, 12, 13].map { start..<start + $0 }
        }
    }

    /// What a byte counts, just behind it or behind the count that it is the lowest byte of; and
    /// digests near by.
    private static func elements(behind position: Int, upTo limit: Int) -> [Range<Int>] {
        [position + 1, position + 4].flatMap { start in
            (1...limit).map { start..<start + $0 }
        } + (position + 1...position + 48).map { $0..<$0 + Digest.byteCount }
    }

    /// The name of what differs, or `nil` if that is not one field.
    private static func difference(
        _ one: [String: [AnyHashable]], _ other: [String: [AnyHashable]]
    ) -> String? {
        var names = Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }
        // What is signed with the right keys has the right signature.
        if names.count == 1, let name = names.first, isSignature(name) { return nil }
        // A digest is made of what it names, and each signer has a signature.
        for name in names.sorted() where names.count > 1 {
            let whole = name.split(separator: ".").dropLast().joined(separator: ".")
            let isMade =
                ["block.digest", "blocks.digest", "batch.encoded", "batch.reference.digest"]
                .contains { name.hasSuffix($0) }
                || isSignature(name) && names.contains(whole + ".signers")
                || name.hasSuffix(".highViews") && names.contains(whole + ".signers")
            if isMade { names.remove(name) }
        }
        let parts = names.map {
            $0.replacing(" is empty", with: "").split(separator: ".").map(String.init)
        }
        guard var common = parts.first else { return nil }
        for part in parts { common = zip(common, part).prefix { $0 == $1 }.map(\.0) }
        let name = common.joined(separator: ".")
        guard names.count > 1 else { return name }
        // More than one field differs: only if all of them came or went.
        let isWhole =
            names.contains(name + " is empty")
            || names.allSatisfy { field in
                one[field]?.count != other[field]?.count
            }
        return isWhole && !name.isEmpty ? name : nil
    }

    private static func isSignature(_ name: String) -> Bool {
        name.hasSuffix(".signature") || name.hasSuffix(".signatures")
    }
}
