import BFTLogging

extension HomeSettings {
    /// A `node.toml` that says what these settings say, with a comment on every key.
    public var toml: String {
        """
        # How this node runs. Keys that are commented out show their default.
        # Paths are relative to the directory of this file.

        \(nodeSection)
        \(networkSection)
        \(consensusSection)
        \(serverSections)
        \(restSections)
        """
    }

    /// `key = value`, as a comment if there is no value.
    private func line(_ key: String, _ value: String?, standard: String) -> String {
        value.map { "\(key) = \($0)" } ?? "# \(key) = \(standard)"
    }

    private func quoted(_ text: String) -> String { EscapedText.quoted(text) }

    private var nodeSection: String {
        """
        [node]
        # Which validator of the genesis file this is. An index (from 0) does as well.
        \(line("name", node.name.map(quoted), standard: "\"node0\""))
        \(line("index", node.index.map(String.init), standard: "0"))
        data_directory = \(quoted(node.dataDirectory))
        genesis = \(quoted(node.genesis))

        """
    }

    private var networkSection: String {
        let peers = network.peers.sorted { $0.key < $1.key }
            .map { "\($0.key.contains(".") ? quoted($0.key) : $0.key) = \(quoted("\($0.value)"))" }
        return """
            [network]
            # Where validators reach this node.
            listen = \(quoted(network.listen.description))

            # Addresses that stand in for those of the genesis file, by validator name.
            [network.peers]
            \(peers.isEmpty ? "# node1 = \"10.0.0.2:7400\"" : peers.joined(separator: "\n"))

            """
    }

    private var consensusSection: String {
        """
        [consensus]
        # The protocol that the chain must run. The genesis file decides; this only checks it.
        \(line("algorithm", consensus.algorithm.map { quoted($0.rawValue) }, standard: "\"bft\""))
        # A certificate always takes more than two thirds of the power. No other value is accepted.
        # quorum_threshold = 0.667
        # How long this node waits for a view at first. The genesis file says, unless this does.
        \(line(
            "finality_timeout_ms", consensus.finalityTimeoutMilliseconds.map { "\($0)" },
            standard: "1000"))
        # The most batches of each validator that wait here to be ordered.
        max_pending_batches = \(consensus.maxPendingBatches)
        # Whether this node logs and counts validators that contradict themselves.
        report_equivocation = \(consensus.reportsEquivocation)

        [crypto]
        # The scheme that the chain must sign with. The genesis file decides; this only checks it.
        \(line(
            "signature_algorithm", crypto.signatureAlgorithm.map { quoted($0.rawValue) },
            standard: "\"ml-dsa-87\""))
        # The private key: a file, or a directory with a file validator.key.
        key_path = \(quoted(crypto.keyPath))

        """
    }

    private var serverSections: String {
        """
        [resp]
        # The server for Redis clients.
        enabled = \(resp.enabled)
        listen = \(quoted(resp.listen.description))
        # What clients must send with AUTH. Set one before listening beyond this machine.
        \(line("password", resp.password.map(quoted), standard: "\"…\""))
        max_clients = \(resp.maxClients)

        [http]
        # Status, state, transactions, metrics, dashboard.
        enabled = \(http.enabled)
        listen = \(quoted(http.listen.description))
        max_clients = \(http.maxClients)

        """
    }

    private var restSections: String {
        """
        [log]
        # trace, debug, info, notice, warning, error, critical.
        # Another level for one part: "info,transport=debug".
        level = \(quoted(log.levels.description))
        # "text" or "json": one line a message, to standard error.
        format = \(quoted(log.format.rawValue))

        [limits]
        # Bytes: of each validator's batches that wait here to be ordered, of a batch when it is
        # sealed, of one request of a client.
        mempool_bytes = \(limits.mempoolBytes)
        batch_bytes = \(limits.batchBytes)
        request_bytes = \(limits.requestBytes)

        """
    }
}
