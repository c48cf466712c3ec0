import Glibc

extension StringProtocol {
    /// Where `text`, which is not empty, stands first, by its bytes.
    func range(of text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        let offset = utf8.withContiguousStorageIfAvailable { bytes -> Int? in
            var start = 0
            while start + wanted.count <= bytes.count {
                let rest = bytes.baseAddress! + start
                guard let found = memchr(rest, Int32(wanted[0]), bytes.count - start) else {
                    return nil
                }
                start += UnsafeRawPointer(found) - UnsafeRawPointer(rest)
                guard start + wanted.count <= bytes.count else { return nil }
                if memcmp(found, wanted, wanted.count) == 0 { return start }
                start += 1
            }
            return nil
        }
        guard let offset = offset ?? nil else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: wanted.count)
    }
}
