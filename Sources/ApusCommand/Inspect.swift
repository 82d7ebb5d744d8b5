import ArgumentParser
import ApusTrain

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what a model, or a file of weights, consists of.",
    discussion: "Work and memory are known from the model alone; nothing is run.")

  @Argument(help: "A folder that 'apus train' wrote, a .safetensors or an .onnx file.")
  var path: String

  @Option(help: "Pictures that the model answers at once.")
  var batch = 1

  @OptionGroup var display: OutputOptions

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1.") }
  }

  func run() async throws {
    try await display.reporting {
      let inspection = try Inspection(path: path, batch: batch)
      try display.print(inspection, text: inspection.text)
    }
  }
}
