import Graph

extension OpTable {
  /// What may follow a product, in the order of an epilogue.
  private struct Parts {
    enum Vector: CaseIterable { case none, each, all }
    /// An activation; of `prelu` the slopes are recorded with the rest.
    enum Function {
      case fixed(Activation)
      case prelu

      static let all =
        (Activation.smooth + [.leakyReLU(slope: 0.2), .scaled(by: -0.3)]).map(Function.fixed) + [.prelu]
    }

    var bias = true
    var vector = Vector.none
    var activation: Function?
    var gate = false
    var residuals = 0

    var description: String {
      var words: [String] = []
      if bias { words.append("bias") }
      if vector != .none { words.append(vector == .each ? "vector" : "one vector") }
      if let activation { words.append("\(activation)") }
      if gate { words.append("gate") }
      if residuals > 0 { words.append("\(residuals) residuals") }
      return words.isEmpty ? "nothing" : words.joined(separator: ", ")
    }

    func append(to product: Tensor, _ r: Recorder) -> Tensor {
      let size = product.shape.dimensions
      func like() -> Tensor { r.input(size[1], size[2], size[3]) }
      var x = product
      if vector == .each { x = x.adding(perChannel: r.input(size[3])) }
      if vector == .all { x = x.adding(perChannel: r.sharedVector(size[3])) }
      switch activation {
      case .fixed(let function): x = x.activated(function)
      case .prelu: x = x.activated(.prelu(slopes: r.parameter(size[3])))
      case nil: break
      }
      if gate { x = x * like() }
      for _ in 0..<residuals { x = x + like() }
      return x
    }

    static let all: [Parts] = {
      var all = [Parts(bias: false), Parts(bias: true)]
      all = all.flatMap { part in
        Vector.allCases.map {
          var p = part; p.vector = $0; return p
        }
      }
      all = all.flatMap { part in
        ([nil] + Function.all).map {
          var p = part; p.activation = $0; return p
        }
      }
      all = all.flatMap { part in
        [false, true].map {
          var p = part; p.gate = $0; return p
        }
      }
      return all.flatMap { part in
        (0...2).map {
          var p = part; p.residuals = $0; return p
        }
      }
    }()
  }

  static let epilogues: [OpCase] =
    Parts.all.map { parts in
      OpCase("conv2d with \(parts.description)", batch: 2) { r in
        let window = Window(kernel: 3, stride: 2, padTop: 1, padLeft: 1)
        let weight = Weight([r.parameter(33, 7, 3, 3, scale: 0.15)])
        let bias = parts.bias ? [r.parameter(33)] : []
        let product = r.input(5, 7, 7).conv2d(weight, window, height: 3, width: 4, bias: bias)
        return parts.append(to: product, r)
      }
    }
    + Parts.all.filter { $0.bias != $0.gate }.map { parts in
      OpCase("linear with \(parts.description)", batch: 3) { r in
        let bias = parts.bias ? [r.parameter(17)] : []
        return parts.append(to: r.input(3, 1, 33).linear(r.weight(17, 33), bias: bias), r)
      }
    }
}
