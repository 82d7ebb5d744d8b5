extension PublicDataset {
  /// The sets that `apus data get` knows, by name.
  ///
  /// A set whose digests are not certain is left out. Licences are what the publishers state.
  public static let catalogue: [PublicDataset] = [
    PublicDataset(
      name: "fashion-mnist", summary: "70,000 grey pictures of 10 kinds of clothing, 28 × 28; IDX",
      licence: "MIT",
      files: [
        File(
          "train-images-idx3-ubyte.gz",
          urls: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
            "\(fashionMNIST)data/fashion/train-images-idx3-ubyte.gz",
          ],
          byteCount: 26_421_880, sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        File(
          "train-labels-idx1-ubyte.gz",
          urls: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
            "\(fashionMNIST)data/fashion/train-labels-idx1-ubyte.gz",
          ],
          byteCount: 29_515, sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        File(
          "t10k-images-idx3-ubyte.gz",
          urls: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
            "\(fashionMNIST)data/fashion/t10k-images-idx3-ubyte.gz",
          ],
          byteCount: 4_422_102, sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        File(
          "t10k-labels-idx1-ubyte.gz",
          urls: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
            "\(fashionMNIST)data/fashion/t10k-labels-idx1-ubyte.gz",
          ],
          byteCount: 5_148, sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
      ]),
    PublicDataset(
      name: "mnist", summary: "70,000 grey pictures of handwritten digits, 28 × 28; IDX",
      licence: "CC BY-SA 3.0",
      files: [
        File(
          "train-images-idx3-ubyte.gz",
          urls: [
            "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
            "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
          ],
          byteCount: 9_912_422, sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        File(
          "train-labels-idx1-ubyte.gz",
          urls: [
            "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
            "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
          ],
          byteCount: 28_881, sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        File(
          "t10k-images-idx3-ubyte.gz",
          urls: [
            "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
            "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
          ],
          byteCount: 1_648_877, sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        File(
          "t10k-labels-idx1-ubyte.gz",
          urls: [
            "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
            "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
          ],
          byteCount: 4_542, sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
      ]),
    PublicDataset(
      name: "cifar-10", summary: "60,000 colour pictures of 10 classes, 32 × 32; the binary form",
      licence: "none stated; cite A. Krizhevsky 2009",
      files: [
        File(
          "cifar-10-binary.tar.gz", urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
          byteCount: 170_052_171,
          sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
      ]),
    PublicDataset(
      name: "tinyshakespeare", summary: "40,000 lines of Shakespeare, 1.1 million characters",
      licence: "public domain",
      files: [
        File(
          "input.txt", urls: ["\(charRNN)data/tinyshakespeare/input.txt"], byteCount: 1_115_394,
          sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"),
      ]),
    PublicDataset(
      name: "multi30k", summary: "33,000 captions of pictures in English, German and French, by line",
      licence: "none stated; for research, cite D. Elliott et al. 2016",
      files: [
        File(
          "train.en.gz", urls: ["\(multi30k)data/task1/raw/train.en.gz"], byteCount: 568_929,
          sha256: "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
        File(
          "train.de.gz", urls: ["\(multi30k)data/task1/raw/train.de.gz"], byteCount: 637_044,
          sha256: "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
        File(
          "train.fr.gz", urls: ["\(multi30k)data/task1/raw/train.fr.gz"], byteCount: 604_242,
          sha256: "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c"),
        File(
          "val.en.gz", urls: ["\(multi30k)data/task1/raw/val.en.gz"], byteCount: 21_650,
          sha256: "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
        File(
          "val.de.gz", urls: ["\(multi30k)data/task1/raw/val.de.gz"], byteCount: 24_681,
          sha256: "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
        File(
          "val.fr.gz", urls: ["\(multi30k)data/task1/raw/val.fr.gz"], byteCount: 23_001,
          sha256: "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9"),
        File(
          "test_2016_flickr.en.gz", urls: ["\(multi30k)data/task1/raw/test_2016_flickr.en.gz"], byteCount: 21_077,
          sha256: "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
        File(
          "test_2016_flickr.de.gz", urls: ["\(multi30k)data/task1/raw/test_2016_flickr.de.gz"], byteCount: 22_890,
          sha256: "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
        File(
          "test_2016_flickr.fr.gz", urls: ["\(multi30k)data/task1/raw/test_2016_flickr.fr.gz"], byteCount: 22_310,
          sha256: "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90"),
        File(
          "test_2017_flickr.en.gz", urls: ["\(multi30k)data/task1/raw/test_2017_flickr.en.gz"], byteCount: 19_138,
          sha256: "76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074"),
        File(
          "test_2017_flickr.de.gz", urls: ["\(multi30k)data/task1/raw/test_2017_flickr.de.gz"], byteCount: 21_471,
          sha256: "a2c89666db00c495cd8513b9d708d5a3acc205d7de312ef2bf5fb7ebc1540aee"),
        File(
          "test_2017_flickr.fr.gz", urls: ["\(multi30k)data/task1/raw/test_2017_flickr.fr.gz"], byteCount: 20_434,
          sha256: "3ba671ceb2299f3304ffafefea7a833d08632fbaf0ba18546f8a2ec2391af496"),
      ]),
    PublicDataset(
      name: "trec", summary: "5,952 questions of 6 coarse and 50 fine classes",
      licence: "none stated; cite X. Li and D. Roth 2002",
      files: [
        File(
          "TREC.train",
          urls: [
            "\(questions)data/raw/TREC.train",
            "https://cogcomp.seas.upenn.edu/Data/QA/QC/train_5500.label",
          ],
          byteCount: 335_858, sha256: "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3"),
        File(
          "TREC.test",
          urls: [
            "\(questions)data/raw/TREC.test",
            "https://cogcomp.seas.upenn.edu/Data/QA/QC/TREC_10.label",
          ],
          byteCount: 23_354, sha256: "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e"),
      ]),
    PublicDataset(
      name: "fsdd", summary: "2,500 spoken digits, 8 kHz, in WAV files; version 1.0.9",
      licence: "CC BY-SA 4.0",
      files: [
        File(
          "free-spoken-digit-dataset-1.0.9.tar.gz",
          urls: ["https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz"], byteCount: 11_975_353,
          sha256: "8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0"),
      ]),
    PublicDataset(
      name: "adult", summary: "48,842 people of the census of 1994: who earns more than 50,000 dollars; CSV",
      licence: "CC BY 4.0 (UCI)",
      files: [
        File(
          "adult-train.csv",
          urls: [
            "\(jbrownlee)adult-train.csv",
            "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data",
          ],
          byteCount: 3_974_305, sha256: "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
        File(
          "adult-test.csv", urls: ["\(jbrownlee)adult-test.csv"], byteCount: 2_003_132,
          sha256: "72567b94f5c1a6f8501377dd80f93892c3848ff071cf91ba47e00b0785a28074"),
        File(
          "adult.names",
          urls: [
            "\(jbrownlee)adult.names",
            "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.names",
          ],
          byteCount: 5_229, sha256: "c248284c0b5de30c9e1958d6cdd168a34a654758b620e68f46aefa83fc0a576a"),
      ]),
    PublicDataset(
      name: "etth1", summary: "17,420 hours of a transformer: 6 loads and the temperature of its oil; CSV",
      licence: "CC BY-ND 4.0",
      files: [
        File(
          "ETTh1.csv", urls: ["\(ett)ETT-small/ETTh1.csv"], byteCount: 2_589_657,
          sha256: "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"),
      ]),
    PublicDataset(
      name: "movielens-100k", summary: "100,000 ratings of 1,682 films by 943 people",
      licence: "for research; no redistribution, no commercial use; cite F. Harper and J. Konstan 2015",
      files: [
        File(
          "u.data", urls: ["\(grouplens)u.data"], byteCount: 1_979_173,
          sha256: "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"),
        File(
          "u.item", urls: ["\(grouplens)u.item"], byteCount: 236_344,
          sha256: "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701"),
        File(
          "u.user", urls: ["\(grouplens)u.user"], byteCount: 22_628,
          sha256: "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c"),
        File(
          "ua.base", urls: ["\(grouplens)ua.base"], byteCount: 1_792_501,
          sha256: "67b5bcdb380c29f85d56a012ecd88612ae020f30a6730d117a334ee8203b91f2"),
        File(
          "ua.test", urls: ["\(grouplens)ua.test"], byteCount: 186_672,
          sha256: "d0497e202417720f57a184ec8c66be2d1afa4ff41bb53787c57b28d6bf79bc42"),
      ]),
    PublicDataset(
      name: "criteo-sample", summary: "8,000 impressions of advertisements with clicks, of the Kaggle set; tab-separated",
      licence: "none stated for the sample; Criteo: not for commercial use",
      files: [
        File(
          "train.csv", urls: ["\(wideResDNN)data/criteo/train.csv"], byteCount: 1_744_474,
          sha256: "2b0614035f6c931dc4ac2c1a1a26fa954f2b9231703f3a77bcdd53d9d9f29872"),
        File(
          "dev.csv", urls: ["\(wideResDNN)data/criteo/dev.csv"], byteCount: 98_922,
          sha256: "7ac8a164e43a9903be3d43e640bcd464cfa0d96d7a652ec8ef8a33fe97cac6b9"),
        File(
          "test.csv", urls: ["\(wideResDNN)data/criteo/test.csv"], byteCount: 95_122,
          sha256: "3a7a78b694945482aede520e68300b0e2748603363072822cfbbb9f72d0dfd9a"),
      ]),
    PublicDataset(
      name: "california-housing", summary: "20,640 blocks of the census of 1990: the value of houses; CSV",
      licence: "none stated for the data (U.S. census); Apache-2.0 (repository)",
      files: [
        File(
          "housing.csv", urls: ["\(handsOn)datasets/housing/housing.csv"], byteCount: 1_423_529,
          sha256: "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e"),
      ]),
  ]

  // MARK: Where several files are

  /// The files of a repository at a commit.
  private static func github(_ repository: String, _ commit: String) -> String {
    "https://raw.githubusercontent.com/\(repository)/\(commit)/"
  }

  private static let fashionMNIST = github("zalandoresearch/fashion-mnist", "b2617bb6d3ffa2e429640350f613e3291e10b141")
  private static let charRNN = github("karpathy/char-rnn", "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e")
  private static let multi30k = github("multi30k/dataset", "a3d2e0d26b56f3846f66a952536ffed4e401d05a")
  private static let questions = github("harvardnlp/sent-conv-torch", "d61ded09c99c0199d8c5bca946cd65864de2b296")
  private static let jbrownlee = github("jbrownlee/Datasets", "d20fcb6402ae34e653d4513b00f39257bb37ed7f")
  private static let ett = github("zhouhaoyi/ETDataset", "1d16c8f4f943005d613b5bc962e9eeb06058cf07")
  private static let wideResDNN = github("Lapis-Hong/Wide-ResDNN", "9889f939deb904a35692e2efdc6ab4f743a7df71")
  private static let handsOn = github("ageron/handson-ml2", "1e2115277b50f6c584cd668fa30e3af309a5b136")
  private static let grouplens = "https://files.grouplens.org/datasets/movielens/ml-100k/"
}
