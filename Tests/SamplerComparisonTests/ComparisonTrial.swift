import Darkroom
import Foundation
import Graph
import PipelineTestSupport
import SamplerComparison

/// Comparisons of the tiny model in a folder that goes away with the value.
final class ComparisonTrial {
  typealias Change = @Sendable (inout ComparisonRequest) -> Void

  let folder: String

  init() throws {
    folder =
      FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-compare-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// 64x64 pixels in float32.
  static func request(
    _ samplers: [String], steps: [Int], prompts: [String] = ["a boat"], repeats: Int = 1,
    referenceCalls: Int = 20
  ) -> ComparisonRequest {
    var request = ComparisonRequest(prompts: prompts, samplers: samplers, steps: steps)
    (request.shared.width, request.shared.height, request.shared.precision) = (64, 64, .float32)
    (request.shared.guidanceScale, request.repeats, request.referenceCalls) = (2, repeats, referenceCalls)
    return request
  }

  func runner(
    _ request: ComparisonRequest, _ backend: (any Backend)? = nil, model: String = TinyModel.folder,
    tell: @escaping (ComparisonProgress) -> Void = { _ in }, notice: @escaping (Notice) -> Void = { _ in }
  ) throws -> ComparisonRunner {
    let backend = try backend ?? RecordingBackend(bytesAvailable: nil)
    let pipeline = try Pipeline(ModelSource(path: model), backend)
    return try ComparisonRunner(
      request, pipeline, folder: folder, computes: "a test", tell: tell, notice: notice)
  }

  /// Runs a comparison to its end.
  @discardableResult
  func run(
    _ request: ComparisonRequest, _ backend: (any Backend)? = nil,
    tell: @escaping (ComparisonProgress) -> Void = { _ in }, notice: @escaping (Notice) -> Void = { _ in }
  ) throws -> ComparisonResults {
    _ = try runner(request, backend, tell: tell, notice: notice).run()
    return try results()
  }

  func results() throws -> ComparisonResults { try ComparisonResults(json: [UInt8](data("results.json"))) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
  func path(_ name: String) -> String { "\(folder)/\(name)" }
  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }
  func write(_ data: Data, _ name: String) throws { try data.write(to: URL(fileURLWithPath: path(name))) }
  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// Tells a file that was written again from one that was left alone, even with the same bytes.
  func inode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path(name))[.systemFileNumber] as? Int
  }
}

extension ComparisonResults {
  /// All but times.
  var timeless: ComparisonResults {
    ComparisonResults(
      setting: setting, prompts: prompts, references: references,
      cells: cells.map { cell in
        CellRecord(
          key: cell.key, networkCalls: cell.networkCalls,
          samplingSeconds: cell.samplingSeconds.map { _ in 0 },
          decodingSeconds: 0, measure: cell.measure, kind: cell.kind, isRepeatable: cell.isRepeatable,
          picture: cell.picture, notices: cell.notices)
      })
  }

  func cells(of sampler: String) -> [CellRecord] { cells.filter { $0.key.sampler == sampler } }
}
