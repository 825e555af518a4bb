/// How one layout of checkpoints names its tensors, against our names: those of diffusers, behind
/// the name of the part (`unet.conv_in.weight`).
package struct KeyMap: Sendable {
  /// For messages and `inspect`.
  package let name: String
  /// Whether a file with these tensor names is in this layout.
  package let recognises: @Sendable (_ names: [String]) -> Bool
  /// Our name for each stored name; names that the layout does not know are left out.
  package let table: @Sendable (_ names: [String]) -> [String: String]

  /// Every layout of a file that holds a model; the first that recognises it is used.
  package static let all: [KeyMap] = [.singleFileSD1, .diffusers]

  package static func recognise(_ names: [String]) -> KeyMap? { all.first { $0.recognises(names) } }

  /// Whether a tensor is known to be of no use for inference: training state, buffers that follow
  /// from the schedule, and constants that programs have stored by accident.
  package static func isIgnored(_ name: String) -> Bool {
    if ignoredPrefixes.contains(where: name.hasPrefix) { return true }
    let parts = components(name)
    guard let last = parts.last else { return false }
    // Scales of what goes into a product of 8 bits mean nothing to one that is exact.
    if ["position_ids", "logit_scale", "scale_input", "input_scale", "scaled_fp8"].contains(last) {
      return true
    }
    return parts.count == 1 && (ignoredBuffers.contains(name) || name.contains("sqrt_"))
  }

  private static let ignoredPrefixes = ["model_ema.", "first_stage_model.loss.", "denoiser.sigmas"]
  private static let ignoredBuffers: Set<String> = [
    "betas", "alphas_cumprod", "alphas_cumprod_prev", "log_one_minus_alphas_cumprod", "lvlb_weights",
    "posterior_variance", "posterior_log_variance_clipped", "posterior_mean_coef1",
    "posterior_mean_coef2", "num_updates",
  ]
}

/// The words between the dots of a tensor's name.
func components(_ name: some StringProtocol) -> [Substring] {
  Substring(name).utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    .map { Substring($0) }
}

/// A block number in a tensor's name. No network has a thousand blocks in a row, and the limit
/// keeps hostile names from making us count.
func blockNumber(_ word: Substring) -> Int? {
  guard let number = Int(word), 0..<1000 ~= number, String(number) == word else { return nil }
  return number
}
