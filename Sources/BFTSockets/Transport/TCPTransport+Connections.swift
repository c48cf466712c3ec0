internal import BFTBase
internal import BFTCrypto
internal import BFTTransport

// MARK: Beginnings

extension TCPTransport {
    func accept(_ socket: TCPConnection) {
        counters.connectionsAccepted += 1
        guard !isStopped, handshakes.take(1, at: loop.now) else {
            counters.count(.tooManyHandshakes)
            return socket.abort()
        }
        if halfOpen.count >= options.halfOpenLimit, let oldest = halfOpen.first {
            cut(oldest, .crowdedOut)
        }
        let channel = begin(.responder, socket, dialled: nil)
        if !channel.isOver { halfOpen.append(channel) }
    }

    /// Dials `entry` after a while, unless it is connected or about to be.
    func dialLater(_ entry: PeerEntry, isFirst: Bool = false) {
        guard !isStopped, entry.isAllowed, entry.isIdle, entry.address != nil else { return }
        var wait = isFirst ? Interval.zero : entry.backoff.nextDelay()
        if !entry.rule.dialsAtOnce {
            wait = Interval(nanoseconds: wait.nanoseconds + options.patience.nanoseconds)
        }
        let timer =
            entry.timer
            ?? LoopTimer(loop: loop) { [weak self, weak entry] in
                if let entry { self?.dial(entry) }
            }
        timer.schedule(after: wait)
        entry.timer = timer
    }

    private func dial(_ entry: PeerEntry) {
        guard !isStopped, entry.isIdle, let address = entry.address else { return }
        counters.connectionsDialled += 1
        entry.attempt = TCPConnection.connect(
            loop: loop, host: address.host, port: address.port, timeout: options.connectLimit,
            options: Self.socketOptions(options)
        ) { [weak self] result in
            switch result {
            case .success(let socket):
                entry.attempt = nil
                guard let self else { return socket.abort() }
                let channel = begin(.initiator, socket, dialled: entry)
                if !channel.isOver { entry.dialled = channel }
            case .failure(.cancelled): break
            case .failure(let error):
                entry.attempt = nil
                guard let self else { return }
                onNotice?(.dialFailed(entry.index, address, error))
                dialLater(entry)
            }
        }
    }

    private func begin(
        _ role: HandshakeRole, _ socket: TCPConnection, dialled: PeerEntry?
    ) -> PeerChannel {
        let parameters = options.parameters
        let connection = PeerConnection(
            role, parameters, expecting: dialled?.index, limits: options.limits,
            random: SecureRandom.secret(Handshake.randomByteCount(role, parameters.suite)),
            wallClock: wallClock(), at: loop.now)
        let channel = PeerChannel(
            socket, connection, dialled: dialled, transport: self,
            sealedByteCount: options.sealedByteCount)
        channels.append(channel)
        channel.start()
        return channel
    }

    /// Takes a connection whose peer has proved itself, and says whether it stays.
    func established(_ channel: PeerChannel, _ identity: PeerIdentity) -> Bool {
        halfOpen.removeAll { $0 === channel }
        guard let entry = entry(identity.index) else {
            cut(channel, .peer(.local))
            return false
        }
        channel.peer = entry
        if entry.dialled === channel { entry.dialled = nil }
        guard entry.isAllowed, !isStopped else {
            cut(channel, .peer(.local))
            return false
        }
        let old = entry.channel
        if let old, !replaces(old, by: channel, of: entry) {
            cut(channel, .peer(.superseded))
            return false
        }
        entry.channel = channel
        channel.connectedAt = loop.now
        entry.stopDialling()
        if let old { cut(old, .peer(.superseded)) }
        refreshConnectedPeers()
        note(.connected(identity))
        tell()
        return !channel.isOver
    }
}

extension TCPTransport {
    private func replaces(
        _ old: PeerChannel, by new: PeerChannel, of entry: PeerEntry
    ) -> Bool {
        entry.rule.replaces(
            old: old.connection.role, quietFor: old.connection.quietTime(at: loop.now),
            by: new.connection.role)
    }
}

// MARK: Ends

extension TCPTransport {
    /// Ends a connection, whatever its state, and dials the peer again if that leaves none.
    func cut(_ channel: PeerChannel, _ reason: CutReason) {
        guard !channel.isOver else { return }
        let isInOrder = reason == .peer(.local) || reason == .peer(.superseded)
        channel.end(inOrder: isInOrder)
        channels.removeAll { $0 === channel }
        halfOpen.removeAll { $0 === channel }
        counters.count(reason)
        onNotice?(.cut(channel.peer?.index, channel.socket.remoteAddress, reason))
        guard let entry = channel.peer else { return }
        if let connectedAt = channel.connectedAt {
            entry.backoff.linkEnded(after: loop.now.since(connectedAt))
            if let identity = channel.connection.peer, case .peer(let reason) = reason {
                note(.disconnected(identity, reason))
            }
        }
        if entry.dialled === channel { entry.dialled = nil }
        if entry.channel === channel {
            entry.channel = nil
            refreshConnectedPeers()
        }
        dialLater(entry)
    }
}
