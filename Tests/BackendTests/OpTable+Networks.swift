import Graph

extension OpTable {
  /// Slices, stacked and sliced parameters, reshapes.
  static let views: [OpCase] = [
    OpCase("linear of a slice", batch: 2) { $0.input(7, 100).channels(17..<50).linear($0.weight(49, 33)) },
    OpCase("conv2d of a slice", batch: 2) { r in
      r.input(5, 3, 49).channels(1..<8).conv2d(
        Weight([r.parameter(17, 7, 3, 3, scale: 0.15)]), Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1),
        height: 5, width: 3, bias: [])
    },
    OpCase("elementwise ops on slices", tolerance: 1e-6, batch: 2) { r in
      let x = r.input(3, 5, 100)
      let sum = x.channels(0..<33) + x.channels(33..<66)
      return (sum * x.channels(67..<100)).concat(x.channels(50..<57)).concat(
        x.channels(9..<20).activated(.silu))
    },
    OpCase("slices as vector, gate and residuals", batch: 3) { r in
      let product = r.input(2, 3, 33).linear(r.weight(17, 33))
      let (vectors, others) = (r.input(40), r.input(2, 3, 100))
      let gated = product.adding(perChannel: vectors.channels(23..<40)) * others.channels(5..<22)
      return gated + others.channels(83..<100) + others.channels(40..<57)
    },
    OpCase("a slice of one vector", batch: 2) { r in
      r.input(2, 3, 33).linear(r.weight(17, 33)).adding(perChannel: r.sharedVector(33).channels(3..<20))
    },
    OpCase("stacked weights and biases", batch: 2) { r in
      let parts = [
        r.parameter(17, 33, scale: 0.2), r.parameter(1, 33, scale: 0.2), r.parameter(49, 33, scale: 0.2),
      ]
      return r.input(7, 33).linear(Weight(parts), bias: [r.parameter(17), r.parameter(1), r.parameter(49)])
    },
    OpCase("sliced parameters", batch: 2) { r in
      let (weight, bias) = (r.parameter(100, 33, scale: 0.2), r.parameter(100))
      return r.input(7, 33).linear(
        Weight([weight.slice(50..<99), weight.slice(0..<7)]), bias: [bias.slice(50..<99), bias.slice(0..<7)])
    },
    OpCase("stacked convolutions", batch: 2) { r in
      let parts = [
        r.parameter(17, 7, 3, 3, scale: 0.15), r.parameter(40, 7, 3, 3, scale: 0.15).slice(3..<36),
      ]
      return r.input(4, 5, 7).conv2d(
        Weight(parts), Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1), height: 4, width: 5,
        bias: [r.parameter(17), r.parameter(33)])
    },
    OpCase("slices of fused queries, keys and values", batch: 2) { r in
      let qkv = r.input(49, 33).linear(Weight((0..<3).map { _ in r.parameter(16, 33, scale: 0.2) }))
      return qkv.channels(0..<16).attention(
        keys: qkv.channels(16..<32), values: qkv.channels(32..<48),
        AttentionOptions(heads: 2, scale: 0.35, causal: true))
    },
    OpCase("a linear layer's result as a picture", batch: 2) { r in
      let picture = r.input(3, 5, 17)
      return r.input(15, 33).linear(r.weight(17, 33)).reshaped(picture.shape) + picture
    },
    OpCase("a convolution's result as a sequence", batch: 2) { r in
      let window = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
      let weight = Weight([r.parameter(17, 7, 3, 3, scale: 0.15)])
      let x = r.input(3, 5, 7).conv2d(weight, window, height: 3, width: 5, bias: [])
      return x.asSequence.activated(.gelu) + r.input(15, 17)
    },
    OpCase("a linear layer's rows as pictures with vectors") { r in
      let x = r.input(30, 33).linear(r.weight(17, 33)).reshaped([2 * r.batch, 3, 5, 17])
      let vectors = r.input(2, 17).reshaped([2 * r.batch, 17])
      return x.adding(perChannel: vectors).reshaped([r.batch, 30, 17])
    },
  ]

  /// Several ops with a prologue, as in the networks.
  static let networks: [OpCase] = [
    OpCase("residual block", batch: 2) { r in
      let window = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
      let x = r.input(7, 5, 32)
      let time = r.input(20).activated(.silu).linear(r.weight(48, 20), bias: [r.parameter(48)])
      let hidden = x.groupNorm(groups: 8, r.affine(32)).activated(.silu)
        .conv2d(
          Weight([r.parameter(48, 32, 3, 3, scale: 0.06)]), window, height: 7, width: 5,
          bias: [r.parameter(48)]
        )
        .adding(perChannel: time)
        .groupNorm(groups: 8, r.affine(48)).activated(.silu)
      let point = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
      let shortcut = x.conv2d(
        Weight([r.parameter(48, 32, 1, 1, scale: 0.18)]), point, height: 7, width: 5, bias: [r.parameter(48)])
      return shortcut
        + hidden.conv2d(
          Weight([r.parameter(48, 48, 3, 3, scale: 0.05)]), window, height: 7, width: 5,
          bias: [r.parameter(48)])
    },
    OpCase("transformer block", batch: 2) { r in
      let options = AttentionOptions(heads: 2, scale: 0.25, causal: false)
      let context = r.input(77, 49, rate: .picture)
      let keysAndValues = context.linear(
        Weight([r.parameter(32, 49, scale: 0.14), r.parameter(32, 49, scale: 0.14)]))
      var x = r.input(5, 7, 32).asSequence
      let qkv = x.layerNorm(r.affine(32)).linear(r.weight(96, 32))
      x =
        qkv.channels(0..<32).attention(
          keys: qkv.channels(32..<64), values: qkv.channels(64..<96), options
        ).linear(r.weight(32, 32), bias: [r.parameter(32)]) + x
      x =
        x.layerNorm(r.affine(32)).linear(r.weight(32, 32)).attention(
          keys: keysAndValues.channels(0..<32), values: keysAndValues.channels(32..<64), options
        ).linear(r.weight(32, 32), bias: [r.parameter(32)]) + x
      let halves = x.layerNorm(r.affine(32)).linear(r.weight(256, 32), bias: [r.parameter(256)])
      let gated = halves.channels(0..<128) * halves.channels(128..<256).activated(.gelu)
      return gated.linear(r.weight(32, 128), bias: [r.parameter(32)]) + x
    },
    OpCase("a step that adds what a long prologue made", batch: 2) { r in
      let slow = (0..<4).reduce(r.input(9, 33, rate: .picture)) { x, _ in
        x.linear(r.weight(33, 33)).layerNorm(r.affine(33))
      }
      let fast = (0..<4).reduce(r.input(9, 33)) { x, _ in x.linear(r.weight(33, 33)).activated(.silu) }
      return fast.concat(slow).layerNorm(r.affine(66))
    },
  ]
}
