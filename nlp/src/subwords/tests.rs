use super::*;

fn encoder(subwords: &[&str]) -> SubwordTextEncoder {
    SubwordTextEncoder::new(subwords.iter().copied()).unwrap()
}

#[test]
fn texts_survive_any_vocabulary() {
    let encoders = [
        encoder(&[]),
        encoder(&["a_", "b", "ab", ", ", "\\&und", "x\\&undscy", "_", "é", "undsc_", "\\&undsc", "a\\&undsc_"]),
        encoder(&["<EOS>", "a-b", " a", "a\\&"]),
    ];
    let texts = [
        "",
        " ",
        "  ",
        "a b",
        "a  b ",
        "_",
        "__ _",
        "a_ b",
        "x_y z_",
        "\\&undsc",
        "a\\&undsc_ \\&undsc",
        "\\&und sc",
        "é漢\u{301}🙂 \n\t\0",
        "<EOS> a-b<EOS>",
        "x\\&undscy",
        "a\\_&undsc",
        "a-b c",
        "\u{feff}ab, ab",
    ];
    for encoder in &encoders {
        for text in texts {
            let ids = encoder.encode(text);
            assert_eq!(encoder.decode(&ids).unwrap(), text, "{:?} {ids:?}", encoder.subwords());
            assert!(ids.iter().all(|&id| id > 0 && (id as usize) < encoder.vocab_size()));
        }
    }
}

#[test]
fn the_longest_piece_wins() {
    let encoder = encoder(&["ca", "cat", "cats_", "s"]);
    assert_eq!(encoder.encode("cats cats"), [3, 2, 4]);
    assert_eq!(encoder.encode("c"), [5 + i32::from(b'c')]);
    assert_eq!(encoder.encode("cat ")[1], 5 + i32::from(b' '));
}

#[test]
fn ids_are_checked() {
    let encoder = encoder(&["a"]);
    assert_eq!(encoder.decode(&[0, 1, 0, 1, 0]).unwrap(), "aa");
    let beyond = encoder.decode(&[1, 258]).unwrap_err();
    assert!(beyond.is_data() && beyond.to_string().contains("id 258 at index 1"), "{beyond}");
    assert!(encoder.decode(&[-1]).unwrap_err().is_data());
    // Half a character is no text.
    assert_eq!(encoder.decode(&[2 + 0xc3, 1]).unwrap(), "a");
}

#[test]
fn pieces_are_checked() {
    assert!(SubwordTextEncoder::new(["a", ""]).unwrap_err().is_data());
    assert_eq!(encoder(&["a", "b", "a"]).encode("ab"), [3, 2]);
}

#[test]
fn files_are_tfds_files() {
    let plain = encoder(&["the_", "'", "\\&undsc_"]);
    assert_eq!(SubwordTextEncoder::from_text(&plain.to_text()).unwrap().subwords(), plain.subwords());
    let breaks = encoder(&["a\n", "\\n", "\r"]);
    assert!(breaks.to_text().contains("'a\\n'"));
    assert_eq!(SubwordTextEncoder::from_text(&breaks.to_text()).unwrap().subwords(), breaks.subwords());

    let refuse = |text: &str| SubwordTextEncoder::from_text(text).unwrap_err();
    assert!(refuse("[PAD]\n").is_format());
    assert!(refuse("### SubwordTextEncoder\n").is_format());
    assert!(refuse("### SubwordTextEncoder\n### Metadata: {\n").is_format());
    let cut = refuse("### SubwordTextEncoder\n### Metadata: {}\n'a'\n'b");
    assert!(cut.to_string().contains("line 4 is `'b`"), "{cut}");
    assert!(refuse("### SubwordTextEncoder\n### Metadata: {\"escaped\": true}\n'\\x'\n").is_format());
}

#[test]
fn building_says_what_is_wrong() {
    let build = |texts: &[&str], options| SubwordTextEncoder::build_from_corpus(texts, options);
    assert!(build(&["a"], SubwordOptions::new(257)).unwrap_err().is_argument());
    assert!(build(&["a"], SubwordOptions::new(300).max_subword_length(0)).unwrap_err().is_argument());
    assert!(build(&["a"], SubwordOptions::new(300).reserved_tokens(["a_b"])).unwrap_err().is_argument());
    assert!(build(&["a"], SubwordOptions::new(300).reserved_tokens(["x", "x"])).unwrap_err().is_argument());
    assert!(build(&[""], SubwordOptions::new(300)).unwrap_err().is_data());
    assert!(build(&[], SubwordOptions::new(300)).unwrap_err().is_data());
}

#[test]
fn reserved_tokens_are_whole_and_first() {
    let options = SubwordOptions::new(300).reserved_tokens(["<EOS>"]);
    let texts = ["go home<EOS>", "go on<EOS>", "go up<EOS>"];
    let encoder = SubwordTextEncoder::build_from_corpus(texts, options).unwrap();
    assert_eq!(encoder.subwords()[0], "<EOS>");
    assert_eq!(encoder.encode("go on<EOS>").last(), Some(&1));
}
