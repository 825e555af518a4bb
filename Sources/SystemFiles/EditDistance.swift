/// Letters to insert, remove or replace on the way from one word to the other (Levenshtein 1966).
package func editDistance<Letter: Equatable>(_ first: [Letter], _ second: [Letter]) -> Int {
  var row = Array(0...second.count)
  for (line, left) in first.enumerated() {
    var diagonal = row[0]
    row[0] = line + 1
    for (column, right) in second.enumerated() {
      let replaced = diagonal + (left == right ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
    }
  }
  return row[second.count]
}
