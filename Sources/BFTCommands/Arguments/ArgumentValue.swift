package import BFTConfiguration

/// A value that can be spelled as one argument.
package protocol ExpressibleByArgument {
    init?(argument: String)
    /// The spelling, as help shows a default.
    var defaultValueDescription: String { get }
    /// What stands for the value in help: `NUMBER`.
    static var valueName: String { get }
    /// The values there are, if they can be listed.
    static var allValueStrings: [String] { get }
}

extension ExpressibleByArgument {
    package var defaultValueDescription: String { "\(self)" }
    package static var allValueStrings: [String] { [] }
}

extension String: ExpressibleByArgument {
    package init?(argument: String) { self = argument }
    package static var valueName: String { "TEXT" }
}

extension Int: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
    package static var valueName: String { "NUMBER" }
}

extension UInt16: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
    package static var valueName: String { "PORT" }
}

extension UInt64: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
    package static var valueName: String { "NUMBER" }
}

extension Double: ExpressibleByArgument {
    package init?(argument: String) {
        guard let value = Double(argument), value.isFinite else { return nil }
        self = value
    }
    package var defaultValueDescription: String {
        self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)"
    }
    package static var valueName: String { "NUMBER" }
}

extension Endpoint: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
    package static var valueName: String { "HOST:PORT" }
}

extension ExpressibleByArgument where Self: RawRepresentable & CaseIterable, RawValue == String {
    package init?(argument: String) { self.init(rawValue: argument) }
    package var defaultValueDescription: String { rawValue }
    package static var valueName: String { allValueStrings.joined(separator: "|") }
    package static var allValueStrings: [String] { allCases.map(\.rawValue) }
}

extension SignatureSchemeName: ExpressibleByArgument {}
extension ProtocolName: ExpressibleByArgument {}

extension Optional: ExpressibleByArgument where Wrapped: ExpressibleByArgument {
    package init?(argument: String) {
        guard let value = Wrapped(argument: argument) else { return nil }
        self = value
    }
    package var defaultValueDescription: String { self?.defaultValueDescription ?? "" }
    package static var valueName: String { Wrapped.valueName }
    package static var allValueStrings: [String] { Wrapped.allValueStrings }
}

/// A list, spelled with commas.
extension Array: ExpressibleByArgument where Element: ExpressibleByArgument {
    package init?(argument: String) {
        self = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let element = Element(argument: String(word)) else { return nil }
            append(element)
        }
    }
    package var defaultValueDescription: String {
        map(\.defaultValueDescription).joined(separator: ",")
    }
    package static var valueName: String { "\(Element.valueName),…" }
}
