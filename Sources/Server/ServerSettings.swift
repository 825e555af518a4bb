import Darkroom

/// How a server is set up.
package struct ServerSettings: Sendable {
  package var host = "localhost"
  package var port = 7860
  /// Further ports; all speak the same.
  package var otherPorts: [Int] = []
  package var models: [ModelSource] = []
  /// Names of hosted models, with the served ones that stand for them.
  package var aliases: [String: String] = [:]
  /// Networks that enlarge pictures, beside the built-in one.
  package var upscalers: [UpscalerSource] = []
  package var devices: [DeviceChoice] = [.auto]
  package var threads: Int?
  package var memoryLimit: Int?
  package var wildcards: String?
  /// Whether packed weights are kept on the disk.
  package var packCache = true
  package var keyFile: String?
  /// Names that requests may ask for, besides those of this machine.
  package var hostNames: [String] = []
  /// Pages that may ask, `*` for all.
  package var origins: [String] = []
  package var certificate: String?
  package var certificateKey: String?
  package var queue = LocalQueue.Limits()
  /// Seconds.
  package var jobTime: Int?
  package var drainTime = 30
  /// After which an idle engine gives its memory back; nil for never.
  package var keepAlive: Int?
  package var cache = ResultStore.Limits()
  package var cacheFolder: String?
  /// Whether pictures at addresses of other servers are fetched.
  package var fetches = false
  /// Hosts of such addresses that may be private and without encryption.
  package var fetchHosts: [String] = []
  /// Hosts that may be told when a job has ended.
  package var webhookHosts: [String] = []
  /// Seconds that an answer of ModelsLab's API waits for its pictures.
  package var holdTime = 300
  package var ratePerSecond: Double?
  package var credits: Double?
  package var wordFile: String?
  package var safety = PictureFilter.Rule.off
  package var logFormat = AccessLog.Format.text
  package var logPrompts = false

  package init() {}
}
