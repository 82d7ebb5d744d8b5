// swift-tools-version: 6.0
import PackageDescription

/// Modules by layer: a target may depend only on targets that stand before it in this list.
let package = Package(
  name: "apus",
  products: [
    .library(
      name: "Apus", targets: ["Apus", "ApusFormats", "ApusData", "ApusModels", "ApusTrain"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
    .executable(name: "examples", targets: ["Examples"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // The graph: dtypes, shapes, primitives, gradients, rewrite passes.
    .target(name: "ApusIR"),

    // The compiler and runtime, engine-neutral.
    .target(name: "ApusRuntime", dependencies: ["ApusIR"]),

    // The engines.
    .target(name: "ApusReference", dependencies: ["ApusRuntime"]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CNarrow"),
    .target(name: "ApusCPU", dependencies: ["ApusRuntime", "CNarrow", "COneDNN"]),
    .target(name: "ApusEngines", dependencies: ["ApusReference", "ApusCPU"]),

    // What users import.
    .target(name: "Apus", dependencies: ["ApusEngines"]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .target(
      name: "ApusFormats",
      dependencies: [
        "Apus", "ApusIR", "CZlib", "CPNG", "CTurboJPEG",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["ONNX/ONNX.proto"]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "ApusData", dependencies: ["Apus", "ApusFormats", "ApusIR", "CCurl"]),
    .target(name: "ApusModels", dependencies: ["Apus"]),
    .target(
      name: "ApusTrain",
      dependencies: [
        "Apus", "ApusData", "ApusFormats", "ApusIR", "ApusModels", "ApusRuntime",
        .product(name: "Yams", package: "Yams"),
      ]),

    // The program.
    .executableTarget(
      name: "ApusCommand",
      dependencies: [
        "ApusData", "ApusFormats", "ApusIR", "ApusModels", "ApusRuntime", "ApusTrain",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Examples.
    .executableTarget(
      name: "DigitClassifier", dependencies: ["Apus", "ApusData"], path: "Examples/DigitClassifier"),

    .executableTarget(
      name: "Examples",
      dependencies: [
        "Apus", "ApusData", "ApusFormats", "ApusModels", "ApusTrain",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples", exclude: ["DigitClassifier", "README.md"]),

    // Tests, and what they share: program text, random programs, comparison of tensors.
    .target(name: "ApusTestSupport", dependencies: ["ApusRuntime"]),
    .testTarget(name: "ApusIRTests", dependencies: ["ApusIR"]),
    .testTarget(
      name: "ApusReferenceTests", dependencies: ["ApusReference", "ApusFormats"],
      resources: [.copy("Resources")]),
    .testTarget(
      name: "ApusFormatsTests", dependencies: ["ApusFormats", "ApusIR"], exclude: ["Resources"]),
    .testTarget(
      name: "ApusTests", dependencies: ["Apus", "ApusFormats", "ApusIR"], exclude: ["Resources"]),
    .testTarget(
      name: "ApusEngineTests",
      dependencies: ["ApusCPU", "ApusReference", "ApusTestSupport", "CAllocationCounter"]),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .testTarget(
      name: "ApusGradientTests",
      dependencies: ["ApusCPU", "ApusIR", "ApusReference", "ApusTestSupport"]),
    .testTarget(
      name: "ApusDataTests", dependencies: ["Apus", "ApusData", "ApusFormats", "ApusIR"],
      exclude: ["Resources"]),
    .testTarget(
      name: "ApusModelsTests", dependencies: ["ApusModels", "ApusFormats"], exclude: ["Resources"]),
    .testTarget(
      name: "ApusTrainTests",
      dependencies: ["ApusTrain", "ApusData", "ApusFormats", "ApusModels", "Apus"],
      exclude: ["Resources"]),
    .testTarget(name: "ApusCommandTests", dependencies: ["ApusCommand", "DigitClassifier"]),
    .testTarget(name: "ExampleTests", dependencies: ["Examples"]),
    .testTarget(
      name: "ApusCPURendererTests", dependencies: ["ApusCPU", "ApusIR", "ApusRuntime"]),
    .testTarget(name: "ApusCPUNativeTests", dependencies: ["ApusCPU", "ApusIR", "COneDNN"]),
    .testTarget(
      name: "ApusIRPassTests", dependencies: ["ApusIR", "ApusReference", "ApusTestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
