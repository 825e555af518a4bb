import Darkroom

/// What requests of the web UI may ask for that is not here. It is refused by its name, unless a client only
/// writes down that it does not want it.
enum A1111Absent {
  /// - Throws: `Refusal` that names the parameter.
  static func check(_ arguments: Arguments) throws {
    for (name, missing) in switches where arguments.values[name]?.flag == true {
      throw Refusal(.request, field: name, "needs \(missing), which is not here; expected false")
    }
    for name in ["refiner_checkpoint", "firstpass_image", "latent_mask"]
    where arguments.name(name) != nil {
      throw Refusal(.request, field: name, "is not possible here; expected nothing")
    }
    for (name, usual) in [("s_churn", 0.0), ("s_min_uncond", 0), ("s_noise", 1)] {
      guard let value = arguments.values[name], value != .null, value.double != usual else { continue }
      throw Refusal(.request, field: name, "is not possible here; expected \(usual.shortest)")
    }
    if let noise = arguments.number("initial_noise_multiplier"), noise != 1 {
      throw Refusal(.request, field: "initial_noise_multiplier", "is not possible here; expected 1")
    }
    if let script = arguments.name("script_name") {
      throw Refusal(.request, field: "script_name", "Script '\(script.prefix(64))' not found")
    }
    for (name, script) in try arguments.object("alwayson_scripts").sorted(by: { $0.key < $1.key })
    where isWanted(script) {
      throw Refusal(
        .request, field: "alwayson_scripts",
        "always on script \(name.prefix(64)) not found; without it, or with its units disabled, the rest is drawn"
      )
    }
  }

  private static let switches = [
    ("restore_faces", "a model that restores faces"), ("tiling", "a network that wraps at its edges"),
  ]

  /// Whether a script is to do something: its first switch says so, else one of its units.
  private static func isWanted(_ script: FieldValue) -> Bool {
    guard case .object(let fields) = script, case .list(let arguments)? = fields["args"] else { return false }
    let switches = arguments.compactMap { if case .flag(let flag) = $0 { flag } else { nil } }
    return switches.first ?? arguments.contains(where: isUnitWanted)
  }

  private static func isUnitWanted(_ unit: FieldValue) -> Bool {
    guard case .object(let fields) = unit, !fields.isEmpty else { return false }
    if (fields["enabled"] ?? fields["enable"])?.flag == false { return false }
    // ControlNet and ADetailer write "None" for what a unit does not use; some modules need no model.
    let parts = ["model", "ad_model", "module"].compactMap { fields[$0] }
    return parts.isEmpty || parts.contains { $0.name != nil }
  }
}
