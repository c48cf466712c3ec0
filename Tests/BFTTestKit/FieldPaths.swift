import BFTBase
import BFTCore

/// The fields of a message, down to what has a meaning of its own.
///
/// An element of a list, or what is in an optional, has no name of its own: it is called like the
/// list. A message of the case `vote` has `vote.statement.view`; a list without elements and an
/// optional without a value have a field that says so.
package enum FieldPaths {
    package static func all(of message: Any) -> Set<String> { Set(values(of: message).keys) }

    /// What stands in each field of `message`, in the order of the fields of one name.
    package static func values(of message: Any) -> [String: [AnyHashable]] {
        var found: [String: [AnyHashable]] = [:]
        for child in Mirror(reflecting: message).children {
            walk(child.value, at: child.label ?? "unnamed", into: &found)
        }
        return found
    }

    private static func walk(
        _ value: Any, at path: String, into found: inout [String: [AnyHashable]]
    ) {
        switch value {
        case is View, is Height, is Epoch, is ValidatorIndex, is BatchSequence, is Timestamp,
            is VoteKind, is Digest, is Bitmap, is [UInt8], is Int, is Bool, is UInt64:
            found[path, default: []].append(value as? AnyHashable ?? AnyHashable("\(value)"))
        default:
            let mirror = Mirror(reflecting: value)
            if mirror.children.isEmpty { found[path + " is empty", default: []].append(true) }
            let isList = mirror.displayStyle == .collection || mirror.displayStyle == .optional
            for child in mirror.children {
                let label = child.label?.drop { $0 == "." } ?? "unnamed"
                walk(child.value, at: isList ? path : "\(path).\(label)", into: &found)
            }
        }
    }
}
