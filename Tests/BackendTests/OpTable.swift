import Graph

/// Every op in odd shapes. All backends run the same rows.
enum OpTable {
  static let rows: [OpCase] =
    linear + conv2d + epilogues + norms + attention + elementwise + moves + views + networks

  private static let widths = [1, 3, 7, 17, 33, 47, 48, 49, 100]

  private static let linear: [OpCase] =
    widths.flatMap { width in
      [
        OpCase("linear \(width) to 100", batch: 2) { $0.input(width, width).linear($0.weight(100, width)) },
        OpCase("linear 33 to \(width)", batch: 3) { $0.input(7, 33).linear($0.weight(width, 33)) },
      ]
    }
    // Around the depths where sums are cut, and more rows than fit a block.
    + [2047, 2048, 2049, 4095, 4097, 6200].map { depth in
      OpCase("linear of depth \(depth)") { $0.input(9, depth).linear($0.weight(50, depth)) }
    }
    + [
      OpCase("linear of 600 rows", batch: 2) { $0.input(600, 20).linear($0.weight(33, 20)) },
      OpCase("linear of 300 deep rows") { $0.input(300, 3200).linear($0.weight(17, 3200)) },
      OpCase("linear of 150 deep rows") { $0.input(150, 1300).linear($0.weight(17, 1300)) },
      OpCase("linear of a vector", batch: 3) { $0.input(100).linear($0.weight(49, 100)) },
    ]

  private static func conv(
    _ channels: Int, _ outputs: Int, _ window: Window, from: (Int, Int), to: (Int, Int), batch: Int = 1
  ) -> OpCase {
    let name =
      "conv2d \(window.kernel)x\(window.kernel)/\(window.stride) pad \(window.padTop),\(window.padLeft)"
    return OpCase(
      "\(name) \(batch)x\(from.0)x\(from.1)x\(channels) to \(to.0)x\(to.1)x\(outputs)", batch: batch
    ) { r in
      let depth = channels * window.kernel * window.kernel
      let weight = r.parameter(
        outputs, channels, window.kernel, window.kernel, scale: 1 / Float(depth).squareRoot())
      return r.input(from.0, from.1, channels)
        .conv2d(Weight([weight]), window, height: to.0, width: to.1, bias: [r.parameter(outputs)])
    }
  }

  private static let conv2d: [OpCase] = {
    let same = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
    let point = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
    let half = Window(kernel: 3, stride: 2, padTop: 1, padLeft: 1)
    return widths.map { conv($0, 49, same, from: (5, 7), to: (5, 7), batch: 2) }
      + widths.map { conv(17, $0, same, from: (3, 1), to: (3, 1), batch: 3) }
      + [
        conv(33, 47, point, from: (7, 3), to: (7, 3), batch: 2),
        conv(33, 17, half, from: (7, 9), to: (4, 5), batch: 2),
        conv(33, 17, half, from: (8, 6), to: (4, 3), batch: 2),
        // The autoencoder's: a row and a column of zeros below and on the right alone.
        conv(7, 17, Window(kernel: 3, stride: 2, padTop: 0, padLeft: 0), from: (7, 9), to: (3, 4)),
        conv(7, 17, Window(kernel: 3, stride: 2, padTop: 0, padLeft: 0), from: (8, 6), to: (4, 3), batch: 2),
        conv(7, 17, Window(kernel: 3, stride: 1, padTop: 2, padLeft: 0), from: (5, 4), to: (5, 4), batch: 2),
        conv(7, 17, Window(kernel: 3, stride: 1, padTop: 0, padLeft: 2), from: (5, 4), to: (3, 4), batch: 2),
        conv(7, 17, Window(kernel: 1, stride: 2, padTop: 0, padLeft: 0), from: (5, 7), to: (3, 4), batch: 2),
        conv(7, 17, Window(kernel: 1, stride: 1, padTop: 1, padLeft: 2), from: (2, 3), to: (4, 7), batch: 2),
        conv(4, 3, Window(kernel: 5, stride: 3, padTop: 1, padLeft: 2), from: (7, 8), to: (2, 3), batch: 2),
        // Lines of whole processor tiles, in whole and in broken groups of four; one that is cut across.
        conv(33, 20, same, from: (5, 16), to: (5, 16), batch: 2),
        conv(7, 33, same, from: (9, 32), to: (9, 32), batch: 2),
        conv(64, 17, same, from: (1, 16), to: (1, 16), batch: 3),
        conv(33, 17, same, from: (8, 48), to: (8, 48)),
        conv(1000, 3, same, from: (6, 96), to: (6, 96)),
        conv(1000, 3, same, from: (3, 88), to: (3, 88)),
        conv(33, 17, half, from: (8, 32), to: (4, 16), batch: 2),
        conv(33, 17, half, from: (5, 47), to: (3, 24)),
        // More rows than fit a block; depths beyond the cut, by taps and by channels.
        conv(9, 17, same, from: (23, 25), to: (23, 25), batch: 2),
        conv(300, 20, same, from: (3, 4), to: (3, 4)),
        conv(2100, 17, same, from: (2, 2), to: (2, 2)),
        conv(4100, 17, half, from: (3, 3), to: (2, 2)),
        conv(1300, 16, point, from: (13, 11), to: (13, 11)),
      ]
  }()

  private static let norms: [OpCase] =
    widths.map { width in
      OpCase("layerNorm \(width)", batch: 2) { $0.input(17, width).layerNorm($0.affine(width)) }
    }
    + [
      OpCase("layerNorm 768") { $0.input(3, 768, mean: 5).layerNorm($0.affine(768)) },
      OpCase("layerNorm of a slice", batch: 2) { $0.input(7, 100).channels(3..<50).layerNorm($0.affine(47)) },
    ]
    + [(1, 1), (3, 3), (7, 1), (17, 1), (33, 11), (48, 4), (49, 7), (100, 4), (100, 100)].map {
      channels, groups in
      OpCase("groupNorm \(channels) in \(groups)", batch: 3) {
        $0.input(5, 7, channels).groupNorm(groups: groups, $0.affine(channels))
      }
    }
    + [
      OpCase("groupNorm of one pixel", batch: 2) { $0.input(1, 1, 32).groupNorm(groups: 8, $0.affine(32)) },
      OpCase("groupNorm of many pixels", batch: 2) {
        $0.input(33, 31, 64).groupNorm(groups: 32, $0.affine(64))
      },
      OpCase("groupNorm of one channel") { $0.input(150, 131, 1).groupNorm(groups: 1, $0.affine(1)) },
      OpCase("groupNorm far from zero") {
        $0.input(40, 21, 48, mean: 20).groupNorm(groups: 6, $0.affine(48, epsilon: 1e-6))
      },
      OpCase("groupNorm of a slice", batch: 2) {
        $0.input(7, 5, 100).channels(0..<33).groupNorm(groups: 3, $0.affine(33))
      },
    ]
    + Activation.smooth.flatMap { function in
      [
        OpCase("groupNorm and \(function)", batch: 2) {
          $0.input(5, 3, 49).groupNorm(groups: 7, $0.affine(49)).activated(function)
        },
        OpCase("layerNorm and \(function)", batch: 2) {
          $0.input(3, 49).layerNorm($0.affine(49)).activated(function)
        },
      ]
    }

  private static func attend(
    heads: Int, size: Int, queries: Int, keys: Int, batch: Int = 1, causal: Bool = false, scale: Float? = nil
  ) -> OpCase {
    let name = "attention \(heads)x\(size), \(queries) of \(keys)\(causal ? ", causal" : "")"
    return OpCase(name + (scale.map { ", scale \($0)" } ?? ""), batch: batch) { r in
      let x = r.input(queries, heads * size)
      let context = (r.input(keys, heads * size), r.input(keys, heads * size))
      let options = AttentionOptions(
        heads: heads, scale: scale ?? 1 / Float(size).squareRoot(), causal: causal)
      return x.attention(keys: context.0, values: context.1, options)
    }
  }

  private static let attention = [
    attend(heads: 1, size: 4, queries: 1, keys: 1, batch: 3),
    attend(heads: 8, size: 4, queries: 3, keys: 7, batch: 3),
    attend(heads: 2, size: 8, queries: 49, keys: 48, batch: 2),
    attend(heads: 8, size: 40, queries: 33, keys: 77, batch: 2),
    attend(heads: 2, size: 64, queries: 47, keys: 300, batch: 2),
    attend(heads: 2, size: 80, queries: 17, keys: 300),
    attend(heads: 1, size: 160, queries: 7, keys: 77, batch: 2),
    attend(heads: 1, size: 512, queries: 9, keys: 300),
    attend(heads: 1, size: 512, queries: 48, keys: 70, batch: 2),
    attend(heads: 2, size: 256, queries: 80, keys: 33),
    // Around the blocks of queries and keys.
    attend(heads: 1, size: 8, queries: 256, keys: 288),
    attend(heads: 1, size: 8, queries: 257, keys: 289, batch: 2),
    attend(heads: 2, size: 4, queries: 300, keys: 600, batch: 2),
    attend(heads: 1, size: 4, queries: 600, keys: 1),
    attend(heads: 2, size: 40, queries: 50, keys: 600, scale: 1),
    attend(heads: 8, size: 8, queries: 77, keys: 77, batch: 2, causal: true),
    attend(heads: 1, size: 64, queries: 300, keys: 300, causal: true),
    attend(heads: 2, size: 4, queries: 600, keys: 600, batch: 2, causal: true),
    attend(heads: 1, size: 8, queries: 77, keys: 300, causal: true),
    attend(heads: 1, size: 8, queries: 300, keys: 77, causal: true),
  ]

  private static let elementwise: [OpCase] =
    [1, 17, 100].flatMap { width in
      (Activation.smooth + [.leakyReLU(slope: 0.2), .scaled(by: -0.3)]).map { function in
        OpCase("\(function) of \(width)", batch: 2) { $0.input(33, width).activated(function) }
      }
        + [
          OpCase("prelu of \(width)", batch: 2) {
            $0.input(33, width).activated(.prelu(slopes: $0.parameter(width)))
          },
          OpCase("prelu of \(width) after a vector", batch: 2) {
            $0.input(5, 3, 7).linear($0.weight(width, 7)).adding(perChannel: $0.input(width))
              .activated(.prelu(slopes: $0.parameter(width)))
          },
        ]
        + [
          OpCase("add \(width)", tolerance: 1e-7, batch: 2) { $0.input(33, width) + $0.input(33, width) },
          OpCase("multiply \(width)", tolerance: 1e-7, batch: 2) {
            $0.input(33, width) * $0.input(33, width)
          },
          OpCase("add a vector of \(width) to each", tolerance: 1e-7, batch: 3) {
            $0.input(3, 5, width).adding(perChannel: $0.input(width))
          },
          OpCase("add a vector of \(width) to all", tolerance: 1e-7, batch: 3) {
            $0.input(3, 5, width).adding(perChannel: $0.sharedVector(width))
          },
        ]
    }
    + Activation.smooth.map { function in
      OpCase("\(function) of large numbers", batch: 2) {
        $0.input(33, 33, mean: -20).concat($0.input(33, 33, mean: 20)).activated(function)
      }
    }
    + [
      OpCase("add a value to itself", tolerance: 0) { r in
        let x = r.input(7, 33)
        return x + x
      }
    ]

  private static let moves: [OpCase] =
    [(1, 1), (3, 7), (17, 33), (48, 49), (100, 1)].map { left, right in
      OpCase("concat \(left) and \(right)", tolerance: 0, batch: 2) {
        $0.input(5, 3, left).concat($0.input(5, 3, right))
      }
    }
    + [((3, 5), (6, 10)), ((3, 5), (7, 9)), ((5, 4), (5, 13)), ((1, 1), (3, 2)), ((7, 6), (3, 4))].map {
      from, to in
      OpCase("upsample \(from) to \(to)", tolerance: 0, batch: 2) {
        $0.input(from.0, from.1, 17).upsampled(height: to.0, width: to.1)
      }
    }
    + [
      OpCase("upsample a slice", tolerance: 0, batch: 2) {
        $0.input(3, 5, 17).channels(0..<7).upsampled(height: 5, width: 10)
      },
      OpCase("embedding", tolerance: 0, batch: 2) {
        $0.ids(77, below: 33).embedding(table: $0.parameter(33, 17), positions: nil)
      },
      OpCase("embedding with positions", tolerance: 1e-7, batch: 3) {
        $0.ids(7, below: 100).embedding(table: $0.parameter(100, 49), positions: $0.parameter(9, 49))
      },
      OpCase("embedding in sliced tables", tolerance: 1e-7, batch: 2) {
        $0.ids(7, below: 20).embedding(
          table: $0.parameter(100, 33).slice(50..<70), positions: $0.parameter(90, 33).slice(13..<20))
      },
      OpCase("embedding of ids outside the table", tolerance: 0, batch: 2) {
        $0.ids(33, below: 10).embedding(table: $0.parameter(5, 7), positions: nil)
      },
    ]
}
