import Glibc

/// The descriptors 0, 1 and 2.
enum StandardStreams {
  /// A stream that the caller has closed would give its number to the next file that is opened, and results would go
  /// there. So its number goes to one that can neither be read nor written in the stream's direction.
  static func keepClosed() {
    for (stream, wrongDirection) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)] as [(Int32, Int32)]
    where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", wrongDirection)
    }
  }
}
