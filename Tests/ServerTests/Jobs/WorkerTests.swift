import Darkroom
import Foundation
import PipelineTestSupport
import Server
import TestSupport
import Testing

/// Batches that a real engine draws, with small models.
@Suite final class WorkerTests {
  private static let plain = ModelSource(path: TinyModel.folder)
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A queue with a worker that serves some models.
  private func serve(
    _ sources: [ModelSource], _ filter: PictureFilter.Rule = .off, meter: Meter = Meter(),
    longest: Duration? = nil
  ) async throws -> (desk: Desk, models: ModelTable, work: Task<Void, Never>) {
    let engine = try Engine(device: .cpu, threads: 1)
    var served: [ServedModel] = []
    for source in sources {
      served.append(
        ServedModel(
          name: source.name, source: source, description: try await engine.description(of: source),
          precisions: engine.precisions))
    }
    let (queue, models) = (LocalQueue(), ModelTable(served))
    let worker = Worker(
      engine: engine, models: models, queue: queue, filter: PictureFilter(filter), meter: meter,
      longest: longest)
    return (Desk(queue: queue), models, Task.detached { await worker.run() })
  }

  private func request(_ prompt: String, count: Int = 1, steps: Int = 2) -> GenerationRequest {
    var request = GenerationRequest(prompt: prompt)
    (request.count, request.steps, request.seed) = (count, steps, 3)
    (request.width, request.height, request.precision) = (64, 64, .float32)
    return request
  }

  @Test func picturesAreThoseOfTheEngine() async throws {
    let (desk, models, work) = try await serve([Self.plain])
    let order = try await desk.order(Ask(.drawing(request("a cat", count: 5)), models.first), client: "a")
    let pictures = try await desk.submit(order).pictures()
    #expect(pictures.map(\.index) == [0, 1, 2, 3, 4])
    #expect(pictures.map(\.seed) == [3, 4, 5, 6, 7])
    let engine = try Engine(device: .cpu, threads: 1)
    var alone = request("a cat")
    alone.seed = 7
    var expected: [UInt8] = []
    for try await picture in engine.pictures(for: alone, with: Self.plain) {
      expected = try picture.encoded(as: .png)
    }
    #expect(pictures.last?.bytes == expected, "also across batches")
    desk.queue.close()
    await work.value
  }

  @Test func modelsTakeTurnsAndSwitchesAreCounted() async throws {
    let meter = Meter()
    let other = ModelSource(path: try TinyModel.copy(into: folder, files: [:]))
    let (desk, models, work) = try await serve([Self.plain, other], meter: meter)
    for model in models.models + models.models {
      let ask = Ask(.drawing(request("a cat on \(model.name)")), model)
      var order = try await desk.order(ask, client: "a")
      order.isShared = false
      #expect(try await desk.submit(order).pictures().first?.model == model.name)
    }
    desk.queue.close()
    await work.value
    #expect(meter.figures.modelSwitches == 3 && meter.figures.switchSeconds > 0)
  }

  @Test func aJobThatTakesTooLongIsEnded() async throws {
    let (desk, models, work) = try await serve([Self.plain], longest: .milliseconds(1))
    let order = try await desk.order(
      Ask(.drawing(request("a cat", steps: 150)), models.first), client: "a")
    let error = await #expect(throws: DarkroomError.self) { try await desk.submit(order).pictures() }
    #expect(error?.description.contains("job took longer than") == true)
    desk.queue.close()
    await work.value
  }

  @Test func aModelWithoutASafetyCheckerCannotBeFiltered() async throws {
    let (desk, models, work) = try await serve([Self.plain], .blur)
    let order = try await desk.order(Ask(.drawing(request("a cat")), models.first), client: "a")
    let error = await #expect(throws: DarkroomError.self) { try await desk.submit(order).pictures() }
    #expect(error?.kind == .unsupported)
    desk.queue.close()
    await work.value
  }

  @Test(arguments: [PictureFilter.Rule.off, .blur, .refuse]) func picturesThatTripAreBlurredOrRefused(
    _ rule: PictureFilter.Rule
  ) async throws {
    let meter = Meter()
    let (desk, models, work) = try await serve([try filtered(threshold: -2)], rule, meter: meter)
    let order = try await desk.order(Ask(.drawing(request("a cat")), models.first), client: "a")
    if rule == .refuse {
      let error = await #expect(throws: DarkroomError.self) { try await desk.submit(order).pictures() }
      #expect(error?.kind == .filtered)
    } else {
      let picture = try #require(try await desk.submit(order).pictures().first)
      #expect(picture.isFiltered == (rule == .blur))
      #expect(meter.figures.filtered == (rule == .blur ? 1 : 0))
    }
    desk.queue.close()
    await work.value
  }

  @Test func picturesThatDoNotTripPass() async throws {
    let (desk, models, work) = try await serve([try filtered(threshold: 2)], .refuse)
    let order = try await desk.order(Ask(.drawing(request("a cat")), models.first), client: "a")
    #expect(try await desk.submit(order).pictures().first?.isFiltered == false)
    desk.queue.close()
    await work.value
  }

  /// The tiny model with a safety checker whose thresholds are all the same.
  private func filtered(threshold: Float) throws -> ModelSource {
    let index = try JSONSerialization.jsonObject(with: Fixtures.data("sd1_tiny/model_index.json"))
    var fields = try #require(index as? [String: Any])
    fields["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    let named = String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
    let path = try TinyModel.copy(into: folder, files: ["model_index.json": named])
    for part in ["safety_checker", "feature_extractor"] {
      try FileManager.default.copyItem(atPath: Fixtures.url("safety/\(part)").path, toPath: "\(path)/\(part)")
    }
    let file = URL(fileURLWithPath: "\(path)/safety_checker/model.safetensors")
    var bytes = try Data(contentsOf: file)
    let count = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + count]) as? [String: Any]
    for name in ["concept_embeds_weights", "special_care_embeds_weights"] {
      let tensor = try #require(header?[name] as? [String: Any])
      let place = try #require(tensor["data_offsets"] as? [Int])
      try #require(tensor["dtype"] as? String == "F32")
      let values = [Float](repeating: threshold, count: (place[1] - place[0]) / 4)
      bytes.replaceSubrange(
        8 + count + place[0]..<8 + count + place[1], with: values.withUnsafeBytes { Data($0) })
    }
    try bytes.write(to: file)
    return ModelSource(path: path)
  }
}
