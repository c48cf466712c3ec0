public import BFTBase

/// A certificate, as far as a client has to read it. `encoded` is what can be verified.
public struct CertificateReport: Equatable, Sendable, JSONReport {
    public var view: View
    public var height: Height
    /// The block that the certificate commits, which may stand above the one it was asked for.
    public var block: Digest
    public var signers: [ValidatorIndex]
    /// The canonical encoding.
    public var encoded: [UInt8]

    public init(
        view: View, height: Height, block: Digest, signers: [ValidatorIndex], encoded: [UInt8]
    ) {
        self.view = view
        self.height = height
        self.block = block
        self.signers = signers
        self.encoded = encoded
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("view", view.rawValue)
            json.field("height", height.rawValue)
            json.field("block", block.hex)
            json.name("signers")
            json.array(signers) { $0.integer($1.rawValue) }
            json.field("encoded", Base64.encode(encoded))
        }
    }
}

/// What became of a transaction that was committed.
public struct TransactionReport: Equatable, Sendable, JSONReport {
    public var height: Height
    /// The place among the transactions of the block, from 0.
    public var position: Int
    /// The application's answer: a `Reply`, or bytes of its own.
    public var result: [UInt8]
    public var certificate: CertificateReport?

    public init(
        height: Height, position: Int, result: [UInt8], certificate: CertificateReport? = nil
    ) {
        self.height = height
        self.position = position
        self.result = result
        self.certificate = certificate
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("height", height.rawValue)
            json.field("position", position)
            json.name("result")
            ResultDocument.write(result, to: &json)
            if let certificate { json.field("certificate", certificate) }
        }
    }
}

/// One entry of the state, and the state that it was read from.
public struct StateReport: Equatable, Sendable, JSONReport {
    public var key: [UInt8]
    /// The application's answer: a `Reply`. Null if there is no such entry.
    public var value: [UInt8]
    public var height: Height
    public var stateRoot: Digest

    public init(key: [UInt8], value: [UInt8], height: Height, stateRoot: Digest) {
        self.key = key
        self.value = value
        self.height = height
        self.stateRoot = stateRoot
    }

    /// Whether there is such an entry.
    public var isFound: Bool { !ResultDocument.isNull(value) }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("key")
            json.data(key)
            json.name("value")
            ResultDocument.write(value, to: &json)
            json.field("height", height.rawValue)
            json.field("stateRoot", stateRoot.hex)
        }
    }
}

/// A committed block.
public struct BlockReport: Equatable, Sendable, JSONReport {
    public struct Batch: Equatable, Sendable {
        public var author: ValidatorIndex
        public var sequence: BatchSequence
        public var digest: Digest

        public init(author: ValidatorIndex, sequence: BatchSequence, digest: Digest) {
            self.author = author
            self.sequence = sequence
            self.digest = digest
        }
    }

    public var height: Height
    public var view: View
    public var epoch: Epoch
    public var digest: Digest
    public var parent: Digest
    public var proposer: ValidatorIndex
    public var time: Timestamp
    public var transactionCount: Int
    public var batches: [Batch]
    /// Why everybody may rely on the block.
    public var certificate: CertificateReport
    /// The canonical encoding of the block: what its digest covers.
    public var encoded: [UInt8]

    public init(
        height: Height, view: View, epoch: Epoch, digest: Digest, parent: Digest,
        proposer: ValidatorIndex, time: Timestamp, transactionCount: Int, batches: [Batch],
        certificate: CertificateReport, encoded: [UInt8]
    ) {
        self.height = height
        self.view = view
        self.epoch = epoch
        self.digest = digest
        self.parent = parent
        self.proposer = proposer
        self.time = time
        self.transactionCount = transactionCount
        self.batches = batches
        self.certificate = certificate
        self.encoded = encoded
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("height", height.rawValue)
            json.field("view", view.rawValue)
            json.field("epoch", epoch.rawValue)
            json.field("digest", digest.hex)
            json.field("parent", parent.hex)
            json.field("proposer", proposer.rawValue)
            json.field("timeMilliseconds", time.milliseconds)
            json.field("transactionCount", transactionCount)
            json.name("batches")
            json.array(batches) { json, batch in
                json.object { json in
                    json.field("author", batch.author.rawValue)
                    json.field("sequence", batch.sequence.rawValue)
                    json.field("digest", batch.digest.hex)
                }
            }
            json.field("certificate", certificate)
            json.field("encoded", Base64.encode(encoded))
        }
    }
}

/// The validators of the present epoch.
public struct ValidatorsReport: Equatable, Sendable, JSONReport {
    public struct Validator: Equatable, Sendable {
        public var index: ValidatorIndex
        public var power: UInt64
        public var publicKey: [UInt8]

        public init(index: ValidatorIndex, power: UInt64, publicKey: [UInt8]) {
            self.index = index
            self.power = power
            self.publicKey = publicKey
        }
    }

    public var epoch: Epoch
    public var totalPower: UInt64
    public var validators: [Validator]

    public init(epoch: Epoch, totalPower: UInt64, validators: [Validator]) {
        self.epoch = epoch
        self.totalPower = totalPower
        self.validators = validators
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("epoch", epoch.rawValue)
            json.field("totalPower", totalPower)
            json.name("validators")
            json.array(validators) { json, validator in
                json.object { json in
                    json.field("index", validator.index.rawValue)
                    json.field("power", validator.power)
                    json.field("publicKey", Base64.encode(validator.publicKey))
                }
            }
        }
    }
}

/// Whether a node does its work.
public struct HealthReport: Equatable, Sendable, JSONReport {
    /// Why it doesn't, or `nil`.
    public var trouble: String?
    public init(trouble: String? = nil) { self.trouble = trouble }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("status", trouble == nil ? "ok" : "unavailable")
            if let trouble { json.field("reason", trouble) }
        }
    }
}

extension StatusReport: JSONReport {
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("chainId", chainID)
            json.field("version", version)
            json.name("nodeIndex")
            if let nodeIndex { json.integer(nodeIndex.rawValue) } else { json.null() }
            json.field("protocol", protocolName)
            json.field("scheme", scheme)
            json.field("epoch", epoch.rawValue)
            json.field("view", view.rawValue)
            json.field("leader", leader.rawValue)
            json.field("committedHeight", committedHeight.rawValue)
            json.field("appliedHeight", appliedHeight.rawValue)
            json.field("stateRoot", stateRoot.hex)
            json.field("voting", isVoting)
            json.field("uptimeSeconds", uptime.nanoseconds / 1_000_000_000)
            json.name("peers")
            json.array(peers) { json, peer in
                json.object { json in
                    json.field("index", peer.index.rawValue)
                    json.field("connected", peer.isConnected)
                }
            }
        }
    }
}
