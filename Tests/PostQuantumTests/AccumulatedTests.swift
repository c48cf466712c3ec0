import FoundationEssentials
import Testing

@testable import PostQuantum

/// Many operations on inputs from one SHAKE128, with everything that comes out hashed by another.
///
/// The digests after 100 and 10,000 rounds of ML-DSA are published by C2SP (CCTV, ML-DSA
/// accumulated vectors), those of ML-KEM by the Go project (crypto/mlkem, TestAccumulated). Those
/// after 300 rounds are of this implementation, and Scripts/pq-differential.py has another
/// implementation compute them. `PQ_LONG_TESTS=1` in the environment asks for 10,000 rounds.
@Suite struct AccumulatedTests {
    private let isLong = ProcessInfo.processInfo.environment["PQ_LONG_TESTS"] == "1"

    /// Runs rounds and compares the digest after each count that `expected` names.
    private func accumulate(
        _ expected: [Int: String],
        _ round: (_ read: (Int) -> [UInt8], _ write: ([UInt8]) -> Void) throws -> Void
    ) rethrows {
        let source = Stream()
        let output = Stream()
        source.finish()
        for index in 1...(isLong ? 10_000 : 300) {
            try round({ source.read($0) }, { output.write($0) })
            if let digest = expected[index] {
                #expect(hexadecimal(output.digest()) == digest, "after \(index) rounds")
            }
        }
    }

    /// SHAKE128, with its input kept so that the output can be asked for in between.
    private final class Stream {
        private var sponge = Sponge(.shake128, .current)
        private var written: [[UInt8]] = []

        func finish() { sponge.finish() }

        func read(_ count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                sponge.squeeze(buffer.baseAddress!, count: count)
                initialized = count
            }
        }

        func write(_ bytes: [UInt8]) { written.append(bytes) }

        /// Hashes what was written, from the start.
        func digest() -> [UInt8] {
            sponge.reset()
            for bytes in written { bytes.withUnsafeBytes { sponge.absorb($0) } }
            sponge.finish()
            return read(32)
        }
    }

    private func signatures<Parameters>(
        _ scheme: MLDSA<Parameters>.Type, _ expected: [Int: String]
    ) throws {
        try accumulate(expected) { read, write in
            let key = MLDSA<Parameters>.SigningKey(
                try MLDSA<Parameters>.PrivateKey(seedRepresentation: read(32), publicKey: nil))
            write(key.publicKey.rawRepresentation)
            let signature = try key.signature(for: [], randomness: .deterministic)
            write(signature)
            #expect(key.publicKey.isValidSignature(signature, for: []))
        }
    }

    @Test("Hundreds of ML-DSA-65 keys and signatures have the published digest")
    func mldsa65() throws {
        try signatures(
            MLDSA65.self,
            [
                100: "8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199",
                300: "cacc280b01c39f8eefcdf2172e4d7cba3a38c5d99d8fde6ac32c32de17d6b9aa",
                10_000: "5ff5e196f0b830c3b10a9eb5358e7c98a3a20136cb677f3ae3b90175c3ace329",
            ])
    }

    @Test("Hundreds of ML-DSA-87 keys and signatures have the published digest")
    func mldsa87() throws {
        try signatures(
            MLDSA87.self,
            [
                100: "8c3ad714777622b8f21ce31bb35f71394f23bc0fcf3c78ace5d608990f3b061b",
                300: "4a0460aee5a542d4ef9667661530049c8e303806b81f78a269fbe107374336eb",
                10_000: "80a8cf39317f7d0be0e24972c51ac152bd2a3e09bc0c32ce29dd82c4e7385e60",
            ])
    }

    @Test("Hundreds of ML-KEM-768 exchanges and rejections have the published digest")
    func mlkem768() throws {
        try accumulate([
            100: "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415",
            300: "c40673e8f8f51697cdc08d175aff5f4cbbaa69473c5dc7678eff50c88541c331",
            10_000: "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc",
        ]) { read, write in
            let key = try MLKEM768.PrivateKey(seedRepresentation: read(64), publicKey: nil)
            write(key.publicKey.rawRepresentation)
            let result = try key.publicKey.encapsulate(randomness: read(32))
            write(result.encapsulated)
            write(result.sharedSecret)
            #expect(try key.decapsulate(result.encapsulated) == result.sharedSecret)
            write(try key.decapsulate(read(MLKEMSizes.ciphertext)))
        }
    }
}
