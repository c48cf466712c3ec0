import Glibc

/// Reads whole files of bounded size.
package enum ConfigurationFile {
    /// The bytes of the file at `path`: at most `byteLimit`, from a regular file.
    package static func read(
        _ path: String, byteLimit: Int
    ) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw failure(path, "is no regular file", "name a file")
        }
        guard status.st_size <= byteLimit else {
            throw failure(path, "is longer than \(byteLimit) bytes", "name the right file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= byteLimit else {
                throw failure(path, "is longer than \(byteLimit) bytes", "name the right file")
            }
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> ConfigurationError {
        let hint =
            switch code {
            case ENOENT: "check the path; 'bft init --home DIRECTORY' writes a new home"
            case EACCES, EPERM: "give this user the right to read it"
            default: "check the path"
            }
        return failure(path, "can't be read: \(String(cString: strerror(code)))", hint)
    }

    private static func failure(
        _ path: String, _ message: String, _ hint: String
    ) -> ConfigurationError {
        ConfigurationError(
            file: path, problems: [ConfigurationProblem(at: nil, message, hint: hint)])
    }
}
