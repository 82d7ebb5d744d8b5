import Apus
import ApusModels
import Testing

@Suite struct ImageGenerationTests {
  @Test func outputsArePyTorchs() throws {
    let golden = try Golden.load()
    let grey = ImageShape(height: 28, width: 28, channels: 1)
    let colour = ImageShape(height: 32, width: 32, channels: 3)
    let labels: Tensor = [3, 1]
    try expectOutputs(
      golden["dcgan-generator"], { DCGANGenerator($0, grey, latent: 16, width: 4, classes: 10) }
    ) { [$0(patterned("z", [1, 16]), classes: [3])] }
    try expectOutputs(
      golden["dcgan-discriminator"], { DCGANDiscriminator($0, colour, width: 4, classes: 10) }
    ) { [$0(patterned("x", [2, 32, 32, 3]), classes: labels)] }
    try expectOutputs(
      golden["projection-discriminator"], { ProjectionDiscriminator($0, colour, width: 4, classes: 10) }
    ) { [$0(patterned("x", [2, 32, 32, 3]), classes: labels)] }
    let sizes = GANsformerGenerator.Configuration(
      ImageShape(height: 8, width: 8, channels: 3), components: 4, latent: 8, styleWidth: 12,
      width: 6, depth: 2, classes: 5)
    try expectOutputs(golden["gansformer"], { GANsformerGenerator($0, sizes) }) {
      [$0(patterned("z", [2, 4, 8]), classes: labels)]
    }
    try expectOutputs(
      golden["vae"], { VariationalAutoencoder($0, grey, latent: 4, width: 4) }
    ) { model in
      let x = abs(patterned("x", [1, 28, 28, 1]))
      let code = model.encode(x)
      return [model(x), code.mean, code.logVariance]
    }
  }

  private let shape = ImageShape(height: 16, width: 16, channels: 1)

  /// Images with a bright square at one of four places, and its place.
  private var squares: Tensor {
    var pixels = [Float](repeating: 0.05, count: 8 * 256)
    for image in 0..<8 {
      for row in 0..<8 {
        for column in 0..<8 {
          pixels[image * 256 + (row + 8 * (image / 2 % 2)) * 16 + column + 8 * (image % 2)] = 0.9
        }
      }
    }
    return Tensor(pixels, shape: [8, 16, 16, 1])
  }

  @Test func autoencodersLearn() throws {
    let store = ParameterStore(seed: 1)
    let model = Autoencoder(store.scope, shape, latent: 4, width: 4)
    try expectLearning(model, store, learningRate: 1e-2, loss: { $0.loss($1) }, on: squares)
    let same = model(squares)
    #expect(same.shape == squares.shape)

    let second = ParameterStore(seed: 1)
    let variational = VariationalAutoencoder(second.scope, shape, latent: 4, width: 4)
    try expectLearning(variational, second, learningRate: 1e-2, loss: { $0.loss($1) }, on: squares)
  }

  /// The bound's two terms, by the definition: a code of the standard normal distribution diverges by
  /// nothing, and a sample has the mean and deviation that it was drawn from.
  @Test func variationalBoundIsItsDefinition() {
    let store = ParameterStore(seed: 1)
    let model = VariationalAutoencoder(store.scope, shape, latent: 3, width: 4)
    let x = squares
    let code = model.encode(x)
    let p = model.decode(code.mean)
    let entropy = binaryCrossEntropy(p, x, reduction: .sum).item / 8
    let variance = exp(code.logVariance)
    let divergence = (variance + code.mean * code.mean - 1 - code.logVariance).sum().item / 16
    #expect(abs(model.loss(x).item - entropy - divergence) < 1e-3)
    #expect(abs(model.loss(x, beta: 3).item - entropy - 3 * divergence) < 1e-3)

    let many = withRandom(seed: 1) {
      model.sample(mean: .full([20_000], 2.0), logVariance: .full([20_000], -0.21072103131565253))
    }
    let (mean, deviation) = (many.mean().item, many.std().item)
    #expect(abs(mean - 2) < 0.03 && abs(deviation - 0.9) < 0.02, "\(mean) \(deviation) \(many.dtype)")
  }

  /// A step of each player changes all its parameters and none of the other's.
  @Test func generatorAndDiscriminatorTakeTurns() throws {
    let noises: [(Tensor, (Scope) -> @Sendable (Tensor, Tensor) -> Tensor)] = [
      (patterned("z", [8, 6]), { scope in
        let model = DCGANGenerator(scope, shape, latent: 6, width: 4, classes: 4)
        return { model($0, classes: $1) }
      }),
      (patterned("z", [8, 3, 6]), { scope in
        let sizes = GANsformerGenerator.Configuration(
          shape, components: 3, latent: 6, styleWidth: 8, width: 4, classes: 4)
        let model = GANsformerGenerator(scope, sizes)
        return { model($0, classes: $1) }
      }),
    ]
    let labels: Tensor = [0, 1, 2, 3, 0, 1, 2, 3]
    let real = squares * 2 - 1
    for (z, make) in noises {
      let (made, judged) = (ParameterStore(seed: 1), ParameterStore(seed: 2))
      let generator = make(made.scope)
      let discriminator = DCGANDiscriminator(judged.scope, shape, width: 4, classes: 4)
      let judging = Step<DCGANDiscriminator, Batch>(discriminator, Adam(learningRate: 2e-3)) {
        model, batch in
        let (real, fake) = (model(batch.x, classes: labels), model(batch.y, classes: labels))
        return AdversarialLoss.nonSaturating.discriminator(real: real, fake: fake)
      }
      let making = Step<DCGANDiscriminator, Tensor>(discriminator, Adam(learningRate: 2e-3)) {
        model, z in
        AdversarialLoss.nonSaturating.generator(fake: model(generator(z, labels), classes: labels))
      }
      let first = made.trainable.map(\.value)
      let fake = try withTraining { generator(z, labels) }.evaluated()
      let losses = try (0..<6).map { _ in try judging(Batch(x: real, y: fake)).item }
      #expect(losses[5] < losses[0], "\(losses)")
      for (parameter, first) in zip(made.trainable, first) {
        let isSame = parameter.value == first
        #expect(isSame, "\(parameter) changed")
      }
      let frozen = judged.trainable
      let before = frozen.map(\.value)
      for parameter in frozen { parameter.isTrainable = false }
      let others = try (0..<6).map { _ in try making(z).item }
      #expect(others[5] < others[0], "\(others)")
      for (parameter, first) in zip(made.trainable, first) {
        let isChanged = parameter.value != first
        #expect(isChanged, "\(parameter) did not change")
      }
      for (parameter, first) in zip(frozen, before) {
        let isSame = parameter.value == first
        #expect(isSame, "\(parameter) changed")
      }
    }
  }

  @Test func wrongClassesAndExtentsAreNamed() {
    #expect(throws: TensorError.self) {
      try withTensorErrors { DCGANGenerator(ParameterStore().scope, shape)(.zeros([1, 100]), classes: [1]) }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        DCGANDiscriminator(ParameterStore().scope, shape, classes: 3)(.zeros([1, 16, 16, 1]))
      }
    }
    let odd = ImageShape(height: 17, width: 16, channels: 1)
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = DCGANGenerator(ParameterStore().scope, odd) }
    }
  }
}
