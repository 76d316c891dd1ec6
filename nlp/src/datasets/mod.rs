//! The course's text data, read from files that are already there.
//!
//! ```no_run
//! use practicum_nlp::datasets;
//!
//! let headlines = datasets::sarcasm::load("data/sarcasm/sarcasm.json")?;
//! assert_eq!(headlines.len(), 26_709);
//! # Ok::<(), practicum_core::Error>(())
//! ```

pub mod bbc;
#[cfg(feature = "builtin")]
pub mod builtin;
pub mod imdb;
pub mod lanigan;
pub mod lyrics;
pub mod sarcasm;
pub mod twitter;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn missing_and_foreign_files() {
        assert!(lyrics::load("no/such/file").unwrap_err().is_io());
        let error = lyrics::load(file(b"ok \xff").path()).unwrap_err();
        assert!(error.is_format() && error.to_string().contains("offset 3"), "{error}");
    }

    #[test]
    fn lyrics_are_lines() {
        assert_eq!(lyrics::load(file("\u{feff}One\r\nTwo\n".as_bytes()).path()).unwrap(), ["One", "Two", ""]);
        assert!(lyrics::load(file(b" \n\n").path()).unwrap_err().is_data());
    }

    #[test]
    fn sarcasm_is_an_array_of_headlines() {
        let good = file(br#"[{"article_link": "l", "headline": "h", "is_sarcastic": 1, "more": 0}]"#);
        let headlines = sarcasm::load(good.path()).unwrap();
        assert_eq!((headlines[0].headline.as_str(), headlines[0].is_sarcastic), ("h", true));

        let refuse = |content: &str| sarcasm::load(file(content.as_bytes()).path()).unwrap_err();
        assert!(refuse("[]").is_data());
        let label = refuse(r#"[{"article_link": "l", "headline": "h", "is_sarcastic": 2}]"#);
        assert!(label.is_data() && label.to_string().contains("record 0 has is_sarcastic 2"), "{label}");
        assert!(refuse(r#"[{"article_link": "l", "headline": " ", "is_sarcastic": 0}]"#).is_data());
        assert!(refuse(r#"[{"article_link": "l", "is_sarcastic": 0}]"#).to_string().contains("missing field `headline`"));
        assert!(refuse(r#"[{"article_link": "l", "headline": "h"#).is_format());
        let lines = file(b"{\"headline\": \"h\", \"is_sarcastic\": 0}\n\n{\"headline\": \"i\", \"is_sarcastic\": 1}\n");
        assert_eq!(sarcasm::load(lines.path()).unwrap().len(), 2);
        let broken = refuse("{\"headline\": \"h\", \"is_sarcastic\": 0}\n{\"headline\": \n");
        assert!(broken.is_format() && broken.to_string().contains("line 2"), "{broken}");
    }

    #[test]
    fn bbc_is_two_columns() {
        let good = file(b"category,text\nsport,\"he said, \"\"yes\"\"\"\ntech,tv\n");
        let articles = bbc::load(good.path()).unwrap();
        assert_eq!(articles[0].text, "he said, \"yes\"");
        assert_eq!(articles[1].category, "tech");

        let refuse = |content: &str| bbc::load(file(content.as_bytes()).path()).unwrap_err();
        let header = refuse("label,text\nsport,x\n");
        assert!(header.is_format() && header.to_string().contains("expected `category,text`"), "{header}");
        assert!(refuse("").is_format());
        assert!(refuse("category,text\n").is_data());
        let ragged = refuse("category,text\nsport,a\nsport,a,b\n");
        assert!(ragged.is_format() && ragged.to_string().contains("line: 3"), "{ragged}");
        let unknown = refuse("category,text\nsports,a\n");
        assert!(unknown.is_unknown() && unknown.to_string().contains("did you mean `sport`?"), "{unknown}");
        assert!(refuse("category,text\nsport,\n").is_data());
    }
}
