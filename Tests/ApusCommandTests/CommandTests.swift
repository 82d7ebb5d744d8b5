import Foundation
import Testing

/// The program as a user runs it.
@Suite(.serialized) struct CommandTests {
  struct Run {
    var status: Int32
    var output: String
    var errors: String

    /// The one JSON object on standard output.
    func json() throws -> [String: Any] {
      let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(object as? [String: Any])
    }
  }

  static let program = Built.path("apus")

  func apus(_ arguments: String...) throws -> Run { try launch(CommandTests.program, arguments) }

  func shell(_ script: String) throws -> Run { try launch("/bin/sh", ["-c", script]) }

  private func launch(_ path: String, _ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let files = (0..<2).map { _ in NSTemporaryDirectory() + "apus-output-\(UUID().uuidString)" }
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
    let status = process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
    return Run(status: status, output: texts[0], errors: texts[1])
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "apus-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test func dataSetsAreListedFoundAndChecked() throws {
    try withFolder { folder in
      let apus = "APUS_DATA=\(folder) APUS_CURL=none \(CommandTests.program) data"
      let list = try shell("\(apus) list --json").json()
      let sets = try #require(list["datasets"] as? [[String: Any]])
      #expect(list["folder"] as? String == folder && sets.count > 10)
      #expect(sets.allSatisfy { $0["isHere"] as? Bool == false && $0["licence"] is String })
      let missing = try shell("\(apus) path trec")
      #expect(missing.status == 1 && missing.errors.contains("fetch it with 'apus data get trec'"))
      // Without libcurl: a sentence, and nothing that passes for the data.
      let noLibrary = try shell("\(apus) get trec")
      #expect(noLibrary.status == 1 && noLibrary.errors == "apus: libcurl is switched off by APUS_CURL=none.\n")
      #expect(try shell("\(apus) path trec").status == 1)
      let unknown = try shell("\(apus) get nothing")
      #expect(unknown.status == 1 && unknown.errors.hasPrefix("apus: there is no set 'nothing' to fetch; there are adult,"))
      try FileManager.default.createDirectory(atPath: folder + "/adult", withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/adult/adult.names"))
      let wrong = try shell("\(apus) verify adult --json")
      #expect(wrong.status == 1)
      let files = try #require(try wrong.json()["files"] as? [String: String])
      #expect(files == ["adult.names": "wrong", "adult-train.csv": "missing", "adult-test.csv": "missing"])
    }
  }

  @Test func compiledKernelsAreKept() throws {
    try withFolder { folder in
      let apus = CommandTests.program
      let settings = "APUS_CACHE=\(folder)/cache"
      let train = "\(apus) train --model mlp --epochs 1 --json --overwrite --output \(folder)"
      let empty = try shell("\(settings) \(apus) cache list --json").json()
      #expect(empty["folder"] as? String == "\(folder)/cache")
      #expect((empty["kernels"] as? [Any])?.isEmpty == true)
      let first = try shell("\(settings) \(train)/run").json()
      let listed = try shell("\(settings) \(apus) cache list --json").json()
      let kernels = try #require(listed["kernels"] as? [[String: Any]])
      #expect(kernels.count > 5)
      #expect(kernels.allSatisfy { ($0["kernel"] as? String)?.hasPrefix("kernel ") == true })

      // The second process needs no compiler.
      let second = try shell("\(settings) LD_DEBUG=files \(train)/other")
      #expect(second.status == 0)
      #expect(second.errors.contains("libdnnl") && !second.errors.contains("libLLVM"))
      #expect(try second.json()["loss"] as? Double == first["loss"] as? Double)

      let text = try shell("\(settings) \(apus) cache")
      #expect(text.output.contains("\(kernels.count) kernels, "))
      let cleared = try shell("\(settings) \(apus) cache clear --json").json()
      #expect(cleared["removed"] as? Int == kernels.count)
      let off = try shell("APUS_CACHE=none \(apus) cache list --json")
      #expect(off.status == 1 && off.output.contains("APUS_CACHE is 'none'"))
    }
  }

  @Test func profilesTrainingAndPrediction() throws {
    try withFolder { folder in
      let (run, page, trace) = ("\(folder)/run", "\(folder)/page.html", "\(folder)/trace.json")
      let train = try apus(
        "profile", "train", "--model", "mlp", "--epochs", "1", "--output", run, "--page", page,
        "--trace", trace, "--json")
      #expect(train.status == 0, "\(train.errors)")
      #expect(try train.json()["status"] as? String == "finished")
      #expect(train.errors.contains("of limit  kernel") && train.errors.contains("matmul ["))
      #expect(train.errors.contains("memory of the longest program: "))
      let html = try String(contentsOfFile: page, encoding: .utf8)
      #expect(html.contains("<svg class=\"steps\"") && html.contains("matmul ["))
      let events = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: trace)))
      #expect(((events as? [String: Any])?["traceEvents"] as? [Any])?.isEmpty == false)

      let predict = try apus("profile", "predict", run, "\(run)/sample.png", "--page", page)
      #expect(predict.status == 0 && predict.output.contains("of limit  kernel"))
      let unknown = try apus("profile", "inspect", run)
      #expect(unknown.status == 64)
    }
  }

  @Test func theWholeJob() throws {
    try withFolder { folder in
      let run = "\(folder)/run"
      let train = try apus("train", "--model", "mlp", "--epochs", "1", "--output", run, "--json")
      #expect(train.status == 0, "\(train.errors)")
      let trained = try train.json()
      #expect(trained["status"] as? String == "finished")
      let accuracy = try #require(trained["accuracy"] as? Double)
      #expect(accuracy > 0.3)
      #expect(train.errors.contains("epoch 1/1  loss "))

      let evaluated = try apus("evaluate", run, "--json").json()
      #expect(evaluated["accuracy"] as? Double == accuracy)
      #expect(evaluated["count"] as? Int == 360)

      let predicted = try apus("predict", run, "\(run)/sample.png", "\(run)/sample.png", "--json").json()
      let predictions = try #require(predicted["predictions"] as? [[String: Any]])
      #expect(predictions.count == 2)
      let probabilities = try #require(predictions[0]["probabilities"] as? [String: Double])
      #expect(abs(probabilities.values.reduce(0, +) - 1) < 1e-6)

      let inspected = try apus("inspect", run, "--json").json()
      #expect(inspected["parameters"] as? Int == 9610)
      #expect(inspected["peakMemoryBytes"] as? Int != nil)

      for arguments in [["evaluate", run], ["predict", run, "\(run)/sample.png"], ["inspect", run]] {
        let text = try launch(CommandTests.program, arguments)
        #expect(text.status == 0 && !text.output.isEmpty && text.errors.isEmpty)
      }
      let again = try apus("train", "--model", "mlp", "--output", run)
      #expect(again.status != 0)
      #expect(again.errors.contains("holds a run already: give --resume to go on with it"))
      let more = try apus("train", "--resume", "--epochs", "3", "--output", run)
      #expect(more.errors.contains("leave out --epochs"))
    }
  }

  /// Shapes, work and memory without a run folder; and what a configuration lists is trained, saved,
  /// evaluated.
  @Test func aConfigurationIsTriedAndTrained() throws {
    try withFolder { folder in
      let yaml = """
        data: {path: digits, heldOut: 0.3}
        model: {layers: [{conv2D: {filters: 4, kernel: 3}}, batchNorm, relu, flatten, linear: classes]}
        optimizer: {name: sgd, momentum: 0.9}
        learningRate: 0.05
        epochs: 1
        """
      let config = "\(folder)/c.yaml"
      try Data(yaml.utf8).write(to: URL(fileURLWithPath: config))
      let dry = try apus("train", "--dry-run", config, "--json")
      #expect(dry.status == 0 && dry.errors.isEmpty, "\(dry.errors)")
      let run = try dry.json()
      #expect(run["parameters"] as? Int == 4 * 9 + 4 + 17 + 144 * 10 + 10)
      #expect(run["steps"] as? Int == 20)
      let step = try #require(run["step"] as? [String: Any])
      #expect(try #require(step["peakMemoryBytes"] as? Int) > 0)
      let text = try apus("train", "--dry-run", config)
      #expect(text.output.contains("[6, 6, 4]") && text.output.contains("peak memory"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["c.yaml"])

      let output = "\(folder)/run"
      let trained = try apus("train", config, "--output", output, "--json")
      #expect(trained.status == 0, "\(trained.errors)")
      let accuracy = try #require(try trained.json()["accuracy"] as? Double)
      #expect(accuracy > 0.5)
      let evaluated = try apus("evaluate", output, "--json").json()
      #expect(evaluated["accuracy"] as? Double == accuracy && evaluated["count"] as? Int == 539)
      #expect(try apus("predict", output, "\(output)/sample.png").status == 0)

      #expect(try apus("train", config).status == 64)
      let option = try apus("train", config, "--weight-decay", "0.1", "--dry-run")
      #expect(option.status == 1 && option.errors.contains("--weight-decay is for runs without 'optimizer'"))
      let help = try apus("train", "--help")
      #expect(help.output.contains("transforms") && help.output.contains("changes of the images to train on"))
    }
  }

  /// What is no classifier of images is tried, trained, stopped, gone on with and looked at like one.
  @Test func aTableIsTrained() throws {
    try withFolder { folder in
      let rows = (0..<400).map { "\($0 * 7 % 100),\($0 * 7 % 100 < 50 ? "low" : "high")\n" }
      let (table, config) = ("\(folder)/t.csv", "\(folder)/c.yaml")
      try Data(("level,name\n" + rows.joined()).utf8).write(to: URL(fileURLWithPath: table))
      try Data("data: {table: '\(table)', target: name}\nepochs: 4\nlearningRate: 0.01\n".utf8)
        .write(to: URL(fileURLWithPath: config))
      let dry = try apus("train", "--dry-run", config, "--json").json()
      #expect(dry["unit"] as? String == "rows" && dry["samples"] as? Int == 320 && dry["classes"] as? Int == 2)

      let run = "\(folder)/run"
      let script = """
        '\(CommandTests.program)' train '\(config)' --output '\(run)' 2>/dev/null &
        while [ ! -e '\(run)/history.json' ]; do sleep 0.01; done
        kill -INT $!
        wait $!
        """
      let stopped = try shell(script)
      #expect(stopped.status == 130 || stopped.status == 0)
      let trained = try apus("train", "--resume", "--output", run, "--json")
      #expect(trained.status == 0, "\(trained.errors)")
      let report = try trained.json()
      #expect(report["status"] as? String == "finished" && report["model"] as? String == "tabularMLP")
      let accuracy = try #require(report["accuracy"] as? Double)
      #expect(accuracy > 0.8 && (report["metrics"] as? [String: Double])?["accuracy"] == accuracy)
      let whole = try apus("train", config, "--output", "\(folder)/whole")
      #expect(whole.output.contains("accuracy on 80 held-out rows: "))
      let compared = try shell("cmp '\(folder)/whole/weights.safetensors' '\(run)/weights.safetensors'")
      #expect(compared.status == 0)

      #expect(try apus("inspect", run).output.contains("hidden.0.weight"))
      let evaluated = try apus("evaluate", run, "--json").json()
      #expect((evaluated["metrics"] as? [String: Double])?["accuracy"] == accuracy && evaluated["count"] as? Int == 80)
      #expect(try apus("evaluate", run, "--data", "x").errors.hasPrefix("apus: --data is for classifiers of images;"))
      let refused = try apus("predict", run, "x.png")
      #expect(refused.status == 1 && refused.errors.contains("its model 'tabularMLP' is made for a table;"))
      let size = try apus("train", config, "--image-size", "8", "--dry-run")
      #expect(size.status == 1 && size.errors == "apus: 'imageSize' is for images; the data is a table.\n")
    }
  }

  @Test func versionIsOneObject() throws {
    let run = try apus("version", "--json")
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(try run.json()["apus"] as? String != nil)
  }

  @Test(arguments: [("INT", 130), ("TERM", 143)])
  func aSignalSavesAndResumeGoesOn(signal: String, status: Int32) throws {
    try withFolder { folder in
      let whole = try apus("train", "--model", "mlp", "--epochs", "3", "--output", "\(folder)/whole")
      #expect(whole.status == 0)
      // The signal comes as soon as the first epoch is over.
      let run = "\(folder)/run"
      let script = """
        '\(CommandTests.program)' train --model mlp --epochs 3 --output '\(run)' 2>/dev/null &
        while [ ! -e '\(run)/history.json' ]; do sleep 0.01; done
        kill -\(signal) $!
        wait $!
        """
      let stopped = try shell(script)
      // A fast machine may have finished before the signal came.
      #expect(stopped.status == status || stopped.status == 0)
      let resumed = try apus("train", "--resume", "--output", run, "--json")
      #expect(resumed.status == 0, "\(resumed.errors)")
      let compared = try shell("cmp '\(folder)/whole/weights.safetensors' '\(run)/weights.safetensors'")
      #expect(compared.status == 0)
    }
  }

  @Test func aFullDiskLeavesThePreviousCheckpoint() throws {
    try withFolder { folder in
      let run = "\(folder)/run"
      #expect(try apus("train", "--model", "mlp", "--epochs", "1", "--output", run).status == 0)
      let checkpoint = "\(run)/checkpoints/last.safetensors"
      let before = try Data(contentsOf: URL(fileURLWithPath: checkpoint))
      try FileManager.default.removeItem(atPath: "\(run)/bundle.json")
      // Files of at most 4 KiB: less than the weights need.
      let limited = try shell(
        "ulimit -f 4; '\(CommandTests.program)' train --resume --output '\(run)'")
      #expect(limited.status == 1)
      #expect(limited.errors.contains("the limit on the size of a file is reached"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: checkpoint)) == before)
      #expect(!FileManager.default.fileExists(atPath: "\(run)/bundle.json"))
      let left = try FileManager.default.contentsOfDirectory(atPath: run)
      #expect(!left.contains { $0.hasPrefix(".") }, "\(left)")
      #expect(try apus("train", "--resume", "--output", run).status == 0)
      #expect(try apus("evaluate", run).status == 0)
    }
  }

  @Test func badInputIsASentenceAndAStatus() throws {
    try withFolder { folder in
      let run = "\(folder)/run"
      #expect(try apus("train", "--model", "mlp", "--epochs", "1", "--output", run).status == 0)
      func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
      }
      let sample = try Data(contentsOf: URL(fileURLWithPath: "\(run)/sample.png"))
      try sample.prefix(60).write(to: URL(fileURLWithPath: "\(folder)/short.png"))
      let text = try write("text.png", "this is no picture")
      let yaml = try write("c.yaml", "epochs: 3\nlearning_rate: 1\n")
      let weights = try write("w.safetensors", "short")
      let model = try write("m.onnx", "nonsense")
      let other = try write("m.txt", "nonsense")

      let cases: [(arguments: [String], sentence: String)] = [
        (["predict", run, "/nowhere.png"], "/nowhere.png: there is no such file or folder."),
        (["predict", run, text], "\(text): it is neither a PNG nor a JPEG image."),
        (["predict", run, "\(folder)/short.png"], "\(folder)/short.png: the PNG image ends too early; the file is incomplete."),
        (["predict", folder, "\(run)/sample.png"], "\(folder): it is no Apus bundle"),
        (["train", yaml, "--output", "\(folder)/x"], "\(yaml):2:1: there is no key 'learning_rate'"),
        (["train", "/nowhere.yaml", "--output", "\(folder)/x"], "/nowhere.yaml: there is no such file"),
        (["train", "--model", "resnet", "--output", "\(folder)/x"], "'model' must be one of cnn, mlp, lenet,"),
        (["train", "--data", "/nowhere", "--output", "\(folder)/x"], "/nowhere: there is no such data set"),
        (["train", "--epochs", "0", "--output", "\(folder)/x"], "'epochs' must be at least 1."),
        (["train", "--resume", "--output", "\(folder)/x"], "\(folder)/x has no checkpoint to go on from"),
        (["train", "--output", "/proc/apus"], "/proc/apus"),
        (["train", "--output", text], "\(text)"),
        (["evaluate", run, "--data", folder], "\(folder)"),
        (["inspect", "/nowhere"], "/nowhere: there is no such file or folder."),
        (["inspect", weights], "\(weights): "),
        (["inspect", model], "\(model): "),
        (["inspect", other], "\(other): it is no folder of a model, no .safetensors and no .onnx file."),
      ]
      for (arguments, sentence) in cases {
        let run = try launch(CommandTests.program, arguments)
        #expect(run.status == 1, "\(arguments): \(run.status)")
        #expect(run.errors.hasPrefix("apus: \(sentence)"), "\(arguments): \(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(arguments): \(run.errors)")
        #expect(run.output.isEmpty)
        let json = try launch(CommandTests.program, arguments + ["--json"])
        #expect(json.status == 1)
        #expect((try json.json()["error"] as? String)?.hasPrefix(sentence) == true, "\(json.output)")
      }
    }
  }
}
