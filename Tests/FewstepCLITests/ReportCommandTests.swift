import Foundation
import TestSupport
import Testing

@Suite struct ReportCommandTests {
  @Test func `A run's report and field are made from what the run has left, and again to the byte`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--stop-after", "8", in: scratch, expecting: 75)
    try Fewstep.run("report", "runs/small", in: scratch)
    let page = try String(contentsOfFile: scratch.path("runs/small/report.html"), encoding: .utf8)
    #expect(page.contains("8 of 12, unfinished"))
    for part in ["student: loss", "the student at step 6", "Advantage ã", "r.yaml:"] { #expect(page.contains(part)) }
    try Fewstep.run("report", "runs/small", "--output", "again.html", in: scratch)
    #expect(try String(contentsOfFile: scratch.path("again.html"), encoding: .utf8) == page)

    try Fewstep.run("field", "runs/small", "--times", "0.5", in: scratch)
    #expect(try scratch.files("runs/small/field") == ["animation.gif", "step-4.png", "step-8.png"])
    try Fewstep.run(
      "field", "runs/small", "--times", "0.5", "--step", "8", "--prompt", "1", "--into", "f", in: scratch)
    #expect(try scratch.files("f") == ["step-8.png"])
    let wrong = try Fewstep.run("field", "runs/small", "--step", "5", in: scratch, expecting: 66)
    #expect(wrong.errors.contains("no checkpoint of step 5") && wrong.errors.contains("steps [4, 8]"))
    try Fewstep.run("field", "runs/small", "--times", "0.5,2", in: scratch, expecting: 64)
    try Fewstep.run("field", "runs/small", "--prompt", "2", in: scratch, expecting: 64)
    try Fewstep.run("report", "runs/small", "--baseline", "x", in: scratch, expecting: 64)

    // Two runs count as a sweep.
    try Fewstep.run(
      "run", "r.yaml", "--set", "matching.guidance=1", "--stop-after", "2", "--into", "runs/b", in: scratch,
      expecting: 75)
    try Fewstep.run("report", "runs", in: scratch)
    let sweep = try String(contentsOfFile: scratch.path("runs/report.html"), encoding: .utf8)
    #expect(sweep.contains("guidance=1.5") && sweep.contains("matching.guidance"))
    #expect(try Fewstep.run("report", "nowhere", in: scratch, expecting: 66).errors.contains("nowhere"))
  }

  @Test func `A damaged file is named, and the report is made without it`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--stop-after", "2", in: scratch, expecting: 75)
    try truncate(scratch.path("runs/small/diagnostics.h5"), to: 0.5)
    let job = try Fewstep.run("report", "runs/small", in: scratch)
    #expect(job.errors.contains("diagnostics.h5"))
    #expect(scratch.has("runs/small/report.html"))
  }

  @Test func `A field of samples that are no points of the plane is refused in words`() throws {
    let scratch = try Scratch()
    let line = recipe().replacing(
      "kind: gaussian-mixture", with: "kind: gaussian-mixture\n  means: [-1, 1]\n  dimension: 1\n  classes: [0, 1]")
    try scratch.write(line, to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--stop-after", "1", in: scratch, expecting: 75)
    let job = try Fewstep.run("field", "runs/small", in: scratch, expecting: 65)
    #expect(job.errors.contains("points of the plane"))
  }
}
