import Glibc
import Graph

/// Silu: Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2017. Gelu and its approximation with a
/// sigmoid: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016. ReLU with a slope: Maas and others, "Rectifier
/// Nonlinearities Improve Neural Network Acoustic Models", 2013; with slopes that were trained: He and others, "Delving
/// Deep into Rectifiers", 2015.
/// - Parameter slope: of the number's channel, for `prelu`.
func activate(_ function: Activation, _ x: Double, slope: Float = .nan) -> Double {
  switch function {
  case .silu: x * sigmoid(x)
  case .gelu: x * (1 + erf(x * 0.5.squareRoot())) / 2
  case .quickGelu: x * sigmoid(1.702 * x)
  case .leakyReLU(let slope): x > 0 ? x : x * Double(slope)
  case .prelu: x > 0 ? x : x * Double(slope)
  case .scaled(let factor): x * Double(factor)
  }
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// y[r] += b[⌊r · rows of b / rows of y⌋]: b has a row for each row of y, or one for each picture, whose rows
/// are neighbours, or one for all.
func add(_ b: [Float], to y: inout [Double], channels: Int) {
  let repeats = y.count / b.count
  for i in y.indices {
    let row = i / channels
    y[i] += Double(b[row / repeats * channels + i % channels])
  }
}

/// y[i] *= b[i]
func multiply(_ y: inout [Double], by b: [Float]) {
  for i in y.indices { y[i] *= Double(b[i]) }
}
