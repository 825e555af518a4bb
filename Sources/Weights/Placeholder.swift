import Graph
package struct Weights {
  package subscript(name: String) -> Weights { self }
  package subscript(index: Int) -> Weights { self }
  package func parameter(_ name: String, _ shape: Shape) -> Parameter { fatalError() }
}
