import BFTBase

/// A trace as a picture: one lane for each validator, time from top to bottom, an arrow for each
/// message. Nothing but text: the picture needs no other file, script or font.
///
/// Time is not to scale: a long silence is shortened, and instants that are close are drawn apart,
/// so that arrows can be told apart. Their order is true.
public struct SequenceDiagram: Sendable {
    private let laneNames: [String]
    private let title: String
    private let subtitle: String
    private let events: [TraceEvent]
    private let omittedCount: Int
    /// Where each instant is drawn.
    private let scale: DiagramScale
    private let palette: DiagramPalette

    /// The most events that are drawn.
    public static let eventLimit = 4_000

    public init(
        of trace: [TraceEvent], laneNames: [String], title: String, subtitle: String,
        omittedCount: Int = 0
    ) {
        self.laneNames = laneNames
        self.title = title
        self.subtitle = subtitle
        events = Array(trace.prefix(Self.eventLimit))
        self.omittedCount = omittedCount + max(0, trace.count - Self.eventLimit)
        scale = DiagramScale(events)
        palette = DiagramPalette(events)
    }

    // MARK: Geometry, in pixels

    private static let leftMargin = 96
    private static let rightMargin = 150
    private static let headerHeight = 54
    private var validatorCount: Int { laneNames.count }
    private var laneGap: Int { validatorCount <= 5 ? 210 : max(60, 1_000 / validatorCount) }
    private var width: Int {
        max(760, Self.leftMargin + (validatorCount - 1) * laneGap + Self.rightMargin)
    }
    private var height: Int { scale.height + Self.headerHeight + 40 }
    private func laneX(_ lane: Int) -> Int { Self.leftMargin + lane * laneGap }
    private func rowY(_ time: Instant) -> Int { Self.headerHeight + scale.offset(of: time) }

    // MARK: Documents

    /// The picture alone.
    public var svg: String {
        let legendHeight = 46 + 20 * ((palette.entries.count + 3) / 4)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" \
            height="\(height + legendHeight)" viewBox="0 0 \(width) \(height + legendHeight)">
            <style>\(DiagramPalette.style)</style>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="16" y="24" class="title">\(Markup.escaped(title))</text>
            \(legend)
            <g transform="translate(0 \(legendHeight))">
            \(laneTitles)
            \(drawing)
            </g>
            </svg>

            """
    }

    /// A page with the picture, a legend and lane names that stay in sight.
    public var html: String {
        let lanes = (0..<validatorCount).map { lane in
            "<span style=\"left:\(laneX(lane))px\">\(laneNames[lane])</span>"
        }.joined()
        let swatches = palette.entries.map { entry in
            "<span class=\"key\"><i style=\"background:\(entry.color)\"></i>"
                + "\(Markup.escaped(entry.sort))</span>"
        }.joined()
        let omitted =
            omittedCount > 0
            ? "<p class=\"note\">\(omittedCount) more events are not drawn: "
                + "choose a window with --from and --to.</p>" : ""
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Markup.escaped(title))</title>
            <style>\(DiagramPalette.style)\(DiagramPalette.pageStyle)</style></head><body>
            <h1>\(Markup.escaped(title))</h1>
            <p class="note"><code>\(Markup.escaped(subtitle))</code></p>
            \(omitted)<div class="legend">\(swatches)\(Self.signs)</div>
            <div class="lanes" style="width:\(width)px">\(lanes)</div>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)">
            \(drawing)
            </svg></body></html>

            """
    }

    private static let signs = """
        <span class="key"><i class="dot" style="background:#1a7f37"></i>committed</span>\
        <span class="key"><i class="bar" style="background:#cf222e"></i>down</span>\
        <span class="key"><i class="bar" style="background:#9a6700"></i>suspended</span>\
        <span class="key">✕ lost</span>
        """

    private var legend: String {
        palette.entries.enumerated().map { position, entry in
            let (x, y) = (16 + position % 4 * 180, 44 + position / 4 * 20)
            return """
                <line x1="\(x)" y1="\(y)" x2="\(x + 22)" y2="\(y)" stroke="\(entry.color)" \
                stroke-width="3"/><text x="\(x + 28)" y="\(y + 4)" \
                class="small">\(Markup.escaped(entry.sort))</text>
                """
        }.joined(separator: "\n")
    }

    // MARK: The drawing

    private var drawing: String {
        var parts = [arrowHeads]
        parts += lanes
        parts += timeMarks
        parts += outages
        parts += events.compactMap(arrow)
        parts += events.compactMap(mark)
        return parts.joined(separator: "\n")
    }

    private var arrowHeads: String {
        let heads = (palette.entries.map(\.color) + [DiagramPalette.red]).map { color in
            """
            <marker id="\(Self.headName(color))" viewBox="0 0 8 8" refX="8" refY="4" \
            markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" \
            fill="\(color)"/></marker>
            """
        }
        return "<defs>\(heads.joined())</defs>"
    }

    private static func headName(_ color: String) -> String { "h" + color.dropFirst() }

    private var lanes: [String] {
        (0..<validatorCount).map { lane in
            let x = laneX(lane)
            return "<line x1=\"\(x)\" y1=\"30\" x2=\"\(x)\" y2=\"\(height - 10)\" class=\"axis\"/>"
        }
    }

    private var laneTitles: String {
        laneNames.enumerated().map { lane, name in
            "<text x=\"\(laneX(lane))\" y=\"22\" class=\"lane\">\(name)</text>"
        }.joined(separator: "\n")
    }

    /// The time at the left, not closer than text needs.
    private var timeMarks: [String] {
        var last = Int.min / 2
        var marks: [String] = []
        for event in events {
            let y = rowY(event.time)
            guard y >= last + 26 else { continue }
            last = y
            let micro = event.time.nanoseconds / 1_000
            let text = "\(micro / 1_000).\(micro % 1_000 / 100)"
            marks.append("<text x=\"58\" y=\"\(y + 4)\" class=\"time\">\(text) ms</text>")
        }
        return marks
    }

    /// Bars on the lanes of machines that are down or suspended.
    private var outages: [String] {
        var bars: [String] = []
        for (position, event) in events.enumerated() {
            guard let node = event.node else { continue }
            let (x, y) = (laneX(node), rowY(event.time))
            switch event.kind {
            case .powerCut:
                let restart = events[position...].first { $0.kind == .started && $0.node == node }
                let end = restart.map { rowY($0.time) } ?? height - 10
                bars.append(Self.bar(x, y, end, DiagramPalette.red, event.what))
            case .paused:
                let end = event.end.map(rowY) ?? y
                bars.append(Self.bar(x, y, min(end, height - 10), "#9a6700", event.what))
            default: continue
            }
        }
        return bars
    }

    private static func bar(
        _ x: Int, _ top: Int, _ bottom: Int, _ color: String, _ text: String
    ) -> String {
        """
        <rect x="\(x - 6)" y="\(top)" width="12" height="\(max(4, bottom - top))" fill="\(color)" \
        opacity="0.35"><title>\(Markup.escaped(text))</title></rect>\
        <text x="\(x + 10)" y="\(top + 4)" class="fault">\(Markup.escaped(text))</text>
        """
    }

    private func arrow(_ event: TraceEvent) -> String? {
        guard let node = event.node, let peer = event.peer,
            event.kind == .sent || event.kind == .lost
        else { return nil }
        let color = palette.color(of: event.sort)
        let (startX, startY) = (laneX(node), rowY(event.time))
        var (endX, endY) = (laneX(peer), startY + 10)
        let tip = Markup.escaped("\(event.line)")
        if event.kind == .lost {
            endX = startX + (endX - startX) / 2
            return """
                <g><title>\(tip)</title><line x1="\(startX)" y1="\(startY)" x2="\(endX)" \
                y2="\(endY)" stroke="\(color)" class="lost"/><text x="\(endX)" y="\(endY + 4)" \
                class="cross">✕</text></g>
                """
        }
        if let end = event.end { endY = min(rowY(end), height - 10) }
        return """
            <line x1="\(startX)" y1="\(startY)" x2="\(endX)" y2="\(endY)" stroke="\(color)" \
            marker-end="url(#\(Self.headName(color)))" \
            class="\(palette.isMinor(event.sort) ? "minor" : "major")"><title>\(tip)</title></line>
            """
    }

    private func mark(_ event: TraceEvent) -> String? {
        let y = rowY(event.time)
        let tip = "<title>\(Markup.escaped(event.line))</title>"
        guard let node = event.node else {
            let color = event.kind == .violation ? DiagramPalette.red : "#57606a"
            return """
                <g>\(tip)<line x1="40" y1="\(y)" x2="\(width - 10)" y2="\(y)" stroke="\(color)" \
                class="across"/><text x="\(width - 12)" y="\(y - 4)" fill="\(color)" \
                class="across-text">\(Markup.escaped(Markup.shortened(event.what, 110)))</text></g>
                """
        }
        let x = laneX(node)
        switch event.kind {
        case .view:
            return """
                <g>\(tip)<rect x="\(x - 21)" y="\(y - 8)" width="42" height="15" rx="4" \
                class="view"/><text x="\(x)" y="\(y + 4)" \
                class="view-text">view \(event.text.prefix { $0 != "," })</text></g>
                """
        case .committed:
            return """
                <g>\(tip)<circle cx="\(x)" cy="\(y)" r="6" fill="#1a7f37"/>\
                <text x="\(x + 10)" y="\(y + 4)" \
                class="commit">\(Markup.escaped(Self.heightAndBlock(event.text)))</text></g>
                """
        case .timer:
            return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"3\" class=\"timer\">\(tip)</circle>"
        case .submitted:
            return "<path d=\"M\(x - 34) \(y - 5)h10l-5 8z\" class=\"client\">\(tip)</path>"
        case .accused, .rejected:
            return """
                <text x="\(x + 10)" y="\(y + 4)" class="fault">\(tip)\
                \(Markup.escaped(Markup.shortened(event.what, 40)))</text>
                """
        default: return nil
        }
    }

    /// `height 4 1f2e3d4c` of what was said of a block.
    private static func heightAndBlock(_ text: String) -> String {
        let words = text.split(separator: " ")
        guard let position = words.firstIndex(of: "height"), position + 2 < words.count else {
            return text
        }
        return words[position...position + 2].joined(separator: " ")
    }
}
