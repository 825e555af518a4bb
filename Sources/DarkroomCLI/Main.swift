import FoundationEssentials
import Glibc

@main
struct Main {
  static func main() async {
    do {
      try Preparation.begin()
    } catch {
      Console.standard.error("\(error)")
      exit(ExitCode.of(error, signal: nil))
    }
    let program = Program(
      console: .standard, environment: ProcessInfo.processInfo.environment, handlesSignals: true)
    exit(await program.run(Array(CommandLine.arguments.dropFirst())))
  }
}
