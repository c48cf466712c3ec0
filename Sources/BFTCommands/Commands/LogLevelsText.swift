import BFTLogging

/// Levels as users give them on the command line.
enum LogLevelsText {
    static func levels(_ text: String) throws(UsageError) -> LogLevels {
        do throws(LogLevels.ParseError) {
            return try LogLevels(parsing: text)
        } catch {
            throw UsageError(
                "--log-level: \(error.message)", hint: "write info, or info,transport=debug")
        }
    }
}
