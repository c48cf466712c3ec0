@_spi(Verification) public import BFTBase
public import BFTWire

/// Why a message is not what its signatures claim.
public struct VerificationError: Error, Equatable, Sendable {
    /// The validator whose claim does not hold.
    public let signer: ValidatorIndex
    public let reason: Reason

    public enum Reason: Equatable, Sendable {
        /// The epoch has no validator of that index.
        case unknownSigner
        case wrongLength(expected: Int, found: Int)
        /// The signature is not the signer's over the statement.
        case invalid
    }

    public init(signer: ValidatorIndex, reason: Reason) {
        self.signer = signer
        self.reason = reason
    }
}

extension VerificationError: CustomStringConvertible {
    public var description: String {
        switch reason {
        case .unknownSigner: "\(signer) is no validator of this epoch"
        case .wrongLength(let expected, let found):
            "the signature of \(signer) has \(found) bytes, not \(expected)"
        case .invalid: "the signature of \(signer) does not fit what it is said to cover"
        }
    }
}

/// Why a list of keys can't be the keys of an epoch.
public enum ValidatorKeysError: Error, Equatable, Sendable {
    case tooMany(limit: Int)
    case unusable(ValidatorIndex, KeyError)
    /// Two validators with one key: each could pass off the other's signatures as its own.
    case duplicate(ValidatorIndex, ValidatorIndex)
}

/// The public keys of one epoch's validators, by index, each prepared for many checks.
public struct ValidatorKeys: Sendable {
    public let epoch: Epoch
    private let keys: [PreparedKey]
    private let indexByFingerprint: [Digest: ValidatorIndex]
    /// What checking signatures against these keys has taken.
    public let meter = CPUMeter()

    /// Prepares `publicKeys`, in the order of the epoch's validator set.
    ///
    /// Keys that `previous` holds are taken from there: preparing an ML-DSA key costs as much as
    /// several checks, and most validators stay from epoch to epoch.
    public init(
        epoch: Epoch, _ publicKeys: [PublicKey], reusing previous: ValidatorKeys? = nil
    ) throws(ValidatorKeysError) {
        guard publicKeys.count <= ValidatorSet.countLimit else {
            throw .tooMany(limit: ValidatorSet.countLimit)
        }
        var keys: [PreparedKey] = []
        var indexByFingerprint: [Digest: ValidatorIndex] = [:]
        for (position, publicKey) in publicKeys.enumerated() {
            let index = ValidatorIndex(position)
            let key = try Self.prepare(publicKey, at: index, reusing: previous)
            if let other = indexByFingerprint.updateValue(index, forKey: key.fingerprint) {
                throw .duplicate(other, index)
            }
            keys.append(key)
        }
        self.epoch = epoch
        self.keys = keys
        self.indexByFingerprint = indexByFingerprint
    }

    public var count: Int { keys.count }

    /// The key of `validator`, or `nil` if the epoch has no such validator.
    public subscript(validator: ValidatorIndex) -> PreparedKey? {
        validator.rawValue < keys.count ? keys[validator.rawValue] : nil
    }

    /// The validator whose key has `fingerprint`, or `nil` if none has.
    public func index(of fingerprint: Digest) -> ValidatorIndex? { indexByFingerprint[fingerprint] }

    private static func prepare(
        _ publicKey: PublicKey, at index: ValidatorIndex, reusing previous: ValidatorKeys?
    ) throws(ValidatorKeysError) -> PreparedKey {
        if let previous, let old = previous.index(of: publicKey.fingerprint),
            let key = previous[old]
        {
            return key
        }
        do throws(KeyError) {
            return try PreparedKey(publicKey)
        } catch {
            throw .unusable(index, error)
        }
    }

    /// Checks every claim of `message`; the error is about the first that does not hold.
    ///
    /// What this proves is that the named validators signed those statements, and no more: whether
    /// the signers are enough, or each named once, is the protocol's to judge. A message without
    /// claims stands on nothing, and is `Verified` at once.
    public func verify<Message: Authenticated>(
        _ message: Message
    ) throws(VerificationError) -> Verified<Message> {
        if let failure = failures(of: [message.claims])[0] { throw failure }
        return Verified(message)
    }

    /// Checks every claim of every message, several signatures at a time where the scheme gains by
    /// it. The results are those of `verify`, in the order of the messages.
    func verify<Message: Authenticated>(
        messages: some Collection<Message>
    ) -> [Result<Verified<Message>, VerificationError>] {
        zip(messages, failures(of: messages.map(\.claims))).map { message, failure in
            failure.map { .failure($0) } ?? .success(Verified(message))
        }
    }

    /// For each message, by its claims, the first claim that fails, or `nil` if all hold.
    ///
    /// Knows nothing of the messages' types, so that it is compiled once and looks no type up.
    private func failures(of messages: [[SignatureClaim]]) -> [VerificationError?] {
        var pending: [PendingClaim] = []
        var failures: [VerificationError?] = []
        for (position, claims) in messages.enumerated() {
            do throws(VerificationError) {
                for claim in claims { pending.append(try prepare(claim, of: position)) }
                failures.append(nil)
            } catch {
                failures.append(error)
            }
        }
        // One with a wrong signature comes before the one that was malformed, where the reading
        // stopped; so, from the last to the first, each takes the place of what was found before.
        let answers = meter.measure { areValid(pending) }
        for (claim, isValid) in zip(pending, answers).reversed() where !isValid {
            failures[claim.message] = VerificationError(signer: claim.signer, reason: .invalid)
        }
        return failures
    }

    /// A claim whose signature has the right length, of the message at a position of its batch.
    private struct PendingClaim {
        let message: Int
        let signer: ValidatorIndex
        let scheme: SignatureSchemeID
        let signature: ClaimedSignature
    }

    private func prepare(
        _ claim: SignatureClaim, of message: Int
    ) throws(VerificationError) -> PendingClaim {
        guard let key = self[claim.signer] else {
            throw VerificationError(signer: claim.signer, reason: .unknownSigner)
        }
        guard claim.signature.count == key.signatureByteCount else {
            let found = claim.signature.count
            throw VerificationError(
                signer: claim.signer,
                reason: .wrongLength(expected: key.signatureByteCount, found: found))
        }
        return PendingClaim(
            message: message, signer: claim.signer, scheme: key.publicKey.scheme,
            signature: ClaimedSignature(
                verifier: key.verifier, signature: claim.signature, message: claim.statement))
    }

    private func areValid(_ claims: [PendingClaim]) -> [Bool] {
        // Most messages have one signature, and most epochs one scheme.
        if claims.count == 1 {
            let only = claims[0].signature
            return [only.verifier.isValid(only.signature, for: only.message)]
        }
        var answers = [Bool](repeating: false, count: claims.count)
        for id in SignatureSchemeID.allCases {
            let positions = claims.indices.filter { claims[$0].scheme == id }
            guard !positions.isEmpty, let scheme = id.scheme else { continue }
            let verdicts = scheme.areValid(positions.map { claims[$0].signature })
            precondition(verdicts.count == positions.count, "a scheme answers for each signature")
            for (position, verdict) in zip(positions, verdicts) { answers[position] = verdict }
        }
        return answers
    }

    /// About how long checking `message` takes. Decides where it is done, and nothing else.
    public func verificationCost(of message: some Authenticated) -> Interval {
        verificationWork(of: message).cost
    }

    /// How many signatures of `message` are to be checked, and about how long that takes.
    public func verificationWork(
        of message: some Authenticated
    ) -> (checkCount: Int, cost: Interval) {
        let claims = message.claims
        let nanoseconds = claims.reduce(UInt64(0)) { sum, claim in
            sum + (self[claim.signer]?.verifyCost.nanoseconds ?? 0)
        }
        return (claims.count, Interval(nanoseconds: nanoseconds))
    }
}
