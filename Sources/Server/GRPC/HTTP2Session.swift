import CNghttp2

/// What nghttp2 is told and asked. A session's user data is its connection, which outlives it.
enum HTTP2Session {
  /// A new session of a server.
  static func make() -> OpaquePointer? {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, began)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, chunk)
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame)
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sent)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closed)
    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0 else { return nil }
    defer { nghttp2_option_del(option) }
    // Closed streams are kept for priorities, which nobody uses here.
    nghttp2_option_set_no_closed_streams(option, 1)
    var session: OpaquePointer?
    return nghttp2_session_server_new2(&session, callbacks, nil, option) == 0 ? session : nil
  }

  static func greet(_ session: OpaquePointer, streams: UInt32) {
    let settings = [
      (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams),
      (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2Limits.windows.stream),
      (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(HTTP2Limits.headerBytes)),
    ].map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: $0.1) }
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    nghttp2_submit_settings(session, none, settings, settings.count)
    nghttp2_session_set_local_window_size(session, none, 0, HTTP2Limits.windows.connection)
  }

  /// Header fields as nghttp2 takes them, which copies them.
  static func withFields(
    _ fields: [(name: String, value: String)], _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void
  ) {
    var bytes = fields.flatMap { Array($0.name.utf8) + Array($0.value.utf8) }
    bytes.withUnsafeMutableBufferPointer { bytes in
      guard var place = bytes.baseAddress else { return }
      let list = fields.map { field in
        let (nameCount, valueCount) = (field.name.utf8.count, field.value.utf8.count)
        defer { place += nameCount + valueCount }
        return nghttp2_nv(
          name: place, value: place + nameCount, namelen: nameCount, valuelen: valueCount,
          flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
      }
      list.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }

  private static func connection(_ user: UnsafeMutableRawPointer?) -> HTTP2Connection? {
    user.map { Unmanaged<HTTP2Connection>.fromOpaque($0).takeUnretainedValue() }
  }

  private static let failed = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)

  private static func isRequest(_ frame: nghttp2_frame) -> Bool {
    frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) && frame.headers.cat == NGHTTP2_HCAT_REQUEST
  }

  /// Whether a frame is the last one of its direction.
  private static func isLast(_ frame: nghttp2_frame) -> Bool {
    [NGHTTP2_HEADERS, NGHTTP2_DATA].contains { UInt8($0.rawValue) == frame.hd.type }
      && frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
  }

  private static let began: nghttp2_on_begin_headers_callback = { _, frame, user in
    guard let frame = frame?.pointee, let connection = connection(user) else { return failed }
    let id = frame.hd.stream_id
    if isRequest(frame) { connection.streams[id] = HTTP2Stream(id) }
    return 0
  }

  private static let header: nghttp2_on_header_callback = {
    _, frame, name, nameCount, value, count, _, user in
    guard let frame = frame?.pointee, let connection = connection(user) else { return failed }
    guard isRequest(frame), let stream = connection.streams[frame.hd.stream_id], stream.end == nil else {
      return 0
    }
    let name = String(decoding: UnsafeBufferPointer(start: name, count: nameCount), as: UTF8.self)
    let value = String(decoding: UnsafeBufferPointer(start: value, count: count), as: UTF8.self)
    if !stream.take(name, value) { connection.refuseHead(stream) }
    return 0
  }

  private static let chunk: nghttp2_on_data_chunk_recv_callback = { _, _, id, bytes, count, user in
    guard let connection = connection(user) else { return failed }
    if let stream = connection.streams[id] {
      connection.readBody(stream, UnsafeBufferPointer(start: bytes, count: count))
    }
    return 0
  }

  private static let frame: nghttp2_on_frame_recv_callback = { _, frame, user in
    guard let frame = frame?.pointee, let connection = connection(user) else { return failed }
    connection.isGreeted = true
    guard let stream = connection.streams[frame.hd.stream_id] else { return 0 }
    if isRequest(frame), stream.end == nil { connection.readHead(stream) }
    if isLast(frame) { connection.begin(stream) }
    return 0
  }

  private static let sent: nghttp2_on_frame_send_callback = { _, frame, user in
    guard let frame = frame?.pointee, let connection = connection(user) else { return failed }
    if isLast(frame), let stream = connection.streams[frame.hd.stream_id] { connection.finish(stream) }
    return 0
  }

  private static let closed: nghttp2_on_stream_close_callback = { _, id, _, user in
    guard let connection = connection(user) else { return failed }
    if let stream = connection.streams[id] { connection.close(stream) }
    return 0
  }

  /// Where a session gets the bytes of an answer.
  static let source = nghttp2_data_provider(
    source: nghttp2_data_source(),
    read_callback: { _, id, buffer, count, flags, _, user in
      guard let connection = connection(user), let stream = connection.streams[id], let flags else {
        return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
      }
      let room = UnsafeMutableRawBufferPointer(start: buffer, count: count)
      return connection.fill(stream, room, &flags.pointee)
    })
}
