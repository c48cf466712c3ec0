/// What a command declares about one argument. Found by reflection over the command's properties.
protocol ArgumentDeclaration: AnyObject {
    var help: String { get }
    /// The name to use instead of that of the property.
    var customName: String? { get }
    var shape: ArgumentShape { get }
    var valueName: String { get }
    var allValueStrings: [String] { get }
    /// The default as help shows it; empty if there is none to show.
    var defaultText: String { get }
    var isSatisfied: Bool { get }
    /// Takes a value, and says whether it is one.
    func accept(_ text: String) -> Bool
}

enum ArgumentShape { case option, flag, positional, rest }

/// `--name VALUE` or `--name=VALUE`. Without a default, the user must give it.
@propertyWrapper
package final class Option<Value: ExpressibleByArgument>: ArgumentDeclaration {
    private var value: Value?
    private let standard: Value?
    private let customValueName: String?
    let help: String
    let customName: String?

    package init(
        wrappedValue: Value, name: String? = nil, valueName: String? = nil, help: String
    ) {
        value = wrappedValue
        standard = wrappedValue
        customName = name
        customValueName = valueName
        self.help = help
    }

    package init(name: String? = nil, valueName: String? = nil, help: String) {
        standard = nil
        customName = name
        customValueName = valueName
        self.help = help
    }

    package var wrappedValue: Value {
        get {
            guard let value else { preconditionFailure("read before the arguments were parsed") }
            return value
        }
        set { value = newValue }
    }

    var shape: ArgumentShape { .option }
    var valueName: String { customValueName ?? Value.valueName }
    var allValueStrings: [String] { Value.allValueStrings }
    var defaultText: String { standard?.defaultValueDescription ?? "" }
    var isSatisfied: Bool { value != nil }

    func accept(_ text: String) -> Bool {
        guard let parsed = Value(argument: text) else { return false }
        value = parsed
        return true
    }
}

/// `--name`, without a value.
@propertyWrapper
package final class Flag: ArgumentDeclaration {
    package var wrappedValue: Bool
    let help: String
    let customName: String?

    package init(wrappedValue: Bool, name: String? = nil, help: String) {
        self.wrappedValue = wrappedValue
        customName = name
        self.help = help
    }

    var shape: ArgumentShape { .flag }
    var valueName: String { "" }
    var allValueStrings: [String] { [] }
    var defaultText: String { "" }
    var isSatisfied: Bool { true }

    func accept(_ text: String) -> Bool {
        wrappedValue = true
        return true
    }
}

/// An argument told by its place.
@propertyWrapper
package final class Argument<Value: ExpressibleByArgument>: ArgumentDeclaration {
    private var value: Value?
    let help: String
    let customName: String?

    package init(name: String? = nil, help: String) {
        customName = name
        self.help = help
    }

    package var wrappedValue: Value {
        get {
            guard let value else { preconditionFailure("read before the arguments were parsed") }
            return value
        }
        set { value = newValue }
    }

    var shape: ArgumentShape { .positional }
    var valueName: String { Value.valueName }
    var allValueStrings: [String] { Value.allValueStrings }
    var defaultText: String { "" }
    var isSatisfied: Bool { value != nil }

    func accept(_ text: String) -> Bool {
        guard let parsed = Value(argument: text) else { return false }
        value = parsed
        return true
    }
}

/// All arguments that are left, at least one, such as the words of a command for the application.
@propertyWrapper
package final class Rest: ArgumentDeclaration {
    package var wrappedValue: [String] = []
    let help: String
    let customName: String?

    package init(name: String? = nil, help: String) {
        customName = name
        self.help = help
    }

    var shape: ArgumentShape { .rest }
    var valueName: String { "TEXT" }
    var allValueStrings: [String] { [] }
    var defaultText: String { "" }
    var isSatisfied: Bool { !wrappedValue.isEmpty }

    func accept(_ text: String) -> Bool {
        wrappedValue.append(text)
        return true
    }
}
