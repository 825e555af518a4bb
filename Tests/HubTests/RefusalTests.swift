import Foundation
import Hub
import HubDouble
import Testing

/// What the Hub refuses, what is refused of it, and who sees the token.
@Suite struct RefusalTests {
  private let place: Place

  init() throws { place = try Place() }

  @Test(arguments: [
    (401, "RepoNotFound", nil, ["no such public repository (401)", "set HF_TOKEN"]),
    (401, nil, "secret", ["does not take the access token (401)", "HF_TOKEN"]),
    (
      401, "GatedRepo", nil,
      ["accept it on http://127.0.0.1", "/owner/model, then set HF_TOKEN", "one million US dollars"]
    ),
    (403, "GatedRepo", "secret", ["(403)", "with the account of your access token"]),
    (404, "RepoNotFound", nil, ["no such repository", "(404)", "private"]),
    (404, "RevisionNotFound", nil, ["no revision 'main' (404)"]),
    (429, nil, nil, ["too many requests (429); it asks to wait 7200 s"]),
    (500, nil, nil, ["answers 500: out of order"]),
  ])
  func refusalsSayWhatToDo(status: Int, code: String?, token: String?, words: [String]) throws {
    let hub = try HubDouble { _ in
      var headers = ["X-Error-Message": "out of order"]
      headers["X-Error-Code"] = code
      if status == 429 { headers["Retry-After"] = "7200" }
      return HubDouble.Response(status, Array("{}".utf8), headers: headers)
    }
    let error = try place.refusal(hub, token: token)
    #expect(error.kind == .download && error.description.hasPrefix("owner/model: "))
    for word in words { #expect(error.description.contains(word), "\(error)") }
    #expect(!error.description.contains("secret"))
    #expect(hub.requests.count == (status == 500 ? 4 : 1))
  }

  @Test(arguments: [(429, "0"), (503, "0.01"), (429, nil)])
  func passingRefusalsAreWaitedFor(status: Int, after: String?) throws {
    let (repository, calls) = (Sample.single, Counter())
    let hub = try HubDouble { request in
      calls.next() % 2 == 0
        ? repository.answer(request)
        : HubDouble.Response(status, headers: after.map { ["Retry-After": $0] } ?? [:])
    }
    #expect(try place.pull(hub).files.count == 1)
  }

  @Test func noNetworkIsSaidAtOnce() throws {
    let port = try HubDouble { _ in HubDouble.Response(404) }.port
    var settings = try HubSettings(["HF_HOME": place.folder, "HF_ENDPOINT": "http://127.0.0.1:\(port)"])
    settings.retryDelays = [60]
    let error = #expect(throws: HubError.self) {
      _ = try HubCache.pull(RepositoryReference("owner/model"), settings)
    }
    #expect(error?.description.contains("127.0.0.1:\(port): ") == true)
    #expect(error?.description.contains("is there a network?") == true, "\(String(describing: error))")
  }

  // MARK: - The token

  @Test func theTokenGoesToTheHubAlone() throws {
    let repository = Sample.single
    let store = try HubDouble { HubRepository.serve(repository.files["model.safetensors"] ?? [], $0) }
    let hub = try HubDouble { request in
      guard request.path.contains("/resolve/") else { return repository.answer(request) }
      return HubDouble.Response(302, headers: ["Location": "\(store.otherAddress)/file?signature=1"])
    }
    #expect(try place.pull(hub, token: "secret").files.count == 1)
    #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
    #expect(store.requests.count == 1 && store.requests[0].headers["authorization"] == nil)
  }

  @Test func theTokenStaysOnRedirectionsWithinTheHub() throws {
    let repository = Sample.single
    let hub = try HubDouble { request in
      request.path.hasPrefix("/new")
        ? HubRepository.serve(repository.files["model.safetensors"] ?? [], request)
        : request.path.contains("/resolve/")
          ? HubDouble.Response(307, headers: ["Location": "/new/place"]) : repository.answer(request)
    }
    _ = try place.pull(hub, token: "secret")
    #expect(hub.requests.last?.path == "/new/place")
    #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
  }

  /// The same machine and port under another name is another host; so is the next page of a list there.
  @Test func theTokenDoesNotFollowToAnotherName() throws {
    var repository = Sample.single
    repository.files["README.md"] = [1]
    repository.pageSize = 1
    let hub = try HubDouble { [repository] request in
      var response = repository.answer(request)
      response.headers["Link"] = response.headers["Link"]?.replacingOccurrences(
        of: "127.0.0.1", with: "localhost")
      return response
    }
    _ = try place.pull(hub, token: "secret")
    for request in hub.requests {
      let isHub = request.headers["host"]?.hasPrefix("127.0.0.1") == true
      #expect((request.headers["authorization"] != nil) == isHub)
    }
    #expect(hub.requests.contains { $0.headers["host"]?.hasPrefix("localhost") == true })
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:word@127.0.0.1/", "/again"])
  func redirectionsThatAreNotFollowed(location: String) throws {
    let hub = try HubDouble { _ in HubDouble.Response(302, headers: ["Location": location]) }
    #expect(try place.refusal(hub).description.contains("redirects"))
  }

  // MARK: - Names and numbers of the server

  @Test(arguments: [
    "../../x.safetensors", "/etc/x.safetensors", "a/../x.safetensors", "a//x.safetensors", "./x.safetensors",
    #"a\\x.safetensors"#, #"a\u0000.safetensors"#, #"a\n.safetensors"#, "",
  ])
  func hostileFileNames(name: String) throws {
    let hash = String(repeating: "a", count: 40)
    try refuses(
      #"[{"type":"file","oid":"\#(hash)","size":1,"path":"\#(name)"}]"#, "which is refused")
  }

  @Test(arguments: [
    #""oid":"../../../x","size":1"#, #""oid":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","size":1"#,
    #""oid":"\#(String(repeating: "a", count: 40))","size":-1"#,
    #""oid":"\#(String(repeating: "a", count: 40))""#, #""size":1"#,
    #""size":1,"lfs":{"oid":"\#(String(repeating: "a", count: 40))","size":1}"#,
  ])
  func impossibleEntries(fields: String) throws {
    try refuses(#"[{"type":"file","path":"model.safetensors",\#(fields)}]"#, "without a size or hash")
  }

  @Test(arguments: ["{}", "", "[{\"type\":\"file\"}]", "<html>"]) func answersThatAreNone(tree: String) throws
  {
    try refuses(tree, "is not what the Hub answers")
  }

  private func refuses(_ tree: String, _ reason: String) throws {
    let repository = Sample.single
    let hub = try HubDouble { request in
      request.path.contains("/tree/") ? HubDouble.Response(json: tree) : repository.answer(request)
    }
    let error = try place.refusal(hub)
    #expect(error.description.contains(reason), "\(error)")
    #expect(place.names("").isEmpty)
  }

  @Test(arguments: ["../../../../x", "main", "", "0123456789ABCDEF0123456789ABCDEF01234567"])
  func impossibleCommits(commit: String) throws {
    let hub = try HubDouble { _ in HubDouble.Response(json: #"{"sha":"\#(commit)"}"#) }
    #expect(try place.refusal(hub).description.contains("expected 40 hexadecimal digits"))
  }

  @Test func listsWithoutAnEnd() throws {
    let hub = try HubDouble { request in
      request.path.contains("/tree/")
        ? HubDouble.Response(
          json: "[]",
          headers: ["Link": "<http://\(request.headers["host"] ?? "")\(request.target)>; rel=\"next\""])
        : Sample.single.answer(request)
    }
    #expect(try place.refusal(hub).description.contains("more than 100 pages"))
  }

  // MARK: - What is no model for us

  @Test func severalFilesNeedAChoice() throws {
    var repository = Sample.single
    repository.files["other.safetensors"] = Sample.bytes(10)
    let hub = try HubDouble { [repository] in repository.answer($0) }
    let error = try place.refusal(hub)
    #expect(error.kind == .usage)
    #expect(error.description.contains("--file NAME: model.safetensors (0 MiB), other.safetensors (0 MiB)"))
    let pulled = try place.pull(hub, file: "other.safetensors")
    #expect(pulled.path == place.path("snapshots/\(pulled.commit)/other.safetensors"))
    #expect(try place.cache.find(RepositoryReference("owner/model")).path == pulled.path)
    #expect(
      try place.refusal(hub, file: "none.safetensors").description.contains("no file 'none.safetensors'"))
    #expect(try place.refusal(hub, file: "README.md").kind == .usage)
    _ = try place.pull(hub, file: "model.safetensors")
    let choice = #expect(throws: HubError.self) {
      _ = try place.cache.find(RepositoryReference("owner/model"))
    }
    #expect(choice?.description.contains("/model.safetensors, ") == true)
  }

  @Test func picklesAreExplained() throws {
    var repository = Sample.diffusers
    for name in repository.files.keys where name.hasPrefix("unet/") && name.hasSuffix(".safetensors") {
      repository.files[name] = nil
    }
    let hub = try HubDouble { [repository] in repository.answer($0) }
    let error = try place.refusal(hub)
    #expect(error.description.contains("no safetensors weights in unet/; it has Python pickles"))
    let pickle = try HubDouble { HubRepository(files: ["a.ckpt": [1]]).answer($0) }
    #expect(try place.refusal(pickle).description.contains("Python pickles"))
  }

  @Test func aRepositoryThatLacksAPart() throws {
    var repository = Sample.diffusers
    repository.files["scheduler/scheduler_config.json"] = nil
    let hub = try HubDouble { [repository] in repository.answer($0) }
    #expect(
      try place.refusal(hub).description.contains("the repository lacks scheduler/scheduler_config.json"))
    #expect(place.names("refs").isEmpty)
  }
}
