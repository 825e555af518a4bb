/// A request as an operation sees it: whole, with a path that needs no further tidying.
package struct HTTPRequest: Sendable {
  /// What logs and the answer's `x-request-id` call it.
  package var id: String
  /// `http`, or `https` if the connection is encrypted.
  package var scheme = "http"
  /// In capitals.
  package var method: String
  /// Begins with one slash and ends with none, percent signs decoded.
  package var path: String
  /// The first of each name.
  package var query: [String: String] = [:]
  package var headers = HTTPHeaders()
  package var body: [UInt8] = []
  /// Whose turn it is when several wait: an address, or a key's digest.
  package var client: String
  /// When its headers had been read.
  package let received = ContinuousClock.now

  package init(
    _ method: String, _ path: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
    client: String = "test", id: String = "0"
  ) {
    (self.id, self.method, self.path, self.headers) = (id, method, path, headers)
    (self.body, self.client) = (body, client)
  }
}

/// Header fields; names in any case mean the same.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// As they are sent, in order.
  package private(set) var fields: [(name: String, value: String)] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package static func == (a: HTTPHeaders, b: HTTPHeaders) -> Bool {
    a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
  }

  /// The first value of a name; nil if there is none.
  package subscript(_ name: String) -> String? {
    get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
    set {
      fields.removeAll { $0.name.lowercased() == name.lowercased() }
      if let newValue { fields.append((name, newValue)) }
    }
  }

  /// All values of a name, in order.
  package func values(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }
}
