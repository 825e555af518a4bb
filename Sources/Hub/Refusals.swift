extension TransferFailure {
  /// In words that say what to do.
  func explained(_ reference: RepositoryReference) -> HubError {
    let advice =
      if let proxy, isOfProxy {
        "; the proxy \(proxy.address), which \(proxy.variable) names, does not let the request through: start or correct it, or unset \(proxy.variable)"
      } else if isUnreachable {
        "; is there a network? (HF_ENDPOINT names another Hub, https_proxy a proxy)"
      } else if isUntrusted {
        "; its certificate is not trusted (SSL_CERT_FILE names a file of others)"
      } else {
        "; what has arrived is kept, and darkroom pull \(reference) goes on from there"
      }
    return HubError(.download, "\(reference): \(self)\(advice)")
  }
}

extension ResponseFailure {
  /// An answer that ended before the file did, which is worth another try.
  static func short(_ file: RemoteFile, _ count: Int, _ address: Address) -> any Error {
    TransferFailure(
      code: TransferFailure.partial, description: "\(address.place) sent \(count) of \(file.size) bytes")
  }

  /// In words that say what to do.
  func explained(_ reference: RepositoryReference, _ settings: HubSettings) -> HubError {
    HubError(.download, "\(reference): \(explanation(reference, settings))")
  }

  private func explanation(_ reference: RepositoryReference, _ settings: HubSettings) -> String {
    let page = "\(settings.endpoint)/\(reference.repository)"
    let hasToken = settings.token != nil
    switch (status, code) {
    case (_, "GatedRepo"), (403, _):
      return
        "its owner wants a licence accepted (\(status)): accept it on \(page)"
        + (hasToken
          ? " with the account of your access token, which needs the right to read gated repositories"
          : ", then set HF_TOKEN to an access token of your account")
        + ". The Stability AI Community License, for one, is free for people and organisations with less than one million US dollars of revenue a year"
    case (401, _):
      return hasToken
        ? "the Hub does not take the access token (401), or the token's account may not see the repository: check HF_TOKEN and \(page)"
        : "there is no such public repository (401): check the name; for a private or gated one, accept its licence on \(page) and set HF_TOKEN to an access token"
    case (404, "RevisionNotFound"):
      return "there is no revision '\(reference.revision)' (404): \(page) lists its branches and tags"
    case (404, "EntryNotFound"):
      return "a file is gone from the repository (404): pull again"
    case (404, _):
      return
        "there is no such repository, or no revision '\(reference.revision)' (404): check the name; a private repository needs HF_TOKEN"
        + (hasToken ? " of an account that may see it" : "")
    default:
      return "\(self); what has arrived is kept, pull again later"
    }
  }
}
