import Darkroom

extension Operation {
  package static let v1Engines = Operation(
    .stabilityV1, .get, "/v1/engines/list", "Lists the models that are served",
    .tell { visit in
      struct Engine: Encodable {
        let id: String
        let name: String
        let description: String
        let type = "PICTURE"

        enum CodingKeys: CodingKey { case id, name, description, type }
      }
      let models = visit.premises.models
      let engines = models.models.map { model in
        let others = models.aliases.filter { $0.value == model.name }.keys.sorted()
        let answersTo = others.isEmpty ? "" : "; also called \(others.joined(separator: ", "))"
        return Engine(
          id: model.name, name: model.description.name,
          description:
            "\(model.description.family), \(model.description.nativeSide) pixels a side\(answersTo)")
      }
      return HTTPResponse(json: engines)
    })

  package static let v1Account = Operation(
    .stabilityV1, .get, "/v1/user/account", "Tells who the user of this server is",
    .tell { _ in
      struct Organization: Encodable {
        let id = "org-darkroom"
        let name = "Darkroom"
        let role = "OWNER"
        let isDefault = true

        enum CodingKeys: String, CodingKey {
          case id, name, role
          case isDefault = "is_default"
        }
      }
      struct User: Encodable {
        let id = "user-darkroom"
        let email = "user@localhost"
        let profilePicture = ""
        let organizations = [Organization()]

        enum CodingKeys: String, CodingKey {
          case id, email, organizations
          case profilePicture = "profile_picture"
        }
      }
      return HTTPResponse(json: User())
    })

  package static let v1Balance = Operation(
    .stabilityV1, .get, "/v1/user/balance", "Tells the credits that are left",
    .tell { visit in HTTPResponse(json: ["credits": visit.premises.account.credits]) })
}
