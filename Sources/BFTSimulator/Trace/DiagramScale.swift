import BFTBase

/// Where instants are drawn: in order, no closer than can be told apart, no farther than a hand.
struct DiagramScale: Sendable {
    private let times: [Instant]
    private let offsets: [Int]

    /// Pixels between two instants that follow one another.
    private static let gaps = 3...48
    /// How many microseconds one pixel stands for, within `gaps`.
    private static let microsecondsPerPixel: UInt64 = 50

    init(_ events: [TraceEvent]) {
        // An arrow that ends long after the last event would make the picture long.
        let last = events.last?.time ?? Instant(nanoseconds: 0)
        let ends = events.compactMap(\.end).filter { $0 <= last }
        var all: [Instant] = []
        for time in (events.map(\.time) + ends).sorted() where all.last != time {
            all.append(time)
        }
        var offsets: [Int] = []
        var offset = 0
        for (position, time) in all.enumerated() {
            if position > 0 {
                let micro = time.since(all[position - 1]).nanoseconds / 1_000
                let pixels = Int(clamping: micro / Self.microsecondsPerPixel)
                offset += min(max(pixels, Self.gaps.lowerBound), Self.gaps.upperBound)
            }
            offsets.append(offset)
        }
        times = all
        self.offsets = offsets
    }

    var height: Int { offsets.last ?? 0 }

    func offset(of time: Instant) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low < offsets.count ? offsets[low] : height + 40
    }
}

/// Which sort of message has which colour.
struct DiagramPalette: Sendable {
    struct Entry: Sendable {
        let sort: String
        let color: String
    }

    let entries: [Entry]

    static let red = "#cf222e"
    private static let gray = "#9da7b1"
    /// Colours that people with any colour vision tell apart.
    /// Source: Okabe and Ito, "Color universal design" (2002), darkened for lines on white.
    private static let colors = [
        "#0060a8", "#c25a00", "#00825e", "#a8479a", "#7a6a00", "#3aa0d8", "#5b4bc4", "#444444",
    ]

    /// Sorts by their first message. Those about batches, reads and blocks of the past are gray.
    init(_ events: [TraceEvent]) {
        var entries: [Entry] = []
        for event in events where event.kind == .sent || event.kind == .lost {
            guard !event.sort.isEmpty, !entries.contains(where: { $0.sort == event.sort }) else {
                continue
            }
            let used = entries.count { $0.color != Self.gray }
            let color =
                Self.isOfLedger(event.sort) ? Self.gray : Self.colors[used % Self.colors.count]
            entries.append(Entry(sort: event.sort, color: color))
        }
        self.entries = entries
    }

    func color(of sort: String) -> String {
        entries.first { $0.sort == sort }?.color ?? Self.gray
    }

    func isMinor(_ sort: String) -> Bool { Self.isOfLedger(sort) }

    private static func isOfLedger(_ sort: String) -> Bool {
        MessageSummary.ledgerSorts.contains(sort)
    }

    static let style = """
        text{font:12px system-ui,sans-serif;fill:#1f2328}\
        .title{font-size:15px;font-weight:600}.small{font-size:12px}\
        .lane{text-anchor:middle;font-weight:600;font-size:14px}\
        .axis{stroke:#d0d7de;stroke-width:2}\
        .time{text-anchor:end;fill:#57606a;font-size:10px}\
        .major{stroke-width:1.4;opacity:.85}.minor{stroke-width:.8;opacity:.55}\
        .lost{stroke-width:1.2;stroke-dasharray:4 3}\
        .cross{fill:#cf222e;text-anchor:middle;font-weight:700}\
        .fault{fill:#cf222e;font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}\
        .across{stroke-width:1.2;stroke-dasharray:8 4}\
        .across-text{text-anchor:end;font-size:11px;paint-order:stroke;stroke:#fff;\
        stroke-width:3px}\
        .view{fill:#eaeef2;stroke:#8c959f}.view-text{text-anchor:middle;font-size:10px}\
        .commit{fill:#1a7f37;font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}\
        .timer{fill:#fff;stroke:#57606a}.client{fill:#57606a}\
        line:hover{stroke-width:4;opacity:1}
        """

    static let pageStyle = """
        body{margin:0;background:#fff;font:14px system-ui,sans-serif;color:#1f2328}\
        h1{font-size:18px;margin:16px 16px 4px}.note{margin:4px 16px;color:#57606a}\
        code{font-size:12px;overflow-wrap:anywhere}\
        .legend{margin:8px 16px;max-width:1000px}\
        .key{display:inline-block;margin:0 16px 4px 0;white-space:nowrap}\
        .key i{display:inline-block;width:22px;height:4px;margin-right:6px;vertical-align:middle}\
        .key i.dot{width:10px;height:10px;border-radius:5px}.key i.bar{width:10px;height:14px;\
        opacity:.4}\
        .lanes{position:sticky;top:0;height:26px;background:#fffd;border-bottom:1px solid #d0d7de}\
        .lanes span{position:absolute;transform:translateX(-50%);top:4px;font-weight:600}
        """
}

enum Markup {
    /// The text as it stands in a document.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    static func shortened(_ text: String, _ limit: Int) -> String {
        text.count <= limit ? text : text.prefix(limit - 1) + "…"
    }
}
