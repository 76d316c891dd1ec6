//! Names and numbers as the charts write them.

use crate::model::thousands;

/// A log's name as words.
///
/// ```
/// assert_eq!(practicum_core::plot::labels::words("val_mae"), "validation MAE");
/// ```
pub fn words(name: &str) -> String {
    let short = ["mae", "mse", "rmse", "mape", "auc"];
    let words = name.split('_').map(|word| match word {
        "val" => "validation".to_owned(),
        word if short.contains(&word) => word.to_uppercase(),
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The same text with a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An integer with its thousands set apart: `101,770`.
pub fn grouped(value: u64) -> String {
    thousands(value)
}

/// A number with `decimals` places, its thousands set apart, and a true minus sign: `−1,234.6`.
pub fn fixed(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let sign = if value < 0.0 && plain.contains(|c: char| c.is_ascii_digit() && c != '0') { "−" } else { "" };
    match whole.parse() {
        Ok(whole) => format!("{sign}{}{rest}", grouped(whole)),
        Err(_) => format!("{sign}{plain}"),
    }
}

/// A number as a power of ten, with `decimals` places before it: `3.21×10⁻⁵`.
pub fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    format!("{}×{}", mantissa.replace('-', "−"), power_of_ten(exponent.parse().unwrap_or(0)))
}

/// `10⁻⁵`
pub(super) fn power_of_ten(exponent: i32) -> String {
    let digits = exponent.to_string();
    let raised = digits.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32('⁰' as u32 + other as u32 - '0' as u32).unwrap_or(other),
    });
    format!("10{}", raised.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_well() {
        let cases = [
            (words("val_binary_accuracy"), "validation binary accuracy"),
            (capital("éclair"), "Éclair"),
            (capital(""), ""),
            (grouped(101_770), "101,770"),
            (grouped(7), "7"),
            (grouped(1_000_000), "1,000,000"),
            (fixed(-1234.56, 1), "−1,234.6"),
            (fixed(-0.01, 1), "0.0"),
            (scientific(-3.214e-5, 2), "−3.21×10⁻⁵"),
            (power_of_ten(-1234), "10⁻¹²³⁴"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }
}
