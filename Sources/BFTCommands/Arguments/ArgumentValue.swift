public import BFTConfiguration

/// A value that can be spelled as one argument.
public protocol ExpressibleByArgument {
    init?(argument: String)
    /// The spelling, as help shows a default.
    var defaultValueDescription: String { get }
    /// What stands for the value in help: `NUMBER`.
    static var valueName: String { get }
    /// The values there are, if they can be listed.
    static var allValueStrings: [String] { get }
}

extension ExpressibleByArgument {
    public var defaultValueDescription: String { "\(self)" }
    public static var allValueStrings: [String] { [] }
}

extension String: ExpressibleByArgument {
    public init?(argument: String) { self = argument }
    public static var valueName: String { "TEXT" }
}

extension Int: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var valueName: String { "NUMBER" }
}

extension UInt16: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var valueName: String { "PORT" }
}

extension UInt64: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var valueName: String { "NUMBER" }
}

extension Double: ExpressibleByArgument {
    public init?(argument: String) {
        guard let value = Double(argument), value.isFinite else { return nil }
        self = value
    }
    public var defaultValueDescription: String {
        self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)"
    }
    public static var valueName: String { "NUMBER" }
}

extension Endpoint: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var valueName: String { "HOST:PORT" }
}

extension ExpressibleByArgument where Self: RawRepresentable & CaseIterable, RawValue == String {
    public init?(argument: String) { self.init(rawValue: argument) }
    public var defaultValueDescription: String { rawValue }
    public static var valueName: String { allValueStrings.joined(separator: "|") }
    public static var allValueStrings: [String] { allCases.map(\.rawValue) }
}

extension SignatureSchemeName: ExpressibleByArgument {}
extension ProtocolName: ExpressibleByArgument {}

extension Optional: ExpressibleByArgument where Wrapped: ExpressibleByArgument {
    public init?(argument: String) {
        guard let value = Wrapped(argument: argument) else { return nil }
        self = value
    }
    public var defaultValueDescription: String { self?.defaultValueDescription ?? "" }
    public static var valueName: String { Wrapped.valueName }
    public static var allValueStrings: [String] { Wrapped.allValueStrings }
}

/// A list, spelled with commas.
extension Array: ExpressibleByArgument where Element: ExpressibleByArgument {
    public init?(argument: String) {
        self = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let element = Element(argument: String(word)) else { return nil }
            append(element)
        }
    }
    public var defaultValueDescription: String {
        map(\.defaultValueDescription).joined(separator: ",")
    }
    public static var valueName: String { "\(Element.valueName),…" }
}
