extension GRPCService {
  /// Runs a call to its end. Leaving the task cancels the call.
  /// - Parameter send: gets the messages, each behind its prefix.
  /// - Returns: nil if the call went well.
  func run(
    _ call: GRPCCall, until deadline: ContinuousClock.Instant?, send: @escaping @Sendable ([UInt8]) -> Void
  ) async -> GRPCFailure? {
    await withTaskGroup(of: GRPCFailure?.self) { group in
      group.addTask { await finish(call, send: send) }
      if let deadline {
        group.addTask {
          try? await Task.sleep(until: deadline, clock: .continuous)
          return GRPCFailure(.deadlineExceeded, "the call's time is over")
        }
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  private func finish(_ call: GRPCCall, send: @Sendable ([UInt8]) -> Void) async -> GRPCFailure? {
    do {
      for try await message in answer(call) {
        guard message.count <= GRPCFraming.mostOut else {
          return GRPCFailure(
            .internal, "an answer has \(message.count) bytes, more than \(GRPCFraming.mostOut)")
        }
        send(GRPCFraming.frame(message))
      }
      return nil
    } catch let failure as GRPCFailure {
      return failure
    } catch is CancellationError {
      return GRPCFailure(.cancelled, "the call was cancelled")
    } catch {
      return GRPCFailure(.internal, "\(error)")
    }
  }
}
