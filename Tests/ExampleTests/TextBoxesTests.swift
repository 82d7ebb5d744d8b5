import Apus
import ApusData
import ApusModels
import Testing

@testable import Examples

@Suite(.serialized) struct TextBoxesTests {
  @Test func boxesOfUnseenPagesAreFound() async throws {
    #expect(try await shortRun(TextBoxes.self) > 0.5)
  }

  /// A page is the same for the same random numbers; its words lie on it, and far enough apart to be told apart.
  @Test func wordsOfPagesAreApart() {
    func page(_ position: Int) -> TextPage {
      var random = SampleRandom(seed: 3, epoch: 0, position: position)
      return TextPage(Digits.dataset.training, &random)
    }
    let isSame = page(0).image == page(0).image && page(0).words == page(0).words
    #expect(isSame)
    for page in (0..<40).map(page) {
      #expect(!page.words.isEmpty)
      for (index, word) in page.words.enumerated() {
        #expect(word.x.lowerBound >= 0 && word.x.upperBound <= TextPage.width)
        #expect(word.y.lowerBound >= 0 && word.y.upperBound <= TextPage.height)
        for other in page.words[..<index] {
          let columns = other.x.lowerBound - 7..<other.x.upperBound + 7
          let rows = other.y.lowerBound - 7..<other.y.upperBound + 7
          #expect(!columns.overlaps(word.x) || !rows.overlaps(word.y))
        }
      }
    }
  }

  /// The boxes that the right answer gives are the words', as well as elements of 4 pixels can say it.
  @Test func theRightMapGivesTheWords() {
    var score = TextBoxScore()
    for position in 0..<40 {
      var random = SampleRandom(seed: 4, epoch: 0, position: position)
      let page = TextPage(Digits.dataset.heldOut, &random)
      let found = TextBox.boxes(scores: page.map, width: TextPage.width / 4)
      score.add(found: found, expected: page.words)
    }
    #expect(score.f1 == 1)
  }

  @Test func scoresCountEachWordOnce() {
    let word = TextBox(x: 0..<40, y: 0..<10, score: 1)
    let half = TextBox(x: 0..<20, y: 0..<10, score: 1)
    let wrong = TextBox(x: 50..<60, y: 0..<10, score: 1)
    #expect(word.overlap(with: half) == 0.5)
    #expect(word.overlap(with: wrong) == 0)
    var score = TextBoxScore()
    score.add(found: [half, word, wrong], expected: [word, TextBox(x: 0..<40, y: 20..<30, score: 1)])
    #expect(score.hits == 1)
    #expect(score.precision == 1.0 / 3)
    #expect(score.recall == 0.5)
    #expect(score.f1 == 0.4)
  }
}
