import Tensors
import Foundation
import Metrics
import Reports
import Testing

@Suite struct TableTests {
  private func results() throws -> Table {
    try Table(
      columns: ["objective", "steps", "FD", "reward"],
      rows: [
        ["DMD2", 1, 12.3456, .estimate(0.8123, margin: 0.0131)],
        ["AMD | ours", 4, 9.5, .estimate(0.8, margin: 0.12)],
        ["teacher", 50, nil, nil],
      ])
  }

  @Test func `A plain table lines up its columns, numbers to the right`() throws {
    #expect(
      try results().text == """
        objective   steps     FD         reward
        ----------  -----  -----  -------------
        DMD2            1  12.35  0.812 ± 0.013
        AMD | ours      4   9.50    0.80 ± 0.12
        teacher        50      -              -
        """)
  }

  @Test func `A Markdown table keeps bars and line breaks inside its cells`() throws {
    #expect(
      try results().markdown == """
        | objective   | steps |    FD |        reward |
        | :---------- | ----: | ----: | ------------: |
        | DMD2        |     1 | 12.35 | 0.812 ± 0.013 |
        | AMD \\| ours |     4 |  9.50 |   0.80 ± 0.12 |
        | teacher     |    50 |     - |             - |
        """)
    #expect(try Table(columns: ["a\nb"], rows: [["c\nd"]]).markdown == "| a<br>b |\n| :----- |\n| c<br>d |")
  }

  @Test func `Rows go to JSON with numbers as numbers and what is missing as null`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let table = try Table(
      columns: ["name", "FD", "n", "r"],
      rows: [["a", 0.5, 3, .estimate(1, margin: 0.25)], ["b", .number(.nan), nil, .estimate(1, margin: .infinity)]])
    #expect(
      String(decoding: try encoder.encode(table.records), as: UTF8.self)
        == """
        [{"FD":0.5,"n":3,"name":"a","r":{"margin":0.25,"mean":1}},\
        {"FD":null,"n":null,"name":"b","r":{"margin":null,"mean":1}}]
        """)
  }

  @Test(
    arguments: [
      ([0.98123, 0.0123], ["0.9812", "0.0123"]),
      ([1234.6, 900], ["1235", " 900"]),
      ([9.99996, 1], ["10.00", " 1.00"]),
      ([1234.5, 0.5], ["  1234", "0.5000"]),
      ([3e-7, 5e-7], ["3.000e-07", "5.000e-07"]),
      ([2.5e9], ["2.500e+09"]),
      ([0, 0], [" 0", " 0"]),
      ([-0.00001, 1], ["-1.000e-05", "     1.000"]),
      ([.nan, 2, -.infinity], ["  nan", "2.000", " -inf"]),
    ] as [([Double], [String])])
  func `Numbers have four significant digits, and the same decimals where they are of similar size`(
    _ values: [Double], _ expected: [String]
  ) throws {
    let table = try Table(columns: ["x"], rows: values.map { [.number($0)] })
    #expect(table.text.split(separator: "\n").dropFirst(2).map(String.init) == expected)
  }

  @Test func `The margin decides how many digits of a mean are shown`() throws {
    let cells: [TableCell] = [
      .estimate(12.3456, margin: 1.26), .estimate(1234.5, margin: 120), .estimate(0.5, margin: 0.00999),
      .estimate(0.5, margin: 0), .estimate(0.5, margin: .nan),
    ]
    let lines = try Table(columns: ["x"], rows: cells.map { [$0] }).text.split(separator: "\n").dropFirst(2)
    #expect(
      lines.map { $0.trimmingCharacters(in: .whitespaces) } == [
        "12.3 ± 1.3", "1234 ± 120", "0.500 ± 0.010", "0.5000 ± 0", "0.5000 ± nan",
      ])
  }

  @Test func `A row of the wrong length is refused`() throws {
    #expect(throws: Failure.self) { try Table(columns: ["a", "b"], rows: [["x"]]) }
  }

  @Test func `A table without rows is its header`() {
    #expect(Table(columns: ["name", "x"]).text == "name  x\n----  --")
  }
}
