import Testing

@testable import PostQuantum

/// Each check of FIPS 204 verification has a forgery that only it keeps out.
@Suite struct VerificationCheckTests {
    private static let parameters = MLDSA87Parameters.parameters
    private let key: MLDSA87.SigningKey
    private let verifier: MLDSA87.Verifier
    private let message = Array("message".utf8)

    init() throws {
        key = MLDSA87.SigningKey(
            try MLDSA87.PrivateKey(
                seedRepresentation: Array(repeating: 3, count: 32), publicKey: nil))
        verifier = MLDSA87.Verifier(key.publicKey)
    }

    private func isValid(
        _ signature: [UInt8], _ message: [UInt8], context: [UInt8] = [],
        without check: VerificationChecks = []
    ) -> Bool {
        verifier.isValidSignature(
            signature.span.bytes, for: message.span.bytes, context: context.span.bytes,
            checks: .all.subtracting(check))
    }

    /// Expects that `check`, and no other, rejects the signature.
    private func expectCaught(
        _ signature: [UInt8], _ message: [UInt8], context: [UInt8] = [],
        by check: VerificationChecks
    ) {
        #expect(!isValid(signature, message, context: context))
        #expect(isValid(signature, message, context: context, without: check))
        #expect(!isValid(signature, message, context: context, without: .all.subtracting(check)))
        let batch = Array(
            repeating: MLDSA87.SignedMessage(
                verifier: verifier, signature: signature, data: message, context: context),
            count: 3)
        #expect(MLDSA87.Verifier.areValid(batch) == [false, false, false])
    }

    /// Valid signatures of one message after another, until `body` has found what it needs.
    private func search(_ body: (_ signature: [UInt8], _ message: [UInt8]) -> Bool) throws {
        for index in 0..<2000 {
            let message = message + [UInt8(index & 255), UInt8(index >> 8)]
            let signature = try key.signature(for: message, randomness: .deterministic)
            if body(signature, message) { return }
        }
        Issue.record("no signature was fit for the forgery")
    }

    private var hintStart: Int {
        Self.parameters.challengeBytes + Self.parameters.maskBytes
    }

    private func counts(_ signature: [UInt8]) -> [Int] {
        signature.suffix(Self.parameters.rows).map { Int($0) }
    }

    @Test("A signature with a byte too many is caught by its length")
    func length() throws {
        let signature = try key.signature(for: message)
        #expect(isValid(signature, message))
        expectCaught(signature + [0], message, by: .signatureLength)
        for shorter in [0, 1, 63, 64, signature.count - 1] {
            #expect(!isValid(Array(signature.prefix(shorter)), message, without: .signatureLength))
        }
    }

    @Test("A public key with a byte too many is caught by its length")
    func publicKeyLength() throws {
        let bytes = key.publicKey.rawRepresentation + [0]
        let refusal = PostQuantumError.incorrectKeySize(
            expected: bytes.count - 1, actual: bytes.count)
        for checks in [VerificationChecks.all, .publicKeyLength] {
            #expect(throws: refusal) {
                try MLDSA87.PublicKey(bytes.span.bytes, checks: checks)
            }
        }
        // Without the check one private key has many public ones, and signs under each.
        let longer = try MLDSA87.PublicKey(
            bytes.span.bytes, checks: .all.subtracting(.publicKeyLength))
        #expect(longer != key.publicKey)
        let signature = try key.signature(
            forPrehashedMessageRepresentative: longer.prehash(for: message))
        #expect(longer.isValidSignature(signature, for: message))
        for shorter in [0, 31, 32, bytes.count - 2] {
            #expect(throws: PostQuantumError.self) {
                try MLDSA87.PublicKey(Array(bytes.prefix(shorter)).span.bytes, checks: [])
            }
        }
    }

    @Test("A context that is too long is caught, and cannot pass for one whose length wraps")
    func contextLength() throws {
        let context = [UInt8](repeating: 9, count: 256)
        // What a verifier that forgot the limit would hash: the length 256 as the byte 0.
        let mu = SHAKE256.hash(
            data: verifier.material.keyHash + [0, 0] + context + message, byteCount: 64)
        let signature = try key.signature(forPrehashedMessageRepresentative: mu)
        expectCaught(signature, message, context: context, by: .contextLength)
        #expect(throws: PostQuantumError.incorrectParameterSize(expected: 255, actual: 256)) {
            try key.signature(for: message, context: context)
        }
        #expect(throws: PostQuantumError.incorrectParameterSize(expected: 255, actual: 256)) {
            try key.publicKey.prehash(for: message, context: context)
        }
        let longest = [UInt8](repeating: 9, count: 255)
        let valid = try key.signature(for: message, context: longest)
        #expect(isValid(valid, message, context: longest))
        #expect(!isValid(valid, message, context: Array(longest.dropLast())))
    }

    @Test("A signature whose z reveals the key is caught by the range of z")
    func maskRange() throws {
        var found = false
        for index in 0..<200 where !found {
            let mu = SHAKE256.hash(
                data: verifier.material.keyHash + [0, 0] + message + [UInt8(index)],
                byteCount: 64)
            let signature = try key.signature(
                representative: mu.span.bytes, randomness: .deterministic,
                keepsMaskRange: false)
            let message = message + [UInt8(index)]
            // A coefficient that wrapped round makes the signature wrong anyway: go on.
            if !isValid(signature, message), isValid(signature, message, without: .maskRange) {
                expectCaught(signature, message, by: .maskRange)
                found = true
            }
        }
        #expect(found)
    }

    @Test("The product of challenge and t0 stays below its bound in both parameter sets")
    func carryRange() {
        for parameters in [MLDSA65Parameters.parameters, MLDSA87Parameters.parameters] {
            #expect(parameters.tau << 12 < PortableMLDSA.gamma2)
        }
    }

    @Test("Hint counts that fall are caught")
    func hintCountsRise() throws {
        try search { signature, message in
            let counts = counts(signature)
            // A row without hints: its count may then be anything below, unless it is checked.
            guard let row = (1..<8).first(where: { counts[$0] == counts[$0 - 1] }) else {
                return false
            }
            var forged = signature
            forged[hintStart + Self.parameters.omega + row] -= 1
            expectCaught(forged, message, by: .hintCountsRise)
            return true
        }
    }

    @Test("A signature whose hint count is beyond omega is caught")
    func hintWeight() throws {
        let omega = Self.parameters.omega
        try search { signature, message in
            // All positions in use, so that nothing else is wrong with a count beyond them.
            guard counts(signature)[7] == omega else { return false }
            for count in [omega + 1, 255] {
                var forged = signature
                forged[signature.count - 1] = UInt8(count)
                expectCaught(forged, message, by: .hintCountsAreBounded)
            }
            return true
        }
    }

    @Test("A hint count beyond omega is caught, and reads nothing beyond the hints")
    func hintCountsAreBounded() {
        let parameters = Self.parameters
        // All 75 positions used in the last row.
        let positions = (0..<75).map { UInt8($0) }
        for end: UInt8 in [75, 76, 255] {
            let bytes = positions + [0, 0, 0, 0, 0, 0, 0, end]
            for checks in [VerificationChecks.all, .all.subtracting(.hintCountsAreBounded)] {
                var hints = [UInt32](repeating: 0, count: 64)
                let isAccepted = MLDSAEncoding.unpackHints(&hints, bytes, parameters, checks)
                #expect(isAccepted == (end == 75 || !checks.contains(.hintCountsAreBounded)))
                if isAccepted {
                    #expect(hints.reduce(0) { $0 + $1.nonzeroBitCount } == 75)
                }
            }
        }
    }

    @Test("Hints in another order, or twice, are caught")
    func hintOrder() throws {
        try search { signature, message in
            let counts = counts(signature)
            guard counts[0] >= 2, counts[7] < 75, counts[7] > counts[6] else { return false }
            var swapped = signature
            swapped.swapAt(hintStart, hintStart + 1)
            expectCaught(swapped, message, by: .hintOrder)
            var doubled = signature
            doubled[hintStart + counts[7]] = doubled[hintStart + counts[7] - 1]
            doubled[hintStart + Self.parameters.omega + 7] += 1
            expectCaught(doubled, message, by: .hintOrder)
            return true
        }
    }

    @Test("Padding behind the hints that is not zero is caught")
    func hintPadding() throws {
        try search { signature, message in
            guard counts(signature)[7] < 75 else { return false }
            var forged = signature
            forged[hintStart + 74] = 1
            expectCaught(forged, message, by: .hintPadding)
            return true
        }
    }

    @Test("Another message, key or context, and every flipped bit, is caught by the challenge")
    func challenge() throws {
        let signature = try key.signature(for: message, context: [1])
        #expect(isValid(signature, message, context: [1]))
        expectCaught(signature, message + [0], context: [1], by: .challenge)
        expectCaught(signature, message, context: [], by: .challenge)
        for position in stride(from: 0, to: signature.count, by: 7) {
            var forged = signature
            forged[position] ^= 1 << UInt8(position % 8)
            #expect(!isValid(forged, message, context: [1]))
        }
    }
}
