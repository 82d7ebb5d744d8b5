// swift-tools-version: 6.0
import PackageDescription

/// Apart from the framework's own package, so that `make build` and `make test` do not compile it.
let package = Package(
  name: "apus-benchmarks",
  dependencies: [.package(name: "apus", path: "..")],
  targets: [
    .executableTarget(
      name: "ApusBenchmarks", dependencies: [.product(name: "Apus", package: "apus")])
  ],
  swiftLanguageModes: [.v6]
)
