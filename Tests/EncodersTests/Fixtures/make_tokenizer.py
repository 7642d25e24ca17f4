"""What transformers' CLIPTokenizer makes of many texts.

Writes merges.txt.gz and tokenizer.json.gz. Made with Python 3.11, transformers 5.23.0, tokenizers 0.23.3 and
open_clip_torch 3.3.0: `python make_tokenizer.py`, in this folder.

merges.txt.gz holds CLIP's byte-pair merges: lines 1 to 48894 of bpe_simple_vocab_16e6.txt.gz as the open_clip_torch
package ships it. Licence: MIT; copyright 2021 OpenAI (CLIP), 2012-2021 Gabriel Ilharco and others (OpenCLIP).
vocab.json follows from it: the 256 bytes as printable characters, the same at a word's end, the merges, two marks.
"""

import gzip
import json
import random
import tempfile
from pathlib import Path

import open_clip
from transformers import CLIPTokenizer

here = Path(__file__).parent
table = gzip.open(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").read()
merges = table.split("\n")[1 : 49152 - 256 - 2 + 1]
plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
tokens = letters + [x + "</w>" for x in letters] + ["".join(m.split()) for m in merges]
vocab = {token: index for index, token in enumerate(tokens + ["<|startoftext|>", "<|endoftext|>"])}
assert len(vocab) == 49408
merges_text = "#version: 0.2\n" + "\n".join(merges) + "\n"


def token(content, **flags):
    return dict(content=content, lstrip=False, normalized=False, rstrip=False, single_word=False, special=True) | flags


START, END = "<|startoftext|>", "<|endoftext|>"
common = dict(
    add_prefix_space=False, bos_token=START, clean_up_tokenization_spaces=True, do_lower_case=True, eos_token=END,
    errors="replace", model_max_length=77, tokenizer_class="CLIPTokenizer", unk_token=END)  # fmt: skip
marks = {"49406": token(START, normalized=True), "49407": token(END, normalized=True)}


def older(content):
    return dict(__type="AddedToken", content=content, lstrip=False, normalized=True, rstrip=False, single_word=False)


# Each with the files that it has beside vocab.json and merges.txt.
kinds = {
    # SDXL's tokenizer and tokenizer_2.
    "first": {"tokenizer_config.json": common | dict(pad_token=END, added_tokens_decoder=marks)},
    "second": {"tokenizer_config.json": common | dict(pad_token="!", added_tokens_decoder={"0": token("!")} | marks)},
    # As older transformers wrote them: tokens spelled out where they are named, and a second file that has the last word.
    "older": {
        "tokenizer_config.json": common | dict(bos_token=older(START), eos_token=older(END), pad_token=END),
        "special_tokens_map.json": dict(
            bos_token=token(START, normalized=False), eos_token=older(END) | {"__type": "x"}, pad_token="!"),
    },
    # Everything that an added token can ask for.
    "odd": {
        "tokenizer_config.json": common | dict(
            pad_token=END, model_max_length=20,
            added_tokens_decoder=marks | {
                "49408": token("<Style>", lstrip=True, special=False),
                "49409": token("Mask", rstrip=True, single_word=True, special=False),
                "49410": token("<STYLE>2", normalized=True, special=False),
                "49411": token("Straße", normalized=True, lstrip=True, rstrip=True, special=False)}),
    },
}  # fmt: skip
for files in kinds.values():
    for entry in files.get("special_tokens_map.json", {}).values():
        if isinstance(entry, dict):
            entry.pop("__type", None)

texts = [
    "", " ", "   ", "\n", "\t\r\n", "a", "A", "!", "!!", "! !! !!!", "a cat!", "!cat", "cat!!dog", "what?!", "wow !", "!?!?",
    "a photo of an astronaut riding a horse on mars",
    "A stop-sign, 1234 trees & 3.14; it's Bob's!", "don't won't we'll I'm they've", "I'D SHE'S WE'RE Y'ALL'D'VE",
    "'s 't 're 've 'm 'll 'd", "''s '''t 'sd 'll'll", "rock 'n' roll", "o'clock o’clock don’t ‘quoted’ “double”",
    "<|endoftext|>", "<|startoftext|>", "a<|endoftext|>b", "<|ENDOFTEXT|> <|StartOfText|>", "<|endoftext|", "<<|endoftext|>>",
    "x <|startoftext|><|endoftext|>!", "<| endoftext |>", "<|end\u200boftext|>", "cat</w> dog</w>", "</w>", "Ġhello Ċ",
    "café cafe\u0301 CAFÉ CAFE\u0301", "naïve Ångström A\u030angstro\u0308m \u212bngstrom", "Straße STRASSE ẞ straße", "İstanbul ISTANBUL ıi",
    "ΣΊΣΥΦΟΣ ΟΔΟΣ ὈΔΥΣΣΕΎΣ", "ŒUVRE Ǆ ǅ ǆ ﬁ ﬂ ﬃ", "Ⅷ ⅷ ½ ² ³ ① ⑳ ٣ ३ ௧ 𝟙𝟚 〇 一二三", "1,000,000 3.14159 1e-5 0x1F 12:30 24/7 50% $9.99 #1",
    "東京タワーの夜景", "我爱北京天安门", "서울의 밤", "한글\u1112\u1161\u11ab", "ｶﾞｷﾞ ガギ カ\u3099", "สวัสดีครับ", "नमस्ते दुनिया", "வணக்கம்", "ሰላም", "שלום עולם", "שָׁלוֹם",
    "مرحبا بالعالم", "اَلسَّلَامُ عَلَيْكُمْ", "привет мир Ёлка е\u0308лка", "Ўзбек Ґанок", "ΑΒΓ αβγ ά ά", "Tiếng Việt rất đẹp", "Tie\u0302\u0301ng Vie\u0323\u0302t",
    "😀", "😀😃😄 smile", "👨‍👩‍👧‍👦 family", "👩🏽‍🚀 astronaut", "🏳️‍🌈 flag 🇫🇷🇯🇵", "❤️ ❤ ♥️", "1️⃣2️⃣ #️⃣", "a😀b😀c", "☕️☔", "🤷🏻‍♀️🤦‍♂️", "🧑‍🎄!",
    "a\u0300\u0301\u0302b", "\u0301alone", "q\u0307\u0323 q\u0323\u0307", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "\u1e9b\u0323", "ﷺ", "\u0958\u095c", "\uf900\ufa0e", "\u2126 \u212a",
    "tab\tnew\nline\rcr\x0bvt\x0cff\x85nel", "nb\u00a0sp\u2003em\u2009thin\u202fnn\u205fmm\u3000id\u1680og", "zero\u200bwidth\u200cnon\u200djoin\u2060wj\ufeffbom",
    "\u2028line\u2029par", "a\u180eb", "  lead", "trail  ", " both ", "in    side", "\x00", "a\x00b", "\x01\x02\x7f\x80\x9f", "soft\u00adhyphen", "\u202eright\u202c", "\u2066x\u2069",
    "...", "…", "—–-", "a-b-c_d_e", "hello,world", "(a) [b] {c} <d>", "@user #tag http://example.com/a?b=c&d=e", "a&amp;b &lt; &#39;", "C++ C# .NET f(x)=x^2",
    "🄰🅰️ ｆｕｌｌｗｉｄｔｈ １２３ ！", "𝓯𝓪𝓷𝓬𝔂 𝔉𝔯𝔞𝔨 𝕕𝕓𝕝", "𐐀𐐨 𐐁", "𒀀𓀀", "\U0001f9ff\U0010ffff", "\ue000 private", "\ufffd", "\uffff",
    "Supercalifragilisticexpialidocious", "pneumonoultramicroscopicsilicovolcanoconiosis", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "zzzzzzzzzz qqqqqqqq", "hahahahahahaha", "LOOOOOOL",
    "x" * 300, "ab" * 200, "!" * 100, "! " * 90, "1" * 90, "é" * 100, "东" * 80, "😀" * 60, "the " * 75, "the " * 76, "the " * 200, ("a quick brown fox " * 40).strip(),
    "the " * 74 + "!", "the " * 75 + "!", "the " * 74 + "photographer", "the " * 74 + "supercalifragilistic", "masterpiece, best quality, " * 30,
    "<Style>", "a <Style> b", "a  <Style>  b", "<style>", "<STYLE>2", "x <style>2 y", "Mask", "a Mask  b", "Masked unMask Mask", "Mask,Mask mask", "é Mask\u0301 Mask_", "Straße", "a  STRAßE  b", "<Style><Style> Mask Mask",
]  # fmt: skip

adjectives = "a an the old bright Tiny ENORMOUS watercolour 4K hyper-realistic 1960s oil-on-canvas isn't".split()
nouns = "cat dog astronaut teapot CN-tower Volkswagen café piñata smörgåsbord Tokyo '90s car's robots’ A.I. photo".split()
places = "on mars; in the rain, at 5pm! under £20 by Van Gogh, (detail) -- no text... artstation #art @home".split(" ")
rng = random.Random(7)
for _ in range(220):
    picked = [rng.choice(rng.choice([adjectives, nouns, places])) for _ in range(rng.randint(2, 25))]
    texts.append(rng.choice([" ", "  ", " ", ", ", "\n"]).join(picked))
# Random characters of blocks that have been full since long ago.
blocks = [(0x20, 0x7F), (0xA0, 0x180), (0x300, 0x370), (0x391, 0x3CA), (0x400, 0x460), (0x5D0, 0x5EB), (0x620, 0x660),
    (0x905, 0x93A), (0xE01, 0xE3B), (0x1E00, 0x1EFA), (0x2000, 0x2070), (0x20A0, 0x20B0), (0x2150, 0x2190), (0x2190, 0x2300),
    (0x2600, 0x27C0), (0x3040, 0x3100), (0x4E00, 0x9FA0), (0xAC00, 0xD7A4), (0xFF01, 0xFF5F), (0x1F300, 0x1F650), (0, 0x20)]  # fmt: skip
for _ in range(220):
    chosen = rng.sample(blocks, rng.randint(1, 4)) + [(0x20, 0x21), (0x61, 0x7B)]
    text = "".join(chr(rng.randrange(*rng.choice(chosen))) for _ in range(rng.randint(1, 40)))
    texts.append(text.replace("\u2065", ""))
texts = list(dict.fromkeys(texts))

fixture = dict(texts=texts, kinds={})
for name, files in kinds.items():
    with tempfile.TemporaryDirectory() as folder:
        for file, content in (files | {"vocab.json": vocab}).items():
            (Path(folder) / file).write_text(json.dumps(content))
        (Path(folder) / "merges.txt").write_text(merges_text)
        tokenizer = CLIPTokenizer.from_pretrained(folder)
    length = tokenizer.model_max_length
    ids, cut = [], []
    for text in texts:
        whole = tokenizer(text).input_ids
        padded = tokenizer(text, padding="max_length", max_length=length, truncation=True).input_ids
        assert len(padded) == length and padded[: len(whole)] == whole or len(whole) > length
        ids.append(padded[: len(whole)])
        cut.append(max(0, len(whole) - length))
    fixture["kinds"][name] = dict(files=files, pad=tokenizer.pad_token_id, length=length, ids=ids, cut=cut)


def write(name, text):
    (here / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


write("merges.txt.gz", merges_text)
write("tokenizer.json.gz", json.dumps(fixture, separators=(",", ":")))
print(len(texts), "texts")
