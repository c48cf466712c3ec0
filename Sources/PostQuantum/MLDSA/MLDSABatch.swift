import CPostQuantumKernels

extension MLDSA {
    /// A signature, and what it is said to sign under which key.
    public struct SignedMessage: Sendable {
        /// The key.
        public var verifier: Verifier
        /// The signature, of any length.
        public var signature: [UInt8]
        /// The message.
        public var data: [UInt8]
        /// The context.
        public var context: [UInt8]

        /// Puts the parts together.
        public init(
            verifier: Verifier, signature: [UInt8], data: [UInt8], context: [UInt8] = []
        ) {
            self.verifier = verifier
            self.signature = signature
            self.data = data
            self.context = context
        }
    }
}

extension MLDSA.Verifier {
    /// Whether each signature is valid: the answers of
    /// ``isValidSignature(_:for:context:)-([UInt8],_,_)``, one by one.
    ///
    /// FIPS 204 knows no batch equation; each signature is verified in full. What the batch saves
    /// is hashing: eight messages at a time go through the vector permutation together.
    public static func areValid(_ batch: [MLDSA.SignedMessage]) -> [Bool] {
        var answers: [Bool] = []
        answers.reserveCapacity(batch.count)
        var start = 0
        while start < batch.count {
            let group = batch[start..<min(start + 8, batch.count)]
            if group.count < 3 {
                for item in group {
                    answers.append(
                        item.verifier.isValidSignature(
                            item.signature, for: item.data, context: item.context))
                }
            } else {
                let members = group.map {
                    MLDSABatch.Member(
                        material: $0.verifier.material, signature: $0.signature, data: $0.data,
                        context: $0.context)
                }
                answers += MLDSABatch(members).verify()
            }
            start += 8
        }
        return answers
    }
}

/// Three to eight signatures, verified with their hashing side by side.
struct MLDSABatch: ~Copyable {
    struct Member {
        let material: MLDSAVerifyingMaterial
        let signature: [UInt8]
        let data: [UInt8]
        let context: [UInt8]
    }

    private let members: [Member]
    private let parameters: MLDSAParameters
    private let kernels: Kernels
    private let rate = SpongeKind.shake256.rate
    /// For each member what its challenge is hashed from, in whole blocks: the representative,
    /// then the high parts.
    private let inputs: AlignedBuffer<UInt8>
    private let inputBlocks: Int
    /// One block of output for each member.
    private let outputs: AlignedBuffer<UInt8>

    /// - Precondition: there are one to eight members, of one parameter set and with one set of
    ///   kernels.
    init(_ members: [Member]) {
        self.members = members
        parameters = members[0].material.parameters
        kernels = members[0].material.kernels
        inputBlocks = (64 + parameters.packedHighBytes) / rate + 1
        inputs = AlignedBuffer(count: 8 * inputBlocks * rate, isSecret: false)
        outputs = AlignedBuffer(count: 8 * rate, isSecret: false)
    }

    func verify() -> [Bool] {
        hashMessages()
        hashChallenges()
        var answers = members.indices.map { recover($0) }
        hashCommitments()
        for (way, member) in members.enumerated() where answers[way] {
            answers[way] = member.signature.withUnsafeBufferPointer { signature in
                guard let base = signature.baseAddress else { return false }
                return member.material.isExpected(outputs.base + rate * way, base, .all)
            }
        }
        return answers
    }

    private func input(_ way: Int) -> UnsafeMutablePointer<UInt8> {
        inputs.base + inputBlocks * rate * way
    }

    /// Puts the representative of each message at the start of its input.
    ///
    /// Short messages are padded here and permute together, each leaving with its last block;
    /// a long one is hashed alone.
    private func hashMessages() {
        let limit = 4
        let padded = AlignedBuffer<UInt8>(count: 8 * limit * rate, isSecret: false)
        var blocks: [Int] = []
        for (way, member) in members.enumerated() {
            let length = 66 + member.context.count + member.data.count
            let count = length / rate + 1
            guard count <= limit, member.context.count <= 255 else {
                blocks.append(0)
                hashAlone(member, way: way)
                continue
            }
            blocks.append(count)
            var next = padded.base + limit * rate * way
            let prefix = member.material.keyHash + [0, UInt8(member.context.count)]
            for part in [prefix, member.context, member.data] {
                part.withUnsafeBufferPointer { part in
                    guard let base = part.baseAddress else { return }
                    next.update(from: base, count: part.count)
                    next += part.count
                }
            }
        }
        let sponges = ParallelSponge(.shake256, for: members.count, kernels)
        for block in 0..<(blocks.max() ?? 0) {
            for way in members.indices where block < blocks[way] {
                let bytes = padded.base + (limit * way + block) * rate
                sponges.absorb(bytes, count: rate, way: way)
                if block == blocks[way] - 1 {
                    let member = members[way]
                    let length = 66 + member.context.count + member.data.count
                    sponges.finish(at: length - block * rate, way: way)
                }
            }
            sponges.permute()
            for way in members.indices where block == blocks[way] - 1 {
                sponges.copyBlock(to: input(way), count: 64, way: way)
            }
        }
    }

    private func hashAlone(_ member: Member, way: Int) {
        member.material.keyHash.withUnsafeBufferPointer { keyHash in
            member.data.withUnsafeBytes { data in
                member.context.withUnsafeBytes { context in
                    guard let key = keyHash.baseAddress else { return }
                    messageRepresentative(
                        keyHash: key, data, context: context, kernels, into: input(way))
                }
            }
        }
    }

    /// Leaves the first block that each challenge is sampled from in the outputs.
    private func hashChallenges() {
        let sponges = ParallelSponge(.shake256, for: members.count, kernels)
        let count = parameters.challengeBytes
        for (way, member) in members.enumerated() where member.signature.count >= count {
            member.signature.withUnsafeBufferPointer { signature in
                guard let base = signature.baseAddress else { return }
                sponges.absorb(base, count: count, way: way)
                sponges.finish(at: count, way: way)
            }
        }
        sponges.squeeze(outputs.base, blocks: 1, stride: rate, used: members.count)
    }

    /// Decodes one signature and writes the high parts behind its representative; `false` where
    /// an encoding or a range is wrong.
    private func recover(_ way: Int) -> Bool {
        let member = members[way]
        guard member.context.count <= 255 else { return false }
        return member.signature.withUnsafeBytes { signature in
            guard let bytes = member.material.admitted(signature, .all) else { return false }
            let workspace = MLDSAVerifyingMaterial.Workspace(parameters)
            guard member.material.decode(bytes, into: workspace, .all) else { return false }
            let challenge = workspace.challenge
            var sampler = ChallengeSampler(parameters)
            if !sampler.consume(outputs.base + rate * way, count: rate, into: challenge) {
                // One block is not enough about once in 2^100 signatures: start again, alone.
                challenge.update(repeating: 0, count: degree)
                var sponge = Sponge(.shake256, kernels)
                MLDSASampling.sampleChallenge(challenge, seed: bytes, parameters, &sponge)
            }
            member.material.recoverHighParts(workspace)
            (input(way) + 64).update(
                from: workspace.packedHigh, count: parameters.packedHighBytes)
            return true
        }
    }

    /// Leaves the hash that each signature should begin with in the outputs.
    private func hashCommitments() {
        let sponges = ParallelSponge(.shake256, for: members.count, kernels)
        let length = 64 + parameters.packedHighBytes
        for block in 0..<inputBlocks {
            for way in members.indices {
                sponges.absorb(input(way) + block * rate, count: rate, way: way)
                if block == inputBlocks - 1 {
                    sponges.finish(at: length - block * rate, way: way)
                }
            }
            if block < inputBlocks - 1 { sponges.permute() }
        }
        sponges.squeeze(outputs.base, blocks: 1, stride: rate, used: members.count)
    }
}
