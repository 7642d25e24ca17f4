"""A small tokenizer of the kind that UMT5 has, what it makes of many texts, and how Wan's pipeline cleans prompts.

Made with Python 3.11, transformers 5.23.0, tokenizers 0.23.3, sentencepiece 0.2.3, diffusers 0.42.1 and ftfy 6.3.1:
`python make_tokenizer.py`, in this folder.

tokenizer/ holds what UMT5's folder holds: spiece.model.gz, tokenizer.json.gz (both unpacked there), tokenizer_config.json and
special_tokens_map.json. Trained on the sentences below with UMT5's settings: Unigram; no normalization; blanks are kept;
ids: <pad> 0, </s> 1, <s> 2, <unk> 3, thirteen user-defined pieces, 256 bytes, "▁" 273, and after the pieces
<extra_id_N> in falling order. tokenizer.json knows nothing of bytes: what it cannot spell is <unk>, and it turns runs of
blanks into one.

tokenizer-mapped/tokenizer.json.gz has the same pieces behind a normalizer that UMT5 has not, but T5 has: a character map, of
a few hundred rules, as sentencepiece compiles it.

tokenizer/strings.json.gz holds
  texts           the texts
  ids             what tokenizer.json makes of each; so does transformers before its version 5
  sentencepiece   what sentencepiece makes of them with spiece.model and </s> after it, where that is something else, by index
  rebuilt         what T5TokenizerFast of transformers 5 makes of them, where that is something else, by index: it takes the
                  pieces from tokenizer.json, but splits at every white space. It also has 2, <s>, for what it cannot spell;
                  texts that differ in nothing but that are not listed
  mapped          what tokenizer-mapped makes of them, where that is something else, by index
With "truncation" to a length, all but one of the ids are kept, and then </s> follows.

tokenizer/cleaning.json holds prompts, and for each what diffusers' `prompt_clean` makes of it with ftfy ("cleaned"), the same
without ftfy's mending of text that was decoded wrongly, so with its tables alone ("unmended"), and without ftfy at all,
which is what diffusers does where that is not installed ("plain").
"""

import gzip
import html
import io
import json
import os
import random
import tempfile
import unicodedata

import ftfy
import regex
import sentencepiece
from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import T5TokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
SENTENCES = """
A cat and a dog bake a cake in a small kitchen while the sun shines through the window.
The old fisherman walks along the beach at sunset, and the waves roll over the sand behind him.
Close-up of a red fox running through deep snow, slow motion, shallow depth of field, 4K, cinematic lighting.
Two robots play chess in a garden; one of them moves its queen and looks at the camera.
An astronaut rides a white horse on the moon, the earth rises slowly over the grey hills.
A train crosses a long bridge in the rain. The camera pans from left to right and follows it into the night.
In the foreground a child blows soap bubbles, in the background people are walking and talking.
A glass of water falls from the table and breaks in slow motion, drops of water fly in all directions.
Aerial view of a city at night with bright lights, traffic on the roads, and fog between the towers.
The dancer turns around, stops, looks into the camera and smiles; soft light, warm colours, 16 fps.
It's the dog's birthday: there are candles, flowers, and a hat that doesn't fit!
A paper boat sails down the street after the rain, past shoes and wheels and fallen leaves.
Static shot, worst quality, low quality, blurred details, overexposed, ugly, deformed hands, still picture.
一只猫和一只狗在小厨房里做蛋糕，阳光从窗户照进来。
老人走在海边，太阳落下，海水很蓝，天上有白云。
红色的狐狸在雪地里跑，慢动作，画面很美。
静态，细节模糊不清，最差质量，低质量，画面静止，背景人很多。
夜里的城市，灯光很亮，路上有很多人和车。
小女孩在花园里看花，白色的猫在她的背后走来走去。
Eine Katze und ein Hund backen in der kleinen Küche einen Kuchen, während die Sonne durch das Fenster scheint.
Der alte Fischer geht am Strand entlang; hinter ihm rollen die Wellen über den Sand.
Zwei Roboter spielen im Garten Schach, und einer von ihnen schaut in die Kamera.
Ein Zug fährt bei Nacht und Regen über die lange Brücke. Die Straße ist nass, und große Bäume stehen daneben.
Кошка и собака пекут пирог на маленькой кухне, солнце светит в окно.
Старый рыбак идёт по берегу моря, за ним волны и песок.
Красная лиса бежит по снегу, камера медленно идёт за ней.
Ночной город, яркие огни, люди и машины на дороге.
ねこといぬが小さなキッチンでケーキをやいています。
雪の中を赤いきつねが走る。カメラはゆっくり動く。
夜の町、明るい光、人と車がたくさん。
😀 🐱 🐶 🎂 a cat 🐱 and a dog 🐶 with a cake 🎂!
"""
MARKS = "[eod] [web] [news] [book] [wiki] [code] [talk] [song] [poem] [list] [mail] [note] [page]".split()
PIECES, EXTRA = 560, 8
SPECIAL = ["<pad>", "</s>", "<s>", "<unk>"]
SENTINELS = [f"<extra_id_{index}>" for index in range(EXTRA)]

texts = [
    # Prompts.
    "a cat", "A cat and a dog bake a cake.", "Close-up of a red fox running through deep snow, slow motion, 4K",
    "An astronaut rides a horse on the moon; the camera pans left, then right!", "Isn't that the dog's cake? It's OK...",
    "一只猫在雪地里跑", "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量",
    "JPEG压缩残留，丑陋的，残缺的，多余的手指，三条腿，背景人很多，倒着走", "A cat 一只猫 and 狗 a dog", "Eine Straße über die Brücke für Kühe",
    "GROẞE STRASSE", "Кошка и собака на кухне", "солнце светит в окно, Ёлка", "ねこといぬ", "カメラはゆっくり動く。", "東京タワーの夜景、4K",
    "the the the", "catcatcat dogdogdog", "antidisestablishmentarianism", "bake/cake/snake", "16 fps, 81 frames, 832x480", "f/2.8 at 1/250 s",
    # Blanks.
    "", " ", "  ", "   ", " a", "a ", " a ", "  a", "a  ", "  a  ", "a  b", "a   b", "a    b c  d", "\t", "\n", "a\tb", "a\nb", "a\r\nb",
    " \t \n ", "a \n b", "\na", "a\n", "a\x0bb", "a\x0cb", "a\x85b", "a\u00a0b", "\u00a0a\u00a0", "a\u2003b", "a\u3000b", "a\u2028b\u2029c",
    "a\u202fb", "a\u1680b", "a\u205fb", "a\u200bb", "a\u200cb\u200dc", "a\u2060b\ufeffc", "\ufeffa cat", "a \u00a0 b", "a\u00a0 b",
    # The mark of blanks itself.
    "▁", "▁▁", "▁a", "a▁b", "a ▁b", "a▁ b", "▁ a", " ▁a", "a▁", "▁▁a▁▁b", "a ▁ b", "▁cat▁and▁dog", "x▁▁▁y", "\u2582\u2581\u2580",
    # Special tokens in texts.
    "</s>", "<s>", "<pad>", "<unk>", "<extra_id_0>", "<extra_id_7>", "<extra_id_8>", "a</s>b", "a </s> b", "a </s>", "</s> a", "</s></s>",
    "<pad> a cat <pad>", "the <extra_id_0> cat <extra_id_1> .", "<extra_id_0><extra_id_1>", "a  <unk>  b", "<unk><unk>", "</S>", "< /s>",
    "</s", "<</s>>", "<extra_id_", "<extra_id_0", "▁<extra_id_0>", "\n</s>\n", "a<s>▁b", "<s> ▁b", "<EXTRA_ID_0>",
    # Pieces of other kinds.
    "[eod]", "[web]", "[web] page", "a[web]b", "[ web ]", "[WEB]", "[eod][eod]", "x [news] y", "[", "]", "<0x41>", "<0x0A>", "a <0xFF> b",
    "<0x00><0x01>", "<0xZZ>", "▁[web]",
    # HTML.
    "a &amp; b", "&lt;b&gt; bold &lt;/b&gt;", "&#39;quoted&#39;", "&amp;lt;", "&nbsp;", "<b>bold</b>", "&copy; &eacute; &#x1F600;",
    # Other forms of the same.
    "café", "cafe\u0301", "CAFÉ", "Küche", "Ku\u0308che", "naïve", "Å \u212b A\u030a", "ﬁne ﬂow oﬃce", "ǆ ǅ Ǆ", "ﬅ ﬆ", "①②③ ⑳", "½ ¼ ²³", "Ⅷ ⅷ",
    "ＡＢＣ ｃａｔ １２３ ！？", "ｶﾒﾗ ｶﾞｷﾞ ﾊﾟ", "カメラ カ\u3099", "㍿ ㌔ ㎏ ℃", "ﷺ", "…", "—–-‐‑−", "“a cat” ‘a dog’", "„Hund“ «кошка» 「犬」", "a，b。c！d？e",
    "\u1e9b\u0323", "\u0958\u095c", "\uf900\ufa0e", "\u2126\u212a", "\u00b5\u03bc", "ſtraße", "İstanbul ıi",
    # Marks that combine, letters of other scripts.
    "a\u0301", "\u0301", "\u0301a", "q\u0307\u0323 q\u0323\u0307", "a\u0300\u0301\u0302b", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "서울의 밤", "한글\u1112\u1161\u11ab", "각\u1100\u1161\u11a8", "مرحبا بالعالم", "اَلسَّلَامُ", "नमस्ते दुनिया", "क्षत्रिय", "สวัสดีครับ", "שלום עולם", "שָׁלוֹם",
    "வணக்கம்", "ሰላም", "Γειά σου Κόσμε", "Tiếng Việt", "Tie\u0302\u0301ng Vie\u0323\u0302t", "ქართული", "Հայերեն", "བོད་སྐད", "မြန်မာ", "ខ្មែរ",
    # Emoji.
    "😀", "🐱🐶", "a 🐱 and a 🐶", "🎂!", "😀😀😀", "👨‍👩‍👧‍👦", "👩🏽‍🚀 astronaut", "🏳️‍🌈 🇩🇪🇯🇵", "❤️ ❤", "1️⃣ #️⃣", "🤷🏻‍♀️", "☕️☔", "🫠🫥", "a😀b🫠c",
    # What has no piece.
    "𠀋𡈽", "a 𠀋 b", "𝕔𝕒𝕥", "𝒜 𝓯𝓪𝓷𝓬𝔂", "𒀀𓀀", "\U0010ffff", "\ue000", "\ufffd", "\uffff", "ÿþýü", "ÆØÅ æøå", "ŁŻ łż", "ñ Ñ ç", "¿Qué?", "§ ¶ † ‡ • ©®™",
    "ξ", "ξξξ", "ξ ξ ξ", "ξaξ", "aξξa", "ξ cat ξ", "□■▲", "♥♦♣♠", "→ ← ↑ ↓", "€ £ ¥ $ ¢", "° ′ ″ ‰", "龘 靐 齉", "㐀 鿿",
    # Controls.
    "\x00", "a\x00b", "\x01\x02\x7f\x80\x9f", "a\x07b", "\x1b[31mred\x1b[0m", "soft\u00adhyphen", "\u202eright\u202c", "\u2066x\u2069", "\u200e\u200f",
    # Long ones, and others.
    "x" * 100, "cat" * 60, "!" * 50, "a " * 60, "猫" * 40, "😀" * 30, "ξ" * 40, " " * 40, "▁" * 20, "ab" * 50, "1" * 40, "é" * 40, "the " * 30,
    "Supercalifragilisticexpialidocious", "Donaudampfschifffahrtsgesellschaftskapitän", "достопримечательность", "pneumonoultramicroscopic",
    "...", "?!?!", "(a) [b] {c} <d>", "a-b_c=d+e*f", "http://example.com/a?b=c&d=e#f", "user@example.com", "C:\\cats\\dog.txt", "$100.00 50%",
    "12:30", "2024-01-31", "#cat @dog", "~`^|\\", '"quoted"', "'quoted'", "a,b;c:d.e", "e.g. i.e. etc.", "I'm you're he'll they've", "U.S.A.",
    "a\\nb", "NULL null None", "0", "007", "-1", "3.14159", "1,000,000", "1e-5", "0x1F",
]  # fmt: skip
words = "cat dog the a and with cake snow 4K camera, night. Küche солнце 一只猫 夜の町 😀 it's ξ ▁ [web] </s> café x1 — ﬁne ＡＢＣ".split(" ")
blocks = [(0x20, 0x7F), (0x61, 0x7B), (0xA0, 0x180), (0x300, 0x340), (0x391, 0x3CA), (0x400, 0x460), (0x5D0, 0x5EB), (0x620, 0x650),
    (0x905, 0x93A), (0x2000, 0x2030), (0x2150, 0x2180), (0x2580, 0x2590), (0x3040, 0x3100), (0x4E00, 0x4F00), (0xAC00, 0xAD00),
    (0xFB00, 0xFB05), (0xFF01, 0xFF60), (0x1F400, 0x1F420)]  # fmt: skip
rng = random.Random(7)
for _ in range(50):
    texts.append("".join(rng.choice(words) + rng.choice(["", " ", " ", " ", "  ", "\n"]) for _ in range(rng.randint(2, 12))))
for _ in range(50):
    chosen = rng.sample(blocks, rng.randint(1, 4)) + [(0x20, 0x21), (0x61, 0x7B)]
    texts.append("".join(chr(rng.randrange(*rng.choice(chosen))) for _ in range(rng.randint(1, 30))))
texts = list(dict.fromkeys(texts))

prompts = [
    "", "  ", "a cat", "  a   cat \n\t and\r\n a dog  ", "a\u00a0cat\u2003and\u3000a\u2028dog", "a\u200bcat", "a\x1fcat\x1c ", "\x85a\x85cat",
    "salt &amp; pepper", "&lt;b&gt;bold&lt;/b&gt;", "&amp;lt;cat&amp;gt;", "&amp;amp;lt;", "R&D AT&T", "&#39;cat&#39; &#x1F600; &#0; &#128;",
    "&eacute;t&eacute; &EACUTE;T&EACUTE;", "&copy 2024 &notit; &nosuch;", "a < b &amp;&amp; c", "&nbsp;cat&nbsp;", "&lt", "&#xD800; &#1114112;",
    "“a cat” it’s ‘fine’", "ﬁne ﬂow oﬃce ĳ", "ＡＢＣ　ｃａｔ！", "ｶﾒﾗ ｶﾞ", "色调艳丽，过曝，静态", "cafe\u0301 Ku\u0308che", "\u212b \u2126", "①½ ²",
    "cafÃ©", "Ã©tÃ©", "schÃ¶n, KÃ¼che", "itâ€™s â€œfineâ€\x9d", "ðŸ˜€", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "çŒ«", "naÃ¯ve &amp; cafÃ©", "l\u2019\u00e9t\u00e9 \u00e0 la",
    "Ãƒ\u00a9", "a\x07b\x00c\ufeffd", "\x1b[31mred\x1b[0m", "a\x91b\x92 \x96", "\ufeffa cat", "a\u2066b\u2069\u206ac", "ÃŸ ß", "voilà le travail",
    "Zürich Straße São Paulo à noite", "привет мир", "猫と犬", "👩🏽‍🚀 🏳️‍🌈", "a </s> b <extra_id_0>", "▁a ▁ b", "\u1112\u1161\u11ab",
]  # fmt: skip


def trained(**settings):
    """A model that sentencepiece has trained on the sentences."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES.strip().split("\n") * 4), model_writer=file, model_type="unigram",
        vocab_size=PIECES, character_coverage=0.98, required_chars="".join(map(chr, range(33, 127))),
        byte_fallback=True, remove_extra_whitespaces=False,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, user_defined_symbols=MARKS, num_threads=1, minloglevel=2, **settings)  # fmt: skip
    return file.getvalue()


def compiled(rules):
    """The character map that sentencepiece compiles of the rules, by a model that is thrown away."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        points = lambda text: " ".join(f"{ord(letter):X}" for letter in text)
        file.write("".join(f"{points(key)}\t{points(value)}\n" for key, value in sorted(rules.items())))
        file.flush()
        model = trained(normalization_rule_tsv=file.name)
    return sentencepiece_model_pb2.ModelProto.FromString(model).normalizer_spec.precompiled_charsmap


def rules():
    """Some of what NFKC does, blanks of other kinds, and controls that vanish."""
    singles = [*range(0xFF01, 0xFF5F), *range(0xFF65, 0xFFA0), *range(0xFB00, 0xFB07), *range(0x2460, 0x2474), *range(0x2160, 0x2170)]
    rules = {chr(point): unicodedata.normalize("NFKC", chr(point)) for point in singles + [*map(ord, "½¼²³…ﷺ㍿㎏℃")]}
    for letter in "aeiouAEIOUyncsz":
        for mark in "\u0300\u0301\u0302\u0303\u0308\u0327\u030c":
            pair = letter + mark
            if len(unicodedata.normalize("NFKC", pair)) == 1:
                rules[pair] = unicodedata.normalize("NFKC", pair)
    for letter in "ｶｷｸｹｺﾊﾋﾌﾍﾎ":
        rules[letter + "ﾞ"] = unicodedata.normalize("NFKC", letter + "ﾞ")
    rules["\u1112\u1161\u11ab"] = "한"
    rules["\u1112\u1161"] = "하"
    rules |= dict.fromkeys("\t\n\r\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b", " ")
    return rules | dict.fromkeys("\x01\x02\x07\x7f\u00ad\ufeff", "")


def fast(model, normalizer):
    """tokenizer.json, as transformers converted UMT5's."""
    pieces = [(piece.piece, piece.score) for piece in sentencepiece_model_pb2.ModelProto.FromString(model).pieces]
    pieces += [(token, 0.0) for token in reversed(SENTINELS)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(normalizer + [normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])  # fmt: skip
    tokenizer.add_special_tokens(SPECIAL + list(reversed(SENTINELS)))
    return tokenizer


def token(content, **flags):
    return dict(content=content, lstrip=False, normalized=False, rstrip=False, single_word=False) | flags


def write(name, data):
    path = f"{HERE}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not isinstance(data, bytes):
        data = json.dumps(data, indent=None if name.endswith(".gz") else 1, separators=(",", ":") if name.endswith(".gz") else None)
        data = data.encode()
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)


model = trained(normalization_rule_name="identity")
plain, mapped = fast(model, []), fast(model, [normalizers.Precompiled(compiled(rules()))])
ids = {content: plain.token_to_id(content) for content in SPECIAL + SENTINELS}
write("tokenizer/spiece.model.gz", model)
write("tokenizer/tokenizer.json.gz", json.loads(plain.to_str()))
write("tokenizer-mapped/tokenizer.json.gz", json.loads(mapped.to_str()))
names = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>")
config = dict(
    added_tokens_decoder={str(i): token(content, special=True) for content, i in sorted(ids.items(), key=lambda pair: pair[1])},
    additional_special_tokens=SENTINELS, clean_up_tokenization_spaces=True, extra_ids=EXTRA,
    model_max_length=1000000000000000019884624838656, sp_model_kwargs={}, spaces_between_special_tokens=False,
    tokenizer_class="T5Tokenizer", **names)  # fmt: skip
write("tokenizer/tokenizer_config.json", config)
special = dict(additional_special_tokens=SENTINELS) | {key: token(content) for key, content in names.items()}
write("tokenizer/special_tokens_map.json", special)

with tempfile.TemporaryDirectory() as folder:
    for name, data in {"tokenizer.json": plain.to_str(), "tokenizer_config.json": json.dumps(config)}.items():
        with open(f"{folder}/{name}", "w") as file:
            file.write(data)
    rebuilt = T5TokenizerFast.from_pretrained(folder)
processor = sentencepiece.SentencePieceProcessor(model_proto=model)
expected = [plain.encode(text).ids for text in texts]
others = {
    "sentencepiece": [processor.encode(text, add_eos=True) for text in texts],
    "rebuilt": [rebuilt(text).input_ids for text in texts],
    "mapped": [mapped.encode(text).ids for text in texts],
}
same = lambda key, row: [3 if i == 2 and key == "rebuilt" else i for i in row]
different = {
    key: {str(i): row for i, row in enumerate(rows) if same(key, row) != same(key, expected[i])} for key, rows in others.items()
}
write("tokenizer/strings.json.gz", dict(texts=texts, ids=expected, **different))
for text, row in zip(texts, others["rebuilt"]):
    cut = rebuilt(text, padding="max_length", max_length=16, truncation=True).input_ids
    assert cut == (row + [0] * 16)[:16] if len(row) <= 16 else cut == row[:15] + [1]
print(len(texts), "texts;", {key: len(rows) for key, rows in different.items()}, "differ")

def tidied(text):
    """What `prompt_clean` does after ftfy."""
    return regex.sub(r"\s+", " ", html.unescape(html.unescape(text)).strip()).strip()


cleaning = []
for text in prompts:
    assert prompt_clean(text) == tidied(ftfy.fix_text(text))
    unmended = tidied(ftfy.fix_text(text, fix_encoding=False))
    cleaning.append(dict(text=text, cleaned=prompt_clean(text), unmended=unmended, plain=tidied(text)))
write("tokenizer/cleaning.json", cleaning)
print(len(prompts), "prompts;", [sum(row["cleaned"] != row[key] for row in cleaning) for key in ("unmended", "plain")], "differ")
