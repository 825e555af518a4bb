import Sampling
import Testing

@Suite struct NameTests {
  @Test func namesAndAliasesAreUnique() {
    for names in [
      Sampler.all.flatMap { [$0.name] + $0.aliases }, Schedule.all.flatMap { [$0.name] + $0.aliases },
    ] {
      #expect(Set(names.map { $0.lowercased() }).count == names.count)
    }
  }

  @Test(arguments: [
    ("Euler", "euler"), ("k_euler", "euler"), ("K_EULER", "euler"), ("EulerDiscreteScheduler", "euler"),
    ("Euler a", "euler_a"), ("euler_a", "euler_a"), ("K_EULER_ANCESTRAL", "euler_a"),
    ("EulerAncestralDiscreteScheduler", "euler_a"), ("DDIM", "ddim"), ("DDIMScheduler", "ddim"),
  ])
  func aliases(_ alias: String, _ name: String) throws {
    #expect(try Sampler.named(alias).name == name)
  }

  @Test func schedules() throws {
    #expect(Schedule.all.map(\.name) == ["leading", "trailing", "linspace", "karras"])
    #expect(try Schedule.named("Karras").name == "karras")
    for spacing in TimestepSpacing.allCases {
      var settings = ScheduleSettings()
      settings.spacing = spacing
      #expect(Schedule.own(of: settings).name == spacing.rawValue)
    }
  }

  func near(_ name: String) -> [String]? {
    do {
      _ = try Sampler.named(name)
      return nil
    } catch SamplingError.unknownName("sampler", name, let near, let all) {
      return all == Sampler.all.map(\.name) ? near : nil
    } catch { return nil }
  }

  @Test func unknownNamesListTheNearOnes() throws {
    #expect(near("eular") == ["euler"])
    #expect(near("eulera") == ["euler", "euler_a"])
    #expect(near("dimm") == ["ddim"])
    #expect(near("karras") == [])
    #expect(near("") == [])
    #expect(near(String(repeating: "é", count: 1_000_000)) == [])
    #expect {
      _ = try Schedule.named("karas")
    } throws: {
      "\($0)" == "no schedule is called \"karas\"; did you mean karras?"
    }
    #expect {
      _ = try Sampler.named("xyz")
    } throws: {
      "\($0)" == "no sampler is called \"xyz\"; expected one of ddim, euler, euler_a"
    }
  }

  @Test func editDistance() {
    #expect(NameTable.editDistance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    #expect(NameTable.editDistance([], Array("abc".utf8)) == 3)
    #expect(NameTable.editDistance(Array("abc".utf8), Array("abc".utf8)) == 0)
  }
}
