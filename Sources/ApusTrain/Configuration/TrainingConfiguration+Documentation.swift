extension TrainingConfiguration {
  /// The keys of a configuration file, one a line.
  public static var help: String {
    let width = keys.map(\.option.name.count).max() ?? 0
    return keys.map { "  \($0.option.name.padded(width))  \($0.option.plainMeaning)" }.joined(separator: "\n")
  }

  /// The tables of `Docs/Configuration.md` by title.
  static var tables: [(title: String, table: String)] {
    DataCatalog.catalog.table.entries.map { ("Data: \($0.name)", table($0.options)) } + [
      ("Keys", table(keys.map(\.option))), ("Models", table(ModelCatalog.catalog.table)),
      ("Layers", table(LayerCatalog.catalog.table)),
      ("Transforms", table(TransformCatalog.catalog.table)), ("Losses", table(LossCatalog.catalog.table)),
      ("Around optimizers", table(OptimizerCatalog.around)),
      ("Optimizers", table(OptimizerCatalog.catalog.table, without: OptimizerCatalog.around)),
      ("Schedules", table(ScheduleCatalog.catalog.table)),
      ("Callbacks", table(CallbackCatalog.catalog.table)),
    ]
  }

  private static func table(_ options: [ConfigurationOption]) -> String {
    let rows = options.map { option in
      "| `\(option.name)` | \(option.type.summary) | \(fallback(option)) | \(option.meaning) |"
    }
    return (["| key | takes | default | meaning |", "| --- | --- | --- | --- |"] + rows)
      .joined(separator: "\n")
  }

  private static func fallback(_ option: ConfigurationOption) -> String {
    if let fallback = option.fallback { return fallback.summary }
    return option.isRequired ? "needed" : ""
  }

  private static func table(
    _ table: ComponentTable, without common: [ConfigurationOption] = []
  ) -> String {
    let hidden = Set(common.map(\.name))
    let rows = table.entries.map { entry in
      let options = entry.options.filter { !hidden.contains($0.name) }.map(summary)
      return "| `\(entry.name)` | \(options.joined(separator: "; ")) | \(entry.meaning) |"
    }
    return (["| \(table.kind) | options | |", "| --- | --- | --- |"] + rows).joined(separator: "\n")
  }

  /// An option with its default, or with what it takes where it has none.
  private static func summary(_ option: ConfigurationOption) -> String {
    let note = option.meaning.isEmpty ? "" : " (\(option.meaning))"
    if let fallback = option.fallback { return "`\(option.name)` \(fallback.summary)" + note }
    return "`\(option.name)`" + (option.isRequired ? ", needed" : "") + note
  }
}

extension ConfigurationOption {
  /// The meaning without marks.
  fileprivate var plainMeaning: String {
    meaning.replacing("`", with: "").replacing(/\[(\w+)\]\([^)]*\)/) { "Docs/\($0.1).md" }
  }
}
