/// Merges neighbouring symbols of one word, always the pair of lowest rank first (the leftmost of
/// equals), until no pair is in the vocabulary: Sennrich et al., "Neural Machine Translation of Rare
/// Words with Subword Units", section 3.2.
///
/// A heap holds the pairs, so a word of n bytes costs O(n log n): at most 3n pairs enter it.
struct BytePairs {
  private let vocabulary: Vocabulary
  private var heap = MinimumHeap()
  /// The symbols of the word; one that has been merged into its left neighbour stays where it was.
  private var symbols: [Int32] = []
  /// The merge of each symbol with the one after it, if the vocabulary has one.
  private var merges: [Vocabulary.Merge?] = []
  /// Neighbours in the list of symbols that are left; -1 ends it.
  private var next: [Int] = []
  private var previous: [Int] = []
  /// Number of pairs that have entered the heap, over all words.
  private(set) var operations = 0

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Appends the ids of `word` (UTF-8 bytes, not empty) to `ids`.
  mutating func append(_ word: [UInt8], to ids: inout [Int32]) {
    let last = word.count - 1
    symbols = word.map { vocabulary.symbols[Int($0)] }
    symbols[last] = vocabulary.finalSymbols[Int(word[last])]
    merges = [Vocabulary.Merge?](repeating: nil, count: word.count)
    next = Array(1...word.count)
    next[last] = -1
    previous = Array(-1..<last)
    for index in 0..<last { push(index) }
    while let entry = heap.pop() {
      let index = Int(entry & 0xFFFF_FFFF)
      // An entry is stale if one of its two symbols has been merged since.
      guard let merge = merges[index], UInt64(merge.rank) == entry >> 32 else { continue }
      apply(merge, at: index)
    }
    var index = 0
    while index >= 0 {
      ids.append(symbols[index])
      index = next[index]
    }
  }

  private mutating func apply(_ merge: Vocabulary.Merge, at index: Int) {
    let second = next[index]
    let after = next[second]
    symbols[index] = merge.id
    merges[second] = nil
    next[index] = after
    if after >= 0 { previous[after] = index }
    push(index)
    if previous[index] >= 0 { push(previous[index]) }
  }

  /// Looks up the merge of the symbol at `index` with the one after it.
  private mutating func push(_ index: Int) {
    let second = next[index]
    merges[index] = second < 0 ? nil : vocabulary.merges[Vocabulary.pair(symbols[index], symbols[second])]
    guard let merge = merges[index] else { return }
    operations += 1
    heap.push(UInt64(merge.rank) << 32 | UInt64(index))
  }
}

/// A binary heap that gives back the smallest number first.
private struct MinimumHeap {
  private var items: [UInt64] = []

  mutating func push(_ item: UInt64) {
    var child = items.count
    items.append(item)
    while child > 0 {
      let parent = (child - 1) / 2
      if items[parent] <= item { break }
      items[child] = items[parent]
      child = parent
    }
    items[child] = item
  }

  mutating func pop() -> UInt64? {
    guard let first = items.first, let moved = items.popLast() else { return nil }
    if items.isEmpty { return first }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= items.count { break }
      if child + 1 < items.count && items[child + 1] < items[child] { child += 1 }
      if items[child] >= moved { break }
      items[parent] = items[child]
      parent = child
    }
    items[parent] = moved
    return first
  }
}
