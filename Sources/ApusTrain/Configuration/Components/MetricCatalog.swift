/// The metrics of what is held out.
enum MetricCatalog {
  /// Those of numbers.
  private static let ofNumbers = RegressionMetric.Kind.allCases.map(\.rawValue)

  /// Those that can be listed.
  static let names = ofClasses + ofNumbers

  private static let ofClasses = [
    MetricName.top(2), MetricName.top(3), MetricName.top(5), MetricName.precision, MetricName.recall,
    MetricName.f1, MetricName.meanIoU, MetricName.rocAUC, MetricName.prAUC, MetricName.logLoss,
    MetricName.perplexity, MetricName.calibrationError,
  ]

  static func isHigherBetter(_ name: String) -> Bool {
    let falling = [
      "loss", MetricName.logLoss, MetricName.perplexity, MetricName.calibrationError, MetricName.mae,
      MetricName.mse, MetricName.rmse,
    ]
    return !falling.contains(name)
  }

  /// Those that need exactly two classes.
  private static let binary = [MetricName.rocAUC, MetricName.prAUC]

  /// The names that an evaluation gives in any case, as far as they are known before the data is.
  static func always(_ kind: DataKind, _ model: Component) -> [String] {
    switch kind {
    case .images where ModelCatalog.isAutoencoder(model): AutoencoderTask.metrics
    case .images, .texts: ["loss", "accuracy"]
    case .table: ["loss", "accuracy", MetricName.mae]
    case .text: LanguageModelTask.metrics
    case .series: ForecastTask.metrics
    }
  }

  /// For models that have metrics of their own and no others.
  static func check(_ configuration: TrainingConfiguration, thereAre own: [String]) throws {
    guard let name = configuration.metrics.first(where: { !own.contains($0) }) else { return }
    throw ConfigurationError(
      "'metrics': where the data is \(configuration.kind.noun) and the model '\(configuration.model)', there is no "
        + "'\(name)'; \(own.joined(separator: ", ")) are always there.")
  }

  static func check(_ names: [String], _ target: PredictionTarget) throws {
    let (known, noun, own) =
      switch target {
      case .classes: (ofClasses, "classes", "numbers")
      case .numbers: (ofNumbers, "numbers", "classes")
      }
    if let name = names.first(where: { !known.contains($0) }) {
      throw ConfigurationError(
        "'metrics': \(name) is for \(own); what is predicted here are \(noun), for which there are "
          + "\(known.joined(separator: ", ")).")
    }
    if case .classes(let count) = target, let name = names.first(where: { binary.contains($0) }), count != 2 {
      throw ConfigurationError("'metrics': \(name) is for two classes; the data has \(count).")
    }
  }

  static func value(_ name: String, _ scores: ClassScores, _ labels: [Int]) throws -> Double {
    switch name {
    case MetricName.rocAUC: return try areaUnderCurve(ROCAUC(), scores, labels)
    case MetricName.prAUC: return try areaUnderCurve(PRAUC(), scores, labels)
    case MetricName.logLoss: return try figure(LogLoss(), scores, labels)
    case MetricName.perplexity: return try figure(Perplexity(), scores, labels)
    case MetricName.calibrationError: return try figure(CalibrationError(), scores, labels)
    default:
      if let kind = ConfusionMetric.Kind(rawValue: name) {
        return try figure(ConfusionMetric(kind, classes: scores.classes), scores, labels)
      }
      return try figure(TopKAccuracy(Int(name.dropFirst(3)) ?? 1), scores, labels)
    }
  }

  private static func figure<M: Metric>(
    _ metric: M, _ scores: ClassScores, _ labels: [Int]
  ) throws -> Double where M.Predictions == ClassScores, M.Targets == [Int] {
    var metric = metric
    try metric.update(scores, labels)
    return metric.value
  }

  private static func areaUnderCurve<M: Metric>(
    _ metric: M, _ scores: ClassScores, _ labels: [Int]
  ) throws -> Double where M.Predictions == [Double], M.Targets == [Bool] {
    var metric = metric
    try metric.update(scores.probabilities(of: 1), labels.map { $0 == 1 })
    return metric.value
  }
}
