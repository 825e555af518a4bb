import AllocationCounter
import Darkroom
import Families
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing
import Tokenizer
import Weights

/// What must not change a picture, and what sampling must not do.
@Suite struct InvarianceTests {
  private func request(_ sampler: String = "euler_a", count: Int = 1, seed: UInt64 = 7) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a (red:1.3) boat")
    request.negativePrompt = "fog"
    (request.sampler, request.count, request.seed, request.steps) = (sampler, count, seed, 3)
    (request.width, request.height) = (72, 56)
    return request
  }

  @Test func threadsDoNotChangeABit() throws {
    let one = try TinyModel.pipeline(threads: 1).latents(request())
    for threads in [1, 2, 5] {
      #expect(try TinyModel.pipeline(threads: threads).latents(request()).values == one.values)
    }
  }

  /// Odd latents of 9x7: rows of the batch do not fall on the kernels' tiles.
  @Test(arguments: ["ddim", "euler", "euler_a"]) func pictureOfABatchIsTheSingleRun(sampler: String) throws {
    let pipeline = try TinyModel.pipeline()
    let batch = try pipeline.latents(request(sampler, count: 3))
    for index in 0..<3 {
      let single = try pipeline.latents(request(sampler, seed: 7 + UInt64(index)))
      #expect(batch.picture(index).values == single.values)
      #expect(try pipeline.decode(batch.picture(index)) == pipeline.decode(single))
    }
  }

  @Test func otherSizesInBetweenDoNotMatter() throws {
    let pipeline = try TinyModel.pipeline()
    let first = try pipeline.latents(request())
    var other = request()
    (other.width, other.height) = (128, 64)
    _ = try pipeline.decode(pipeline.latents(other))
    #expect(try pipeline.latents(request()).values == first.values)
  }

  @Test func promptsOfUnequalLengthArePadded() throws {
    let pipeline = try TinyModel.pipeline()
    var long = request()
    long.prompt = String(repeating: "a boat at sea, ", count: 40)
    let job = try pipeline.resolve(long)
    #expect(job.prompts.positive.map(\.tokens.chunks.count) == [3])
    #expect(job.prompts.negative?.map(\.tokens.chunks.count) == [1])
    #expect(try pipeline.sampled(job).conditioning.shapes["context"]?[0] == 3 * 77)
    #expect(try pipeline.latents(long).statistics.nonFinite == 0)
    #expect(job.notices.contains { $0.description.contains("3 pieces") })
  }

  /// One thread, so that all work is on the thread that counts.
  @Test(.enabled(if: allocations_are_counted() != 0), arguments: ["ddim", "euler", "euler_a"])
  func samplingAllocatesNothing(sampler: String) throws {
    let pipeline = try TinyModel.pipeline(threads: 1)
    var request = request(sampler, count: 2)
    request.steps = 8
    request.guidanceRescale = 0.5
    request.eta = sampler == "ddim" ? 1 : nil
    let job = try pipeline.resolve(request)
    let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: 8)
    defer { counts.deallocate() }
    _ = try pipeline.sampled(job) { if $0.step > 0 { counts[$0.step - 1] = allocation_count() } }
    #expect(counts[7] > 0)
    #expect(counts[7] - counts[1] == 0)
  }

  @Test(.enabled(if: allocations_are_counted() != 0)) func theCounterCounts() {
    let before = allocation_count()
    let block = UnsafeMutablePointer<Int>.allocate(capacity: 1000)
    block.deallocate()
    #expect(allocation_count() == before + 1)
  }
}
