/// The settings of plugins as a page, from the plugins' own declarations.
struct Reference {
  let entries: [Plugins.Entry]

  var markdown: String {
    """
    # What a recipe may say

    <!-- Made by `fewstep plugins --markdown > docs/reference.md`; change the plugins' declarations instead. -->

    A key is required where no default stands. Keys with the default `none` may be left out. A section that may be left out
    (`data`, `reward`, `evaluation`, `gan`, `lora`, `ema`) has defaults of its own once it is there. An unknown key, a wrong
    type and a value out of range are errors, with their place in the file.
    `extends` and `sweep` are explained in [sweeps.md](sweeps.md).

    The column "affects" says what a value can change: `results`, what training computes; `future`, only what is still to
    come, such as a run's length or its scores; `speed`, how long it takes; `records`, what is written down. A resume may
    change all but `results`, a sweep that takes over finished runs only `speed` and `records`. Below a section of a recipe
    that says `future`, such as `evaluation`, so do the settings of plugins.

    """ + entries.map(section).joined()
  }

  private func section(_ entry: Plugins.Entry) -> String {
    let title = entry.kind == entry.name ? entry.summary : "\(entry.kind): `\(entry.name)`\n\n\(entry.summary)."
    let rows = entry.settings.map { setting in
      let defaultValue = setting["default"] == "required" ? "" : code(setting["default"]!)
      let values = setting["type"]! + (setting["range"].map { ", \($0)" } ?? "")
      return "| `\(setting["key"]!)` | \(defaultValue) | \(cell(values)) | \(setting["affects"]!) | "
        + "\(cell(setting["meaning"]!)) |\n"
    }
    let table = "\n| key | default | value | affects | meaning |\n| --- | --- | --- | --- | --- |\n" + rows.joined()
    return "\n## \(title)\n" + (rows.isEmpty ? "\nIt has no settings.\n" : table)
  }

  private func code(_ text: String) -> String { text.isEmpty ? "`\"\"`" : "`\(cell(text))`" }
  private func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
}
