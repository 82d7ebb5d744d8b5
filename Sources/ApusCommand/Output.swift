import ApusTrain
import ArgumentParser
import Foundation

/// Options that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object on standard output and everything else on standard error.")
  var json = false

  /// Prints a result, as JSON or for people.
  func print(_ result: some Encodable, text: @autoclosure () throws -> String) throws {
    Swift.print(json ? try JSON.line(result) : try text())
  }

  /// Runs a command's body; what goes wrong is reported as this program does everywhere: one sentence
  /// on standard error, with `--json` also an object with the key `error`, and a non-zero status.
  func reporting(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch {
      let sentence = String(describing: error)
      if json { Swift.print(try JSON.line(["error": sentence])) }
      FileHandle.standardError.write(Data("apus: \(sentence)\n".utf8))
      throw ExitCode.failure
    }
  }
}
