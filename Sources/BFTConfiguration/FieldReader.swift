/// Takes the fields of one table out one by one, and gathers every complaint about them.
///
/// A wrong value doesn't end the reading: its default stands in, so that a user sees all that is
/// wrong at once. Whoever reads must look at `problems` before using what was read.
struct FieldReader {
    /// The path of the table: `""`, `consensus`, `validators[2]`.
    private let path: String
    private let position: SourcePosition
    private let members: [LocatedValue.Member]
    /// The keys asked for so far: with the aliases, once the reading is over, all keys there are.
    private(set) var known: [String] = []
    /// Other names of some of them, which are taken and suggested to nobody.
    private var aliases: [String] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// The full paths of all fields asked for, in order: what the documentation must list.
    private(set) var paths: [String] = []

    /// Reads `value`. Anything but a table is a problem, and reads as an empty one.
    init(_ value: LocatedValue, path: String) {
        self.path = path
        self.position = value.position
        if case .table(let members) = value.content {
            self.members = members
        } else {
            self.members = []
            problems.append(
                ConfigurationProblem(
                    at: value.position,
                    "\(path.isEmpty ? "the document" : path) should be a table, and is "
                        + value.kindName,
                    hint: path.isEmpty
                        ? "write { … } around it" : "write [\(path)] on a line of its own"))
        }
    }

    private func fullPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private mutating func member(_ key: String) -> LocatedValue? {
        known.append(key)
        return members.first { $0.key == key }?.value
    }

    /// The field under `key`, or `nil` if it is absent or wrong.
    mutating func optional<Value>(_ key: String, _ kind: FieldKind<Value>) -> Value? {
        paths.append(fullPath(key))
        guard let value = member(key) else { return nil }
        do throws(Complaint) {
            return try kind.read(value)
        } catch {
            complain(at: value.position, key, error)
            return nil
        }
    }

    /// The field under `key`, or `standard` if it is absent or wrong.
    mutating func field<Value>(
        _ key: String, _ kind: FieldKind<Value>, default standard: Value
    ) -> Value {
        optional(key, kind) ?? standard
    }

    /// The field under `key`, or under its other name `alias`, or `standard` if it is absent or
    /// wrong. Under both names it is wrong: they could differ, and neither has precedence.
    mutating func field<Value>(
        _ key: String, alias: String, _ kind: FieldKind<Value>, default standard: Value
    ) -> Value {
        let value = optional(key, kind)
        if let other = members.first(where: { $0.key == alias }),
            members.contains(where: { $0.key == key })
        {
            problems.append(
                ConfigurationProblem(
                    at: other.keyPosition,
                    "\(fullPath(alias)) is another name of \(fullPath(key)), and both are here",
                    hint: "leave '\(alias)' out"))
        }
        let aliased = optional(alias, kind)
        aliases.append(known.removeLast())
        return aliased ?? value ?? standard
    }

    /// The field under `key`, which must be there.
    mutating func required<Value>(_ key: String, _ kind: FieldKind<Value>) -> Value? {
        requirePresence(of: key)
        return optional(key, kind)
    }

    private mutating func requirePresence(of key: String) {
        guard !members.contains(where: { $0.key == key }) else { return }
        let table = path.isEmpty ? "the document" : path
        problems.append(
            ConfigurationProblem(
                at: position, "\(table) has no '\(key)'", hint: "add '\(key)' to \(table)"))
    }

    /// Reads the table under `key` with `body`; an absent one reads as an empty one.
    mutating func section<Result>(
        _ key: String, _ body: (inout FieldReader) -> Result
    ) -> Result {
        let value = member(key) ?? LocatedValue(.table([]), at: position)
        return read(value, path: fullPath(key), body)
    }

    /// Reads a table whose keys are the user's. `judge` says what is wrong with a key, if anything.
    mutating func entries<Value>(
        _ key: String, _ kind: FieldKind<Value>, judge: (String) -> Complaint?
    ) -> [String: Value] {
        paths.append(fullPath(key))
        guard let value = member(key) else { return [:] }
        guard case .table(let members) = value.content else {
            complain(
                at: value.position, key,
                Complaint("should be a table, and is \(value.kindName)", hint: "write { … }"))
            return [:]
        }
        var entries: [String: Value] = [:]
        for member in members {
            if let complaint = judge(member.key) {
                complain(at: member.keyPosition, key, complaint)
            }
            do throws(Complaint) {
                entries[member.key] = try kind.read(member.value)
            } catch {
                complain(at: member.value.position, "\(key).\(member.key)", error)
            }
        }
        return entries
    }

    /// Reads each table of the array under `key`, which must be there, with `body`.
    mutating func sections<Result>(
        _ key: String, _ body: (inout FieldReader) -> Result
    ) -> [Result] {
        requirePresence(of: key)
        guard let value = member(key) else { return [] }
        guard case .array(let elements) = value.content else {
            complain(
                at: value.position, key,
                Complaint("should be an array, and is \(value.kindName)", hint: "write [ … ]"))
            return []
        }
        return elements.enumerated().map { position, element in
            read(element, path: "\(fullPath(key))[\(position)]", body)
        }
    }

    private mutating func read<Result>(
        _ value: LocatedValue, path: String, _ body: (inout FieldReader) -> Result
    ) -> Result {
        var reader = FieldReader(value, path: path)
        let result = body(&reader)
        reader.refuseUnknown()
        if problems.count < ConfigurationError.problemLimit { problems += reader.problems }
        paths += reader.paths
        return result
    }

    /// Complains about every key that nobody asked for.
    mutating func refuseUnknown() {
        for member in members where !(known + aliases).contains(member.key) {
            guard problems.count < ConfigurationError.problemLimit else { return }
            let near = Spelling.suggestion(for: member.key, among: known)
            let place = path.isEmpty ? "here" : "in \(path)"
            problems.append(
                ConfigurationProblem(
                    at: member.keyPosition, "no key '\(member.key)' is known \(place)",
                    hint: near.map { "did you mean '\($0)'?" }
                        ?? "the keys \(place) are \(known.joined(separator: ", "))"))
        }
    }

    /// Where the value under `key` stands, or the table if it is absent.
    func position(of key: String) -> SourcePosition {
        members.first { $0.key == key }?.value.position ?? position
    }

    /// Complains about a place found elsewhere.
    mutating func complain(at position: SourcePosition, _ message: String, hint: String) {
        problems.append(ConfigurationProblem(at: position, message, hint: hint))
    }

    /// Complains about the value under `key`, as a rule over several fields does.
    mutating func complain(about key: String, _ complaint: Complaint) {
        complain(at: position(of: key), key, complaint)
    }

    private mutating func complain(at position: SourcePosition, _ key: String, _ why: Complaint) {
        problems.append(
            ConfigurationProblem(at: position, "\(fullPath(key)) \(why.message)", hint: why.hint))
    }
}
