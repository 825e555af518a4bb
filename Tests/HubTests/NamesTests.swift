import Foundation
import Hub
import Testing

@Suite struct NamesTests {
  @Test(arguments: ["owner/name", "stabilityai/sd-turbo", "a/b.c_d-e", "gpt2", "_a/b_", "0/1"])
  func repositories(name: String) throws {
    let repository = try RepositoryName(name)
    #expect(repository.description == name)
    #expect(repository.folder == "models--" + name.replacing("/", with: "--"))
  }

  @Test(arguments: [
    "", "/", "a/", "/b", "a/b/c", "../a", "a/..", ".a/b", "a/.b", "-a/b", "a/b-", "a/b.", "a--b/c", "a..b/c",
    "a/b.git", "a b/c", "a/b\0", "a/b\n", "ä/b", "a\\b/c", "a%2fb/c", String(repeating: "a", count: 97),
  ])
  func refusedRepositories(name: String) {
    let error = #expect(throws: HubError.self) { _ = try RepositoryName(name) }
    #expect(error?.kind == .usage)
  }

  @Test(arguments: ["main", "v1.5", "refs/pr/1", "feature/a_b", "fp16", "0123456789abcdef"])
  func revisions(name: String) throws {
    let reference = try RepositoryReference("a/b@\(name)")
    #expect(reference.revision == name && reference.description == "a/b@\(name)")
    #expect(try RepositoryReference("a/b").revision == "main")
  }

  @Test(arguments: [
    "", "..", "../x", "a/../b", "/a", "a/", "a//b", ".a", "a/.b", "-a", "a.lock", "a.", "a b", "a~1", "a^",
    "a:b",
    "a?", "a*", "a[", "a\\b", "a@{1}", "a\0", "ä", String(repeating: "a", count: 256),
  ])
  func refusedRevisions(name: String) {
    let error = #expect(throws: HubError.self) { _ = try RepositoryReference("a/b@\(name)") }
    #expect(error?.kind == .usage)
  }
}

@Suite struct SettingsTests {
  private func cache(_ environment: [String: String]) throws -> String { try HubSettings(environment).cache }

  @Test func whereTheCacheIs() throws {
    #expect(try cache(["HOME": "/h"]) == "/h/.cache/huggingface/hub")
    #expect(try cache(["HOME": "/h", "XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
    #expect(try cache(["HOME": "/h", "XDG_CACHE_HOME": "/x", "HF_HOME": "~/hf"]) == "/h/hf/hub")
    #expect(try cache(["HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old"]) == "/old")
    #expect(try cache(["HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/c"]) == "/c")
    #expect(try cache(["HF_HOME": "", "HOME": "/h"]) == "/h/.cache/huggingface/hub")
  }

  @Test(arguments: ["1", "ON", "yes", "True"]) func offline(value: String) throws {
    #expect(try HubSettings(["HF_HUB_OFFLINE": value]).isOffline)
  }

  @Test(arguments: ["0", "", "off", "2"]) func online(value: String) throws {
    #expect(try !HubSettings(["HF_HUB_OFFLINE": value]).isOffline)
  }

  @Test func tokens() throws {
    let place = try Place()
    try Data(" in-home\n".utf8).write(to: URL(fileURLWithPath: "\(place.folder)/token"))
    try Data("elsewhere".utf8).write(to: URL(fileURLWithPath: "\(place.folder)/other"))
    let home = ["HF_HOME": place.folder]
    #expect(try HubSettings(home).token == "in-home")
    #expect(
      try HubSettings(home.merging(["HF_TOKEN_PATH": "\(place.folder)/other"]) { $1 }).token == "elsewhere")
    #expect(try HubSettings(home.merging(["HF_TOKEN": "mine"]) { $1 }).token == "mine")
    #expect(try HubSettings(["HF_HOME": "/none"]).token == nil)
    for bad in ["a b", "a\nX-Header: b", "ä"] {
      let error = #expect(throws: HubError.self) { _ = try HubSettings(["HF_TOKEN": bad]) }
      #expect(error?.description.contains(bad) == false)
    }
  }

  @Test func endpoints() throws {
    #expect(try HubSettings([:]).endpoint.description == "https://huggingface.co")
    #expect(
      try HubSettings(["HF_ENDPOINT": "http://host:80/hub/"]).endpoint.description == "http://host:80/hub")
    for bad in [
      "host", "ftp://host", "http://", "http://a b", "http://u:p@host", "http://host?x", "file:///x",
    ] {
      #expect(throws: HubError.self, "\(bad)") { _ = try HubSettings(["HF_ENDPOINT": bad]) }
    }
  }

  @Test(
    arguments: [
      ("a/b", "a/b", nil), ("a/b@v1", "a/b@v1", nil), (" https://huggingface.co/a/b \n", "a/b", nil),
      ("https://huggingface.co/a/b/", "a/b", nil), ("http://www.huggingface.co/a/b/tree/main", "a/b", nil),
      ("hf.co/a/b?library=diffusers", "a/b", nil), ("huggingface.co/a/b#usage", "a/b", nil),
      ("https://huggingface.co/a/b/tree/fp16", "a/b@fp16", nil),
      ("https://huggingface.co/a/b/tree/fp16/unet", "a/b@fp16", nil),
      ("https://huggingface.co/a/b/tree/refs%2Fpr%2F7", "a/b@refs/pr/7", nil),
      ("https://huggingface.co/a/b/discussions/3", "a/b", nil),
      ("https://huggingface.co/a/b.git", "a/b", nil),
      ("https://huggingface.co/api/models/a/b", "a/b", nil),
      ("https://huggingface.co/a/b/blob/main/c.safetensors", "a/b", "c.safetensors"),
      ("https://hf.co/a/b/resolve/v2/d/c%20d.safetensors?download=true", "a/b@v2", "d/c d.safetensors"),
      ("https://huggingface.co/a/b/blob/main/README.md", "a/b", nil),
      ("https://huggingface.co/a/b/resolve/refs/pr/1/c.safetensors", "a/b@refs/pr/1", "c.safetensors"),
      ("https://hub.example/x/a/b/blob/main/c.safetensors", "a/b", "c.safetensors"),
    ] as [(String, String, String?)])
  func addressesOfTheHub(text: String, reference: String, file: String?) throws {
    let name = try HubName(text, endpoint: Address("https://hub.example/x"))
    #expect(name.reference.description == reference && name.file == file)
  }

  @Test(arguments: [
    ("https://huggingface.co/datasets/a/b", "is no page of a model"),
    ("https://huggingface.co/a", "names no model"), ("https://huggingface.co/", "names no model"),
    ("https://civitai.com/models/4384", "is no address of the Hub"),
    ("https://huggingface.co/a/../../b", "is no repository"), ("../x", "is no repository"),
    ("https://huggingface.co/a/b/tree/..%2F..", "is no revision"),
  ])
  func addressesOfOtherThings(text: String, reason: String) {
    #expect { try HubName(text) } throws: { "\($0)".contains(reason) }
  }

  @Test func namesWithoutAnOwnerAreExplained() throws {
    #expect { try HubName("dream").checkOwner() } throws: { "\($0)".hasPrefix("'dream' has no owner; ") }
    try HubName("a/dream").checkOwner()
  }
}
