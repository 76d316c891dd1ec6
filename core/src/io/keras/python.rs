//! JSON as Python writes it, which has numbers that JSON does not have.

use serde_json::Value;

/// Infinite numbers and NaN become texts with their names.
///
/// # Errors
/// What is no JSON else.
pub(super) fn json(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(text).or_else(|error| {
        let quoted = quote(text);
        if quoted.len() == text.len() { Err(error) } else { serde_json::from_slice(&quoted) }
    })
}

/// Puts quotation marks around the names of numbers, outside of texts.
fn quote(text: &[u8]) -> Vec<u8> {
    const NAMES: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let (mut quoted, mut rest, mut within) = (Vec::with_capacity(text.len()), text, false);
    while let Some((&byte, after)) = rest.split_first() {
        let name = NAMES.iter().find(|name| !within && rest.starts_with(name));
        let taken = match (name, byte) {
            (Some(name), _) => {
                quoted.extend([b"\"", *name, b"\""].concat());
                rest = &rest[name.len()..];
                continue;
            }
            // What is escaped ends no text.
            (None, b'\\') if within => 2.min(rest.len()),
            _ => 1,
        };
        within ^= byte == b'"';
        quoted.extend(&rest[..taken]);
        rest = if taken == 1 { after } else { &rest[taken..] };
    }
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn numbers_without_json_are_read_by_their_names() {
        let text = br#"{"a": [Infinity, -Infinity, 1.5], "NaN": NaN, "b": "a \" Infinity \\", "c": -Infinity}"#;
        let expected = json!({"a": ["Infinity", "-Infinity", 1.5], "NaN": "NaN", "b": "a \" Infinity \\", "c": "-Infinity"});
        assert_eq!(super::json(text).unwrap(), expected);
        for broken in [br#"{"a": Infinity"#.as_slice(), b"Infinit", b"\"Infinity", b"\"\\"] {
            assert!(super::json(broken).is_err());
        }
    }
}
