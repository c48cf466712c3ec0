package import BFTBase

/// Times as people and files spell them (RFC 3339).
package enum CalendarTime {
    /// The time that `text` spells, or `nil`: `2026-01-31T23:59:59Z`, with or without a fraction,
    /// with `Z` or an offset such as `+02:00`. Times before 1970 and leap seconds are refused;
    /// a fraction is cut to milliseconds.
    package static func timestamp(_ text: String) -> Timestamp? {
        var scanner = Scanner(bytes: Array(text.utf8))
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2),
            scanner.skip("-"), let day = scanner.digits(2), scanner.skip("Tt"),
            let hour = scanner.digits(2), scanner.skip(":"), let minute = scanner.digits(2),
            scanner.skip(":"), let second = scanner.digits(2),
            let fraction = scanner.fraction(), let zone = scanner.offsetMinutes(),
            scanner.isAtEnd, (1...12).contains(month), day >= 1,
            day <= days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds =
            daysSince1970(year, month, day) * 86_400 + hour * 3_600 + (minute - zone) * 60 + second
        guard seconds >= 0 else { return nil }
        return Timestamp(milliseconds: UInt64(seconds) * 1_000 + UInt64(fraction))
    }

    /// The time in UTC with milliseconds, or in milliseconds alone from the year 10000.
    package static func text(_ timestamp: Timestamp) -> String {
        let seconds = timestamp.milliseconds / 1_000
        guard seconds < 253_402_300_800 else { return "\(timestamp.milliseconds)" }
        let (year, month, day) = date(daysSince1970: Int(seconds / 86_400))
        let clock = Int(seconds % 86_400)
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
            + "\(pad(clock / 3_600, 2)):\(pad(clock / 60 % 60, 2)):\(pad(clock % 60, 2))"
            + ".\(pad(Int(timestamp.milliseconds % 1_000), 3))Z"
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private static func days(in month: Int, of year: Int) -> Int {
        month == 2 && isLeap(year)
            ? 29 : [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    private static func daysBefore(year: Int) -> Int {
        let past = year - 1
        return past * 365 + past / 4 - past / 100 + past / 400
    }

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let months = (1..<month).reduce(0) { $0 + days(in: $1, of: year) }
        return daysBefore(year: max(1, year)) - daysBefore(year: 1970) + months + day - 1
    }

    private static func date(daysSince1970 count: Int) -> (year: Int, month: Int, day: Int) {
        var year = 1970 + count / 366
        while daysBefore(year: year + 1) - daysBefore(year: 1970) <= count { year += 1 }
        var rest = count - (daysBefore(year: year) - daysBefore(year: 1970))
        var month = 1
        while rest >= days(in: month, of: year) {
            rest -= days(in: month, of: year)
            month += 1
        }
        return (year, month, rest + 1)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var offset = 0

        var isAtEnd: Bool { offset == bytes.count }

        mutating func skip(_ allowed: StaticString) -> Bool {
            guard offset < bytes.count, "\(allowed)".utf8.contains(bytes[offset]) else {
                return false
            }
            offset += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard bytes.count - offset >= count else { return nil }
            var value = 0
            for byte in bytes[offset..<offset + count] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            offset += count
            return value
        }

        /// The fraction of a second in milliseconds: 0 without one, `nil` for a dot alone.
        mutating func fraction() -> Int? {
            guard skip(".") else { return 0 }
            guard let first = digits(1) else { return nil }
            let second = digits(1) ?? 0
            let third = digits(1) ?? 0
            while digits(1) != nil {}
            return first * 100 + second * 10 + third
        }

        mutating func offsetMinutes() -> Int? {
            if skip("Zz") { return 0 }
            let isEast = offset < bytes.count && bytes[offset] == UInt8(ascii: "+")
            guard skip("+-"), let hours = digits(2), skip(":"), let minutes = digits(2),
                hours < 24, minutes < 60
            else { return nil }
            return (isEast ? 1 : -1) * (hours * 60 + minutes)
        }
    }
}
