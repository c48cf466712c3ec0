#!/bin/sh
# Shows that PostQuantum is an ordinary dependency: its targets and those of BLAKE3 have no unsafe
# flags, and a package that asks for a tagged version of this repository builds and runs against the
# product.
#
# usage: Scripts/pq-dependency.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone --quiet "$root" "$work/swift-bft"
git -C "$work/swift-bft" tag 1.0.0
# Some releases of SwiftPM refuse unsafe flags behind a product, others take them: look ourselves.
swift package --package-path "$work/swift-bft" dump-package | python3 -c '
import json, sys
targets = {each["name"]: each for each in json.load(sys.stdin)["targets"]}
for name in ("PostQuantum", "CPostQuantumKernels", "BLAKE3", "CBLAKE3Kernels"):
    if "unsafeFlags" in json.dumps(targets[name]["settings"]):
        sys.exit(f"{name} is compiled with unsafe flags")
    if targets[name]["dependencies"] and not name.startswith(("PostQuantum", "BLAKE3")):
        sys.exit(f"{name} depends on other targets")
'

mkdir -p "$work/client/Sources/client"
cat > "$work/client/Package.swift" <<EOF
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "client",
    dependencies: [.package(url: "file://$work/swift-bft", exact: "1.0.0")],
    targets: [
        .executableTarget(
            name: "client", dependencies: [.product(name: "PostQuantum", package: "swift-bft")])
    ]
)
EOF
cat > "$work/client/Sources/client/main.swift" <<'EOF'
import PostQuantum

let key = try MLDSA87.PrivateKey()
let message = Array("signed by a dependency".utf8)
let signature = try key.signature(for: message)
guard key.publicKey.isValidSignature(signature, for: message) else { fatalError("not valid") }
let exchange = try MLKEM768.PrivateKey()
let result = try exchange.publicKey.encapsulate()
guard try exchange.decapsulate(result.encapsulated) == result.sharedSecret else {
    fatalError("secrets differ")
}
print("PostQuantum works as a dependency, with \(InstructionSet.current.rawValue)")
EOF
cd "$work/client"
swift build -c release -j 2
.build/release/client
