import BFTBase
import BFTCrypto
import BFTWire
import Synchronization
import Testing

@Suite struct VerificationTests {
    private let ofUnknown = VerificationError(signer: ValidatorIndex(4), reason: .unknownSigner)

    @Test("A message is verified when every claim holds, and the error names the first that fails")
    func claims() throws {
        for scheme in SignatureSchemeID.allCases {
            let keys = try validatorKeys(4, scheme)
            let length = try key(0, scheme).signatureByteCount
            #expect(try keys.verify(Note(1, signers: [0, 3], scheme)).value.number == 1)
            #expect(throws: ofUnknown) { try keys.verify(Note(1, signers: [0, 4], scheme)) }
            for broken in 0..<3 {
                var note = try Note(1, signers: [2, 1, 0], scheme)
                let claim = note.claims[broken]
                var signature = claim.signature
                signature[5] ^= 1
                note.claims[broken] = SignatureClaim(
                    signer: claim.signer, statement: claim.statement, signature: signature)
                let invalid = VerificationError(signer: claim.signer, reason: .invalid)
                #expect(throws: invalid) { try keys.verify(note) }
                note.claims[broken] = SignatureClaim(
                    signer: claim.signer, statement: claim.statement, signature: [1, 2])
                let short = VerificationError(
                    signer: claim.signer, reason: .wrongLength(expected: length, found: 2))
                #expect(throws: short) { try keys.verify(note) }
            }
        }
    }

    @Test("What signing and checking take is estimated by one piece in seventeen, each for itself")
    func meters() throws {
        let signer = try key(0)
        let keys = try validatorKeys(1)
        #expect(signer.meter.total == .zero)
        let note = try Note(1, signers: [0])
        #expect(keys.meter.total == .zero)
        _ = try keys.verify(note)
        let checking = keys.meter.total
        #expect(checking > .zero)
        _ = signer.sign([1])
        let signing = signer.meter.total
        #expect(signing > .zero)
        for _ in 1..<CPUMeter.stride {
            _ = signer.sign([1])
            #expect(signer.meter.total == signing)
        }
        _ = signer.sign([1])
        #expect(signer.meter.total > signing)
        #expect(keys.meter.total == checking)
    }

    @Test("Validators of one epoch may have keys of several schemes")
    func mixedSchemes() throws {
        let schemes = SignatureSchemeID.allCases
        let signers = try (0..<9).map { try key(UInt8($0), schemes[$0 % schemes.count]) }
        let keys = try ValidatorKeys(epoch: .zero, signers.map(\.publicKey))
        var note = try Note(1, signers: [])
        note.claims = signers.enumerated().map { index, signer in
            SignatureClaim(
                signer: ValidatorIndex(index), statement: [7], signature: signer.sign([7]))
        }
        #expect(try keys.verify(note).value == note)
        for broken in note.claims.indices {
            var wrong = note
            wrong.claims[broken] = SignatureClaim(
                signer: ValidatorIndex(broken), statement: [8],
                signature: note.claims[broken].signature)
            let invalid = VerificationError(signer: ValidatorIndex(broken), reason: .invalid)
            #expect(throws: invalid) { try keys.verify(wrong) }
        }
    }

    @Test("Of several claims that fail, the first is the error, malformed or not")
    func firstFailure() throws {
        let keys = try validatorKeys(4)
        var note = try Note(1, signers: [0, 4, 1])
        #expect(throws: ofUnknown) { try keys.verify(note) }
        let claim = note.claims[0]
        note.claims[0] = SignatureClaim(
            signer: claim.signer, statement: [1], signature: claim.signature)
        let first = VerificationError(signer: ValidatorIndex(0), reason: .invalid)
        #expect(throws: first) { try keys.verify(note) }
        note.claims.swapAt(0, 1)
        #expect(throws: ofUnknown) { try keys.verify(note) }
        var other = try Note(2, signers: [3, 0, 1])
        for position in 1...2 {
            let claim = other.claims[position]
            other.claims[position] = SignatureClaim(
                signer: claim.signer, statement: [1], signature: claim.signature)
        }
        #expect(throws: first) { try keys.verify(other) }
    }

    @Test("One validator's signature is not another's")
    func wrongSigner() throws {
        for scheme in SignatureSchemeID.allCases {
            let keys = try validatorKeys(4, scheme)
            var note = try Note(1, signers: [2], scheme)
            let claim = note.claims[0]
            for other in [0, 1, 3] {
                note.claims[0] = SignatureClaim(
                    signer: ValidatorIndex(other), statement: claim.statement,
                    signature: claim.signature)
                #expect(throws: VerificationError.self) { try keys.verify(note) }
            }
        }
    }

    @Test("Two validators can't have one key, and an unusable key names its validator")
    func keyLists() throws {
        let publicKeys = try (0..<3).map { try key(UInt8($0)).publicKey }
        #expect(throws: ValidatorKeysError.duplicate(ValidatorIndex(1), ValidatorIndex(3))) {
            try ValidatorKeys(epoch: .zero, publicKeys + [publicKeys[1]])
        }
        let weak = try PublicKey(.ed25519, bytes: [UInt8](repeating: 0, count: 32))
        #expect(throws: ValidatorKeysError.unusable(ValidatorIndex(3), .refused(.ed25519))) {
            try ValidatorKeys(epoch: .zero, publicKeys + [weak])
        }
        let many = Array(repeating: weak, count: ValidatorSet.countLimit + 1)
        #expect(throws: ValidatorKeysError.tooMany(limit: ValidatorSet.countLimit)) {
            try ValidatorKeys(epoch: .zero, many)
        }
    }

    @Test("A new epoch's keys are found under their new indices")
    func nextEpoch() throws {
        let old = try validatorKeys(3)
        let publicKeys = try [2, 7, 0].map { try key($0).publicKey }
        let new = try ValidatorKeys(epoch: Epoch(1), publicKeys, reusing: old)
        #expect(new.epoch == Epoch(1) && new.count == 3)
        for (position, publicKey) in publicKeys.enumerated() {
            #expect(new[ValidatorIndex(position)]?.publicKey == publicKey)
            #expect(new.index(of: publicKey.fingerprint) == ValidatorIndex(position))
        }
        #expect(new.index(of: try key(1).publicKey.fingerprint) == nil)
    }

    @Test("The pool's verdicts stand in the order of the batch and agree with the calling thread's")
    func batches() throws {
        let pool = CryptoPool(threads: 3)
        defer { pool.shutdown() }
        for scheme in SignatureSchemeID.allCases {
            let keys = try validatorKeys(4, scheme)
            for count in [0, 1, 2, 7, 60] {
                let batch = try (0..<count).map { try Note($0, signers: [$0 % 5, 1], scheme) }
                let outcome = Waiter<[Result<Verified<Note>, VerificationError>]>()
                try pool.verify(batch: batch, keys: keys) { outcome.deliver($0) }
                let results = outcome.wait()
                #expect(results.count == count)
                for (note, result) in zip(batch, results) {
                    if note.number % 5 == 4 {
                        #expect(throws: ofUnknown) { try result.get() }
                    } else {
                        #expect(try result.get().value == note)
                    }
                }
            }
        }
    }

    @Test("A signature goes before what waits to be verified")
    func priority() throws {
        let keys = try validatorKeys(4)
        let pool = CryptoPool(threads: 1)
        defer { pool.shutdown() }
        let gate = Waiter<Void>()
        let order = Mutex<[String]>([])
        let done = Waiter<Void>()
        try pool.submit { gate.wait() }
        for number in 0..<3 {
            let batch = try [Note(number, signers: [0])]
            try pool.verify(batch: batch, keys: keys) { _ in
                order.withLock { $0.append("verified \(number)") }
                if number == 2 { done.deliver(()) }
            }
        }
        let signingKey = try key(0)
        try pool.sign([1], with: signingKey) { signature in
            order.withLock { $0.append("signed \(signature == signingKey.sign([1]))") }
        }
        gate.deliver(())
        done.wait()
        #expect(
            order.withLock { $0 } == ["signed true", "verified 0", "verified 1", "verified 2"])
    }

    @Test("What waits is bounded, and nothing is taken after shutdown")
    func bounds() throws {
        let keys = try validatorKeys(1)
        let pool = CryptoPool(threads: 1, queueLimit: 3)
        let gate = Waiter<Void>()
        try pool.submit { gate.wait() }
        let batch = try [Note(0, signers: [0]), Note(1, signers: [0])]
        let completed = Atomic(0)
        try pool.verify(batch: batch, keys: keys) { completed.add($0.count, ordering: .relaxed) }
        #expect(throws: CryptoPoolError.full) {
            try pool.verify(batch: batch, keys: keys) { _ in }
        }
        var taken = 0
        while (try? pool.submit {}) != nil, taken < 10 { taken += 1 }
        #expect(taken == 3 || taken == 2)
        gate.deliver(())
        pool.shutdown()
        #expect(completed.load(ordering: .relaxed) == 2)
        #expect(throws: CryptoPoolError.stopped) { try pool.submit {} }
        #expect(throws: CryptoPoolError.stopped) {
            try pool.verify(batch: batch, keys: keys) { _ in }
        }
        pool.shutdown()
    }

    @Test("A pool whose last owner is its own thread ends without waiting for itself")
    func lastOwnerInside() throws {
        let done = Waiter<Void>()
        let gate = Waiter<Void>()
        do {
            let pool = CryptoPool(threads: 2)
            try pool.submit {
                gate.wait()
                pool.shutdown()
                done.deliver(())
            }
        }
        gate.deliver(())
        done.wait()
    }
}
