internal import BFTCrypto

/// Why a session can't go on. Each is the end of its connection: bytes were changed, lost, repeated
/// or reordered on the way, or the peer does not keep to the format.
public enum SessionError: Error, Equatable, Sendable {
    case frameTooLong(limit: Int, found: Int)
    case frameTooShort(byteCount: Int)
    /// The frame is not the next one that the peer sealed.
    case forged
    /// The peer used one key for more bytes than it may.
    case rekeyOverdue
    case malformedRekey
    /// An earlier error ended the session.
    case ended
}

/// The two secrets of a session and what they are used with. Made by the handshake.
struct SessionSecrets: Sendable {
    let algorithm: AEADAlgorithm
    let sending: SecretBytes
    let receiving: SecretBytes
}

/// How often the two sides of a session have replaced the keys that they send with.
public struct KeyReplacements: Equatable, Sendable {
    public let own: UInt64
    public let peer: UInt64
}

/// The first bytes of a frame's plaintext: the kind of the frame and up to seven more.
struct FrameHeader {
    private var bytes: InlineArray<8, UInt8> = .init(repeating: 0)
    private var count = 1

    init(_ kind: UInt8) { bytes[0] = kind }

    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    mutating func append(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// The bytes written so far.
    var span: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            unsafe bytes.span.bytes.extracting(first: count)
        }
    }
}

/// A frame that was opened in place, at the start of the queue that it came from.
struct OpenedFrame: Equatable {
    let kind: UInt8
    /// Where the payload stands, from the start of the queue.
    let payload: Range<Int>
    /// What the whole frame takes up: to be consumed once the payload was used.
    let byteCount: Int
}

/// An authenticated, encrypted stream of frames in both directions.
///
/// A frame is a 32-bit length and as many bytes: the sealed kind and payload, and a tag. The nonce
/// is the number of the frame under its key and is never sent, so a frame that was dropped,
/// repeated, reordered or changed does not open, and a frame that does not open ends the session.
/// The length is not sealed: changing it moves the tag, and the frame does not open either.
///
/// Each direction has its own key. The sender replaces it after `rekeyByteCount` bytes, and when
/// its host asks; the new key is derived from the old one, which is then wiped, so that a key
/// stolen later opens nothing sent before.
///
/// Not copyable: a copy would seal two frames with one nonce.
public struct Session: ~Copyable {
    /// The most bytes that the plaintext of a frame may have.
    static let plaintextLimit = 65_536 + 16
    static let lengthByteCount = 4
    static let sealedLimit = plaintextLimit + AEADAlgorithm.tagByteCount
    /// What a frame adds to its plaintext.
    static let overhead = lengthByteCount + AEADAlgorithm.tagByteCount
    /// The kind of the frame that announces the sender's next key.
    static let rekeyKind: UInt8 = 0
    /// 2³² bytes: far within the limits of AES-GCM and ChaCha20-Poly1305 for one key.
    static let rekeyByteCountDefault: UInt64 = 1 << 32

    private let algorithm: AEADAlgorithm
    private let rekeyByteCount: UInt64
    private var sending: SendingDirection
    private var receiving: ReceivingDirection
    private var hasEnded = false

    init(_ secrets: SessionSecrets, rekeyByteCount: UInt64 = rekeyByteCountDefault) {
        algorithm = secrets.algorithm
        self.rekeyByteCount = rekeyByteCount
        sending = SendingDirection(algorithm, secret: secrets.sending)
        receiving = ReceivingDirection(algorithm, secret: secrets.receiving)
    }

    /// How often each side has replaced the key that it sends with.
    var replacedKeys: KeyReplacements {
        KeyReplacements(own: sending.keyNumber, peer: receiving.keyNumber)
    }

    /// Appends one frame of `header` followed by `body` to `output`.
    ///
    /// - Precondition: both together are within `plaintextLimit`.
    mutating func seal(
        _ header: borrowing FrameHeader, _ body: RawSpan, into output: inout ByteQueue
    ) {
        if sending.byteCount >= rekeyByteCount { rekey(into: &output) }
        sending.seal(header, body, into: &output)
    }

    /// Replaces the key that this side sends with, and tells the peer in a last frame.
    mutating func rekey(into output: inout ByteQueue) {
        sending.seal(FrameHeader(Self.rekeyKind), RawSpan(), into: &output)
        sending.advance(algorithm)
    }

    /// Opens the frame at the start of `input` in place, or returns `nil` while it is incomplete.
    ///
    /// The length is held against the limit before anything waits for the bytes.
    mutating func open(_ input: inout ByteQueue) throws(SessionError) -> OpenedFrame? {
        guard !hasEnded else { throw .ended }
        do throws(SessionError) {
            return try openNext(&input)
        } catch {
            hasEnded = true
            throw error
        }
    }

    private mutating func openNext(_ input: inout ByteQueue) throws(SessionError) -> OpenedFrame? {
        guard let length = input.peekLength() else { return nil }
        guard length <= Self.sealedLimit else {
            throw .frameTooLong(limit: Self.sealedLimit, found: length)
        }
        guard length > AEADAlgorithm.tagByteCount else { throw .frameTooShort(byteCount: length) }
        let byteCount = Self.lengthByteCount + length
        guard input.count >= byteCount else { return nil }
        // One frame beyond the limit is the sender's right, and one more is the frame that says so.
        let slack = UInt64(2 * (Self.sealedLimit + Self.lengthByteCount))
        guard receiving.byteCount < rekeyByteCount + slack else { throw .rekeyOverdue }
        let kind = input.withMutableBytes(in: Self.lengthByteCount..<byteCount) { sealed in
            receiving.open(&sealed) ? unsafe sealed.unsafeLoad(as: UInt8.self) : nil
        }
        guard let kind else { throw .forged }
        let payload = Self.lengthByteCount + 1..<byteCount - AEADAlgorithm.tagByteCount
        if kind == Self.rekeyKind {
            guard payload.isEmpty else { throw .malformedRekey }
            receiving.advance(algorithm)
        }
        return OpenedFrame(kind: kind, payload: payload, byteCount: byteCount)
    }
}

/// The chain of keys of one direction.
private struct KeyChain {
    private var secret: SecretBytes

    init(_ secret: SecretBytes) { self.secret = secret }

    var key: SecretBytes {
        HKDF.expand(
            secret, info: Array("swift-bft session key".utf8), count: AEADAlgorithm.keyByteCount)
    }

    /// Replaces the secret by one from which it can't be computed.
    mutating func advance() {
        secret = HKDF.expand(
            secret, info: Array("swift-bft session rekey".utf8), count: HKDF.keyByteCount)
    }
}

private struct SendingDirection: ~Copyable {
    private var chain: KeyChain
    private var key: SealingKey
    private var frameCount: UInt64 = 0
    /// The bytes sealed under this key.
    private(set) var byteCount: UInt64 = 0
    /// The keys before this one.
    private(set) var keyNumber: UInt64 = 0

    init(_ algorithm: AEADAlgorithm, secret: SecretBytes) {
        chain = KeyChain(secret)
        key = SealingKey(algorithm, key: chain.key)
    }

    mutating func seal(
        _ header: borrowing FrameHeader, _ body: RawSpan, into output: inout ByteQueue
    ) {
        let head = header.span
        let plaintext = head.byteCount + body.byteCount
        precondition(plaintext <= Session.plaintextLimit, "too long for one frame")
        let nonce = AEADNonce(counter: frameCount)
        let length = plaintext + AEADAlgorithm.tagByteCount
        output.append(UInt32(length))
        output.append(byteCount: length) { key.seal(nonce: nonce, head, body, into: &$0) }
        frameCount += 1
        byteCount += UInt64(Session.overhead + plaintext)
    }

    mutating func advance(_ algorithm: AEADAlgorithm) {
        chain.advance()
        key = SealingKey(algorithm, key: chain.key)
        keyNumber += 1
        frameCount = 0
        byteCount = 0
    }
}

private struct ReceivingDirection: ~Copyable {
    private var chain: KeyChain
    private var key: OpeningKey
    private var frameCount: UInt64 = 0
    /// The bytes opened under this key.
    private(set) var byteCount: UInt64 = 0
    /// The keys before this one.
    private(set) var keyNumber: UInt64 = 0

    init(_ algorithm: AEADAlgorithm, secret: SecretBytes) {
        chain = KeyChain(secret)
        key = OpeningKey(algorithm, key: chain.key)
    }

    mutating func open(_ sealed: inout MutableRawSpan) -> Bool {
        guard key.open(nonce: AEADNonce(counter: frameCount), inPlace: &sealed) else {
            return false
        }
        frameCount += 1
        byteCount += UInt64(Session.lengthByteCount + sealed.byteCount)
        return true
    }

    mutating func advance(_ algorithm: AEADAlgorithm) {
        chain.advance()
        key = OpeningKey(algorithm, key: chain.key)
        keyNumber += 1
        frameCount = 0
        byteCount = 0
    }
}
