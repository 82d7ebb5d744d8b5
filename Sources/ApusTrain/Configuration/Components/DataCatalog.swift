/// The kinds of data that a configuration can train on. The kind decides what models, losses and metrics there are.
enum DataKind: String, Sendable, CaseIterable {
  case images = "path"
  case table
  case text
  case texts
  case series

  /// `the data is …`
  var noun: String {
    switch self {
    case .images: "images"
    case .table: "a table"
    case .text: "a text"
    case .texts: "texts"
    case .series: "a series"
    }
  }

  /// The model where none is named.
  var model: Component {
    switch self {
    case .images: "cnn"
    case .table: "tabularMLP"
    case .text: "gpt"
    case .texts: "textCNN"
    case .series: "dlinear"
    }
  }
}

/// Where data is and how it is read. Each kind is known by the key that says where: its first option.
enum DataCatalog {
  typealias Entry = Catalog<DataKind>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<DataKind>("kind of data", [images, table, text, texts, series])

  private static func place(_ kind: DataKind, _ meaning: String) -> Option {
    Option(kind.rawValue, .text, required: true, meaning)
  }

  private static func share(_ meaning: String) -> Option {
    .number("heldOut", .from(0.001, to: 0.999), nil, meaning)
  }

  private static func names(_ name: String, _ meaning: String) -> Option {
    Option(name, .list(.text, count: 1...10_000), nil, meaning)
  }

  private static let images = Entry(
    DataKind.images.rawValue,
    [
      place(.images, "`digits` or a folder"), .integer("imageSize", 1...4096, nil, "the same as the key `imageSize`"),
      share("the share of all images that is held out, chosen by `seed`; left out: the data's own split"),
    ], "images of classes"
  ) { _ in .images }

  private static let table = Entry(
    DataKind.table.rawValue,
    [
      place(.table, "a CSV file, plain or gzip"),
      Option("target", .text, required: true, "the column that is predicted"),
      Option(
        "task", .choice(["classification", "regression"]), nil,
        "left out: by the column, classes for texts, truth values and two whole numbers"),
      Option("test", .text, nil, "a file whose rows are held out"),
      share("the share of the rows, chosen by `seed`, where there is no `test`; left out: 0.2"),
      names("numeric", "left out: all columns of numbers"),
      names("categorical", "left out: all columns of few texts; whole numbers can be categories too"),
      names("ignore", "columns that are not used"),
      .flag("header", true, "whether the first row has the columns' names; else they are `0`, `1`, …"),
      names("columns", "their names, for a file without a header"),
      .choice("delimiter", [",", ";", "|", "tab"], ","),
      names("missing", "texts that stand for no value, beside those that do in any CSV"),
      .integer("minFrequency", 1...1_000_000, 1, "rarer categories are unknown"),
    ], "rows to classes or to a number"
  ) { _ in .table }

  private static let text = Entry(
    DataKind.text.rawValue,
    [
      place(.text, "a file in UTF-8, plain or gzip"),
      .choice("tokens", ["characters", "bytePair"], "characters", "`bytePair` is learned from the part to train on"),
      .integer("vocabulary", 256...1_000_000, 512, "tokens of `bytePair`, the 256 bytes counted"),
      .integer("length", 1...65_536, 64, "tokens of a window"),
      share("the share of the text, its end; left out: 0.1"),
    ], "a text, of which a model learns what comes next"
  ) { _ in .text }

  private static let texts = Entry(
    DataKind.texts.rawValue,
    [
      place(.texts, "a `.csv` or `.jsonl` file, else lines of `label text`; plain or gzip"),
      Option("column", .text, .text("text"), "the column or key of the text"),
      Option("target", .text, .text("label"), "the column or key of the class"),
      Option("labelUntil", .text, nil, "what stands before this in a label is the class, as before `:` in `HUM:ind`"),
      Option("test", .text, nil, "a file whose texts are held out"),
      share("the share of the texts, of each class, chosen by `seed`, where there is no `test`; left out: 0.2"),
      .integer("length", 1...65_536, 256, "words; longer texts lose their end"),
      .integer("minFrequency", 1...1_000_000, 2, "rarer words are unknown"),
    ], "texts of classes"
  ) { _ in .texts }

  private static let series = Entry(
    DataKind.series.rawValue,
    [
      place(.series, "a CSV file whose rows are at equal distances in time"),
      names("columns", "the channels; left out: all columns of numbers"),
      .integer("history", 1...100_000, 96, "moments that a forecast sees"),
      .integer("horizon", 1...100_000, 24, "moments that are forecast"),
      .integer(
        "season", 1...100_000, nil,
        "moments until the same comes again, such as 24 for days of hours; left out: `horizon`"),
      share("the share of the moments, the last ones; left out: 0.2"),
    ], "numbers in time, of which those that follow are forecast"
  ) { _ in .series }
}
