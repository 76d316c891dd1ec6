"""Writes subwords.json: what the SubwordTextEncoder of TensorFlow Datasets 4.9 builds, encodes and saves.

    python subwords.py > subwords.json      # needs tensorflow-datasets
"""

import json
import os
import tempfile

from tensorflow_datasets.core.deprecated.text.subword_text_encoder import SubwordTextEncoder

CORPUS = [
    "The owl and the mole walked down the road, and the owl said: “How far is the road?”",
    "The mole didn't know how far; the mole had never walked the_road before...",
    "Walking and talking, talking and walking — the naïve owl was happy, the mole was not!",
    "Two roads, three owls, 17 moles; 3.5 miles and no_end in sight <br /><br />The end.",
    "The owl's eyes: 👀👀. 東京の夜は長い。The moles' noses: 0x1F, 42, ½.",
    "  Spaces   at both ends and between.  ",
]

TEXTS = CORPUS + [
    "",
    " ",
    "TensorFlow, from basics to mastery",
    "_underscores_ and more, in a_text",
    "unheard_of 🙂 \n\t words\u00a0here",
    "owl",
    "the the  the",
    "e\u0301te\u0301 Ⓐ ٣ ²",
]

VOCABULARIES = [
    [],
    ["the_", "owl", "ow", "l_", "and_", ", ", "東京", "_", "o", "ro", "road", "road_"],
    ["<br />", "a-b", "the_", "\\&undsc", "naï", "ïve_", "👀"],
]


def case(encoder):
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "vocabulary")
        encoder.save_to_file(prefix)
        with open(prefix + ".subwords", encoding="utf-8", newline="") as file:
            saved = file.read()
    return {
        "subwords": encoder.subwords,
        "vocab_size": encoder.vocab_size,
        "saved": saved,
        "ids": [encoder.encode(text) for text in TEXTS],
    }


cases = [dict(case(SubwordTextEncoder(vocab_list=pieces)), target=None) for pieces in VOCABULARIES]
for target, longest, chars, reserved in [(280, 20, None, []), (300, 20, None, []), (300, 4, None, []), (400, 20, 150, []), (320, 20, None, ["<EOS>"])]:
    built = SubwordTextEncoder.build_from_corpus(
        CORPUS, target, max_subword_length=longest, max_corpus_chars=chars, reserved_tokens=reserved
    )
    cases.append(dict(case(built), target=target, longest=longest, chars=chars, reserved=reserved))

print(json.dumps({"corpus": CORPUS, "texts": TEXTS, "cases": cases}, ensure_ascii=True))
