import CNghttp2

/// From a complete request to the end of its answer.
extension HTTP2Connection {
  /// The head of a request is complete.
  func readHead(_ stream: HTTP2Stream) {
    guard stream.method == "POST" else {
      return answer(stream, 405, ["allow": "POST"], "calls of gRPC are posted; REST speaks HTTP/1.1 here")
    }
    let type = GRPCFraming.mediaType(stream.headers)
    guard type == "application/grpc" || type.hasPrefix("application/grpc+") else {
      return answer(stream, 415, [:], "expected application/grpc; REST and gRPC-web speak HTTP/1.1 here")
    }
  }

  /// A part of a request's body has come.
  func readBody(_ stream: HTTP2Stream, _ bytes: UnsafeBufferPointer<UInt8>) {
    stream.moved = .now
    guard stream.end == nil else { return }
    stream.receive(bytes, received)
    do throws(GRPCFailure) {
      guard received.count <= surroundings.limits.receivedBytes else {
        throw GRPCFailure(.resourceExhausted, "too many requests arrive at the same time")
      }
      guard let count = try GRPCFraming.messageCount(stream.body) else { return }
      guard stream.body.count <= GRPCFraming.prefixCount + count else {
        throw GRPCFailure(.invalidArgument, "the body goes on after its message of \(count) bytes")
      }
    } catch {
      end(error, on: stream.id)
    }
  }

  /// A request is complete.
  func begin(_ stream: HTTP2Stream) {
    stream.isComplete = true
    guard stream.end == nil else { return }
    do throws(GRPCFailure) {
      let deadline = try GRPCFraming.timeout(stream.headers["grpc-timeout"]).map { stream.began + $0 }
      let call = GRPCCall(
        path: stream.path, headers: stream.headers,
        message: try GRPCFraming.message(stream.takeBody(received)), client: client)
      let (service, mailbox) = (surroundings.service, surroundings.mailbox)
      let (connection, id) = (id, stream.id)
      stream.task = Task(executorPreference: ServerExecutor.shared) {
        let failure = await service.run(call, until: deadline) {
          mailbox.post(.message($0, connection: connection, stream: id))
        }
        mailbox.post(.end(failure, connection: connection, stream: id))
      }
    } catch {
      end(error, on: stream.id)
    }
  }

  /// A message of the answer, behind its prefix.
  func send(_ frame: [UInt8], on id: Int32) {
    guard let stream = streams[id], stream.end == nil else { return }
    if !stream.isHeldUp { stream.moved = .now }
    stream.append(frame)
    if stream.isAnswered { return resume(stream) }
    submit(
      stream, ["content-type": "application/grpc", GRPCFraming.encodings.name: GRPCFraming.encodings.value])
  }

  /// The end of the answer; nil if the call went well.
  func end(_ failure: GRPCFailure?, on id: Int32) {
    guard let stream = streams[id], stream.end == nil else { return }
    stream.end = .trailers(failure)
    stream.takeBody(received)
    if stream.isAnswered { return resume(stream) }
    stream.isAnswered = true
    var headers: HTTPHeaders = ["content-type": "application/grpc"]
    headers.add(GRPCFraming.encodings.name, GRPCFraming.encodings.value)
    for (name, value) in GRPCFraming.trailers(failure) { headers.add(name, value) }
    HTTP2Session.withFields([(":status", "200")] + headers.fields) {
      _ = nghttp2_submit_response(session, id, $0, $1, nil)
    }
  }

  /// An answer that is no gRPC.
  private func answer(_ stream: HTTP2Stream, _ status: Int, _ headers: HTTPHeaders, _ text: String) {
    stream.end = .bare
    stream.append(Array("\(text)\n".utf8))
    var headers = headers
    headers["content-type"] = "text/plain"
    submit(stream, headers, status: status)
  }

  func refuseHead(_ stream: HTTP2Stream) {
    answer(
      stream, 431, [:], "more than \(HTTP2Limits.headers) header fields or \(HTTP2Limits.headerBytes) bytes")
  }

  /// Sends the head of an answer, whose bytes the session then asks for.
  private func submit(_ stream: HTTP2Stream, _ headers: HTTPHeaders, status: Int = 200) {
    stream.isAnswered = true
    var source = HTTP2Session.source
    HTTP2Session.withFields([(":status", String(status))] + headers.fields) {
      _ = nghttp2_submit_response(session, stream.id, $0, $1, &source)
    }
  }

  private func resume(_ stream: HTTP2Stream) {
    guard stream.isWaiting else { return }
    stream.isWaiting = false
    nghttp2_session_resume_data(session, stream.id)
  }

  /// Gives the session bytes of an answer, and the trailers after the last ones.
  func fill(_ stream: HTTP2Stream, _ buffer: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> Int {
    let count = stream.fill(buffer)
    if count > 0 { stream.moved = .now }
    guard !stream.isHeldUp, let end = stream.end else {
      stream.isWaiting = count == 0
      return count == 0 ? Int(NGHTTP2_ERR_DEFERRED.rawValue) : count
    }
    flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if case .trailers(let failure) = end {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      HTTP2Session.withFields(GRPCFraming.trailers(failure)) {
        _ = nghttp2_submit_trailer(session, stream.id, $0, $1)
      }
    }
    return count
  }

  /// The answer has gone out. The rest of a request has nobody who reads it (RFC 9113, 8.1).
  func finish(_ stream: HTTP2Stream) {
    if !stream.isComplete { reset(stream.id, NGHTTP2_NO_ERROR) }
  }

  func close(_ stream: HTTP2Stream) {
    stream.task?.cancel()
    stream.takeBody(received)
    streams[stream.id] = nil
    lastCall = .now
    if stream.end == nil { resets += 1 } else { answers += 1 }
    if resets > answers + surroundings.limits.resets {
      nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    }
  }
}
