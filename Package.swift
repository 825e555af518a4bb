// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let c: [CSetting] = [.treatAllWarnings(as: .error)]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: swift)
}

func library(_ name: String, pkgConfig: String, package: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/SystemLibraries/\(name)", pkgConfig: pkgConfig,
    providers: [.apt([package])])
}

let package = Package(
  name: "darkroom",
  products: [
    .library(name: "Darkroom", targets: ["Darkroom"]),
    .executable(name: "darkroom", targets: ["DarkroomCLI"]),
  ],
  targets: [
    module("SystemFiles", ["CZlib"]),
    module("Graph"),
    module("Weights", ["Graph", "SystemFiles"]),
    module("Layers", ["Graph", "Weights"]),
    module("Models", ["Graph", "Weights", "Layers", "SystemFiles"]),
    module("Tokenizer", ["SystemFiles", "ClipVocabulary"]),
    module("Sampling", ["SystemFiles"]),
    module("Families", ["Graph", "Weights", "Models", "Sampling", "Tokenizer", "SystemFiles"]),
    module("Pictures", ["SystemFiles", "CPictures", "CZlib"]),
    module("Hub", ["Weights", "SystemFiles", "CCurl", "CCrypto"]),
    module("Reference", ["Graph"]),
    module("CPUBackend", ["Graph", "SystemFiles", "CPUKernels"]),
    module("VulkanBackend", ["Graph", "Reference", "SystemFiles", "CVulkan", "VulkanKernels"]),
    module(
      "Darkroom",
      [
        "Graph", "Weights", "Families", "Tokenizer", "Sampling", "Pictures", "CPUBackend",
        "VulkanBackend", "BuiltInModel", "Hub", "SystemFiles",
      ]),
    module(
      "SamplerComparison",
      ["Darkroom", "Families", "Graph", "Weights", "Sampling", "Pictures", "SystemFiles"]),
    module("Measuring", ["Darkroom", "Families", "Graph", "Sampling", "CPUBackend", "SystemFiles"]),
    module(
      "Server", ["Darkroom", "Hub", "SystemFiles", "Page", "CEpoll", "CMicrohttpd", "CNghttp2", "CTLS"]),
    .executableTarget(
      name: "DarkroomCLI",
      dependencies: ["Darkroom", "SamplerComparison", "Measuring", "Server", "SystemFiles"],
      swiftSettings: swift),

    .target(name: "BuiltInModel", exclude: ["model", "upscaler"], cSettings: c),
    .target(name: "ClipVocabulary", exclude: ["clip_merges.txt.gz"], cSettings: c),
    .target(name: "Page", exclude: ["files"], cSettings: c),
    .target(name: "CPictures", dependencies: ["CPNG", "CJPEG", "CWebP", "CLCMS"], cSettings: c),
    .target(name: "CPUKernels", path: "Kernels/CPU", cSettings: c),
    .target(name: "VulkanKernels", path: "Kernels/Vulkan", sources: ["kernels.c"], cSettings: c),
    .target(name: "CVulkan", cSettings: c),
    library("CPNG", pkgConfig: "libpng", package: "libpng-dev"),
    library("CJPEG", pkgConfig: "libjpeg", package: "libjpeg62-turbo-dev"),
    library("CWebP", pkgConfig: "libwebp", package: "libwebp-dev"),
    library("CLCMS", pkgConfig: "lcms2", package: "liblcms2-dev"),
    library("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
    library("CCrypto", pkgConfig: "libcrypto", package: "libssl-dev"),
    library("CTLS", pkgConfig: "libssl", package: "libssl-dev"),
    .systemLibrary(name: "CEpoll", path: "Sources/SystemLibraries/CEpoll"),
    library("CMicrohttpd", pkgConfig: "libmicrohttpd", package: "libmicrohttpd-dev"),
    library("CNghttp2", pkgConfig: "libnghttp2", package: "libnghttp2-dev"),
    library("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),

    .target(
      name: "TestSupport",
      dependencies: ["Graph", "Weights", "CPUBackend", "CPUKernels", "TileEmulator", "CZlib"],
      path: "Tests/TestSupport", swiftSettings: swift
    ),
    .target(
      name: "PipelineTestSupport",
      dependencies: [
        "TestSupport", "Darkroom", "CPUBackend", "Families", "Graph", "Layers", "Weights", "Sampling",
        "Pictures",
        "Tokenizer",
      ],
      path: "Tests/PipelineTestSupport", swiftSettings: swift
    ),
    .target(name: "HubDouble", dependencies: ["CCrypto"], path: "Tests/HubDouble", swiftSettings: swift),
    .target(name: "TileEmulator", path: "Tests/TileEmulator", cSettings: c),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter", cSettings: c),
    tests("SystemFilesTests", ["SystemFiles"]),
    tests("GraphTests", ["Graph"]),
    tests("WeightsTests", ["Weights", "Graph", "SystemFiles"]),
    tests("TokenizerTests", ["Tokenizer", "SystemFiles"]),
    tests("SamplingTests", ["Sampling"]),
    tests("PicturesTests", ["Pictures", "SystemFiles"]),
    tests(
      "BackendTests", ["Graph", "Reference", "CPUBackend", "VulkanBackend", "Pictures"]),
    tests(
      "ModelsTests",
      ["Graph", "Weights", "Layers", "Models", "Reference", "CPUBackend", "SystemFiles"]),
    tests(
      "DarkroomTests",
      [
        "Darkroom", "PipelineTestSupport", "AllocationCounter", "CPUBackend", "VulkanBackend", "Graph",
        "Hub", "Weights", "Models", "Families", "Sampling", "Pictures", "Tokenizer",
      ]),
    tests(
      "SamplerComparisonTests",
      [
        "SamplerComparison", "Darkroom", "Families", "PipelineTestSupport", "CPUBackend", "Graph", "Sampling",
        "Pictures",
      ]),
    tests("HubTests", ["Hub", "HubDouble"]),
    tests(
      "ServerTests",
      ["Server", "Darkroom", "PipelineTestSupport", "Pictures", "SystemFiles", "CNghttp2", "CTLS"]),
    tests(
      "CLITests",
      ["DarkroomCLI", "Darkroom", "SamplerComparison", "Pictures", "AllocationCounter", "HubDouble"]),
  ],
  cLanguageStandard: .gnu2x
)
