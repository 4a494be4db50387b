//! Numbers as RON writes them.

use super::lexer::Token;

/// `inf` and `NaN`, as RON writes them.
pub(super) fn special_number(word: &str) -> Option<f64> {
    match word {
        "inf" | "inff32" | "inff64" => Some(f64::INFINITY),
        "NaN" | "NaNf32" | "NaNf64" => Some(f64::NAN),
        _ => None,
    }
}

pub(super) fn is_hex(written: &str) -> bool {
    written.trim_start_matches(['+', '-']).starts_with("0x")
}

pub(super) fn parse_number(written: &str) -> Option<Token> {
    let (sign, unsigned) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+').unwrap_or(written)),
    };
    if let Some(special) = special_number(unsigned) {
        return Some(Token::Float(f64::from(sign) * special));
    }
    let radix = match unsigned.get(..2) {
        Some("0x") => 16,
        Some("0b") => 2,
        Some("0o") => 8,
        _ => 10,
    };
    let digits = if radix == 10 { unsigned } else { &unsigned[2..] };
    let suffixes = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
    let whole = suffixes.iter().find_map(|suffix| digits.strip_suffix(suffix)).unwrap_or(digits);
    if whole.starts_with('_') || digits.starts_with('_') {
        return None;
    }
    let plain = whole.replace('_', "");
    if !plain.is_empty() && plain.chars().all(|c| c.is_digit(radix)) {
        if let Ok(value) = i128::from_str_radix(&plain, radix) {
            // The range of RON's integers; what is larger is read as a float there, and so here.
            let value = i128::from(sign) * value;
            if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value) {
                return Some(Token::Integer(value));
            }
        }
        if radix != 10 || whole != digits {
            return None;
        }
    }
    if radix != 10 || !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let (number, single) = match unsigned.strip_suffix("f32") {
        Some(number) => (number, true),
        None => (unsigned.strip_suffix("f64").unwrap_or(unsigned), false),
    };
    let number = number.replace('_', "");
    let value: f64 = if single { f64::from(number.parse::<f32>().ok()?) } else { number.parse().ok()? };
    Some(Token::Float(f64::from(sign) * value))
}
