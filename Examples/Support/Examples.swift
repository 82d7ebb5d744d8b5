import ArgumentParser

/// Every example is a command: `swift run -c release examples fashion-mnist --data …`.
@main
struct Examples: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "examples",
    abstract: "Models trained on real data, each with the score it has to reach.",
    subcommands: [
      Adult.self, CIFAR10.self, Captions.self, CartPoleExample.self, CharGPT.self, CharLSTM.self,
      FashionMNIST.self, Forecast.self, GAN.self, SpokenDigits.self, TREC.self, TextBoxes.self,
      Translation.self, VAE.self,
    ])
}
