import ApusModels
import Testing

@testable import ApusTrain

/// A configuration is checked to the letter: no key is ignored, no value is guessed.
@Suite struct ConfigurationTests {
  @Test func keysThatAreLeftOutKeepTheirDefaults() throws {
    let configuration = try TrainingConfiguration(
      yaml: "epochs: 3\nmodel: mlp\nlearningRate: 1e-2\nseed: 18446744073709551615\n", file: "c.yaml")
    var expected = TrainingConfiguration()
    expected.epochs = 3
    expected.model = "mlp"
    expected.learningRate = 0.01
    expected.seed = .max
    #expect(configuration == expected)
    #expect(try TrainingConfiguration(yaml: "", file: "c.yaml") == TrainingConfiguration())
  }

  @Test func whatIsWrittenReadsBack() throws {
    var configuration = TrainingConfiguration()
    configuration.data = "a folder: with 'quotes' # and more"
    configuration.imageSize = 32
    configuration.learningRate = 0.1 + 0.2
    let text = try configuration.yaml()
    #expect(try TrainingConfiguration(yaml: text, file: "c.yaml") == configuration)
  }

  static let mistakes: [(yaml: String, sentence: String)] = [
    (
      "model: mlp\nepoch: 3\n",
      "c.yaml:2:1: there is no key 'epoch'. Did you mean 'epochs'? Known keys: batchSize, data, epochs, "
        + "imageSize, learningRate, model, seed, shift, weightDecay."
    ),
    ("epochs: many\n", "c.yaml:1:9: 'epochs' must be a whole number, not 'many'."),
    ("epochs: \"3\"\n", "c.yaml:1:9: 'epochs' must be a whole number, not '3'."),
    ("epochs: 2.5\n", "c.yaml:1:9: 'epochs' must be a whole number, not '2.5'."),
    ("epochs: 0\n", "c.yaml:1:9: 'epochs' must be at least 1, not '0'."),
    ("epochs:\n", "c.yaml:1:8: 'epochs' must be a whole number, not nothing."),
    ("data: [a, b]\n", "c.yaml:1:7: 'data' must be a text, not a list."),
    ("seed: -1\n", "c.yaml:1:7: 'seed' must be a whole number from 0 on, not '-1'."),
    ("learningRate: fast\n", "c.yaml:1:15: 'learningRate' must be a number, not 'fast'."),
    ("\n\n  learningRate: 0\n", "c.yaml:3:17: 'learningRate' must be greater than 0, not '0'."),
    ("model: resnet\n", "c.yaml:1:8: 'model' must be one of \(ModelRegistry.names.joined(separator: ", ")), not 'resnet'."),
    ("- epochs\n", "c.yaml:1:1: a list of 'key: value' lines is expected here."),
    ("epochs: 1\nepochs: 2\n", "c.yaml:1:1: 'epochs' occurs twice."),
    ("epochs: [1\n", "c.yaml:2:1: this is not valid YAML: did not find expected ',' or ']'."),
  ]

  @Test(arguments: mistakes)
  func mistakesAreSentencesWithLineAndColumn(yaml: String, sentence: String) {
    #expect {
      try TrainingConfiguration(yaml: yaml, file: "c.yaml")
    } throws: { error in
      if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
      return true
    }
  }

  @Test func valuesFromTheCommandLineAreCheckedToo() {
    var configuration = TrainingConfiguration()
    configuration.batchSize = 0
    #expect(throws: ConfigurationError("'batchSize' must be at least 1.")) {
      try configuration.validate()
    }
  }
}
