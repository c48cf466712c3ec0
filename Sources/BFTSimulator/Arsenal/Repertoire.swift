import BFTBase

/// What a coalition that says anything does at all in one run. Every way to be malicious shuts out
/// traps of another kind: who is told nothing is not misled, and a certificate that is kept stands
/// in no wrong place. So no run has to have all of them.
///
/// Source: Groce et al., "Swarm Testing" (ISSTA 2012): of a number of features, each run has some,
/// drawn for it, rather than all.
struct Repertoire: Sendable, Equatable {
    enum Device: UInt64, CaseIterable, Sendable {
        // What is kept from others, in a ``Mood``.
        case secrets
        case hoarding
        case leavingOut
        case openEnds
        case unsaid
        case silence
        case diets
        case eclipses
        // What is said, in a ``Temper``.
        case filters
        case leading
        case inventing
        case seconding
        case histories

        fileprivate var bit: UInt64 { 1 << rawValue }

        /// Whether it keeps something from others.
        var isReserve: Bool { rawValue <= Self.eclipses.rawValue }
    }

    private let devices: UInt64

    /// That of the run with `seed`. It has all that is kept from others, a part of it, or nothing;
    /// and all that is said, or a part of it.
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed ^ 0x5745_1A13_0DD5_E7A5)
        var devices: UInt64 = 0
        let reserve = random.number(0...2)
        let speech = random.number(1...2)
        for device in Device.allCases {
            let share = device.isReserve ? reserve : speech
            if random.number(0...1) < share { devices |= device.bit }
        }
        self.devices = devices
    }

    func has(_ device: Device) -> Bool { devices & device.bit != 0 }
}
