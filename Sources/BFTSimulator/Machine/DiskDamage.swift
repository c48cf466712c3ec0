import BFTBase
import BFTChain
import BFTStorage

/// What was on a disk at a moment.
struct DiskImage: Sendable {
    let log: [String: [UInt8]]
    let store: StorageContents
}

extension SimulatedNode.Disk {
    /// The disk as it can be read now.
    var image: DiskImage { DiskImage(log: log.files, store: store.contents) }

    init(_ image: DiskImage) {
        log = MemoryLogDirectory(files: image.log)
        store = FaultInjectingBackend(image.store)
    }

    /// A bit of the log changes where something was written.
    mutating func rot(_ random: inout SplitMix64) {
        var image = log.files
        guard let (name, used) = Self.usedFile(image, &random) else { return }
        let offset = Int.random(in: 0..<used, using: &random)
        image[name]?[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        log = MemoryLogDirectory(files: image)
    }

    /// A sector of the log holds what belongs into another one.
    mutating func misdirect(_ random: inout SplitMix64) {
        let sector = 512
        var image = log.files
        guard let (name, used) = Self.usedFile(image, &random), var bytes = image[name] else {
            return
        }
        let count = (used + sector - 1) / sector
        let (from, to) = (
            Int.random(in: 0..<count, using: &random), Int.random(in: 0..<count, using: &random)
        )
        for offset in 0..<sector
        where from * sector + offset < bytes.count && to * sector + offset < bytes.count {
            bytes[to * sector + offset] = bytes[from * sector + offset]
        }
        image[name] = bytes
        log = MemoryLogDirectory(files: image)
    }

    /// One of the files, and how many of its bytes are in use.
    private static func usedFile(
        _ files: [String: [UInt8]], _ random: inout SplitMix64
    ) -> (name: String, byteCount: Int)? {
        let names = files.keys.sorted()
        guard let name = names.randomElement(using: &random), let bytes = files[name] else {
            return nil
        }
        let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
        return bytes.isEmpty ? nil : (name, used)
    }
}

extension SimulatedNode {
    /// Puts an earlier image in the place of the disk. The machine is down.
    mutating func replaceDisk(by image: DiskImage) {
        disk = Disk(image)
        state = (try? ChainStore(disk.store, rules: rules).head()) ?? genesis
    }
}
