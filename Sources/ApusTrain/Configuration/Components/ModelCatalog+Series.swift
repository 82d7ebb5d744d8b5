import Apus
import ApusModels

extension ModelCatalog {
  static let forecasters = [
    Entry(
      "dlinear", [.integer("window", 1...100_001, 25, "moments of the moving average, an odd number")],
      "for a series: linear in its trend and its seasons"
    ) { a in
      .series { scope, history, horizon in
        guard a.integer("window") % 2 == 1 else { throw a.error("'window' \(a.integer("window")) must be odd.") }
        return DLinear(scope, history: history, horizon: horizon, window: a.integer("window"))
      }
    }
  ]

  /// The model that a configuration names: `[batch, history, channel]` to `[batch, horizon, channel]`.
  static func forecaster(
    _ definition: Component, _ scope: Scope, history: Int, horizon: Int
  ) throws -> any Layer {
    guard case .series(let make) = try catalog.make(definition) else { throw unsuitable(definition, for: .series) }
    return try make(scope, history, horizon)
  }
}
