//! Texts that are printed.

use super::super::super::diagnostics::{Problem, Span, quoted};
use super::super::super::syntax::{Kind as Is, Node};
use super::super::fields::{Form, Variants, variant};
use super::super::number::{Limits, whole};
use super::super::{Context, dist};
use super::{LONGEST, word};
use crate::paint::Words;

pub(super) const WORDS: Variants = Variants {
    what: "a text, a list of texts, or one made up such as Digits(6)",
    forms: &[
        &Form::variant("Digits", &["count"], &[]),
        &Form::variant("Code", &["code"], &[]),
        &Form::variant("Date", &[], &["from", "to"]),
        &dist::CHOICE,
        &dist::WEIGHTED,
    ],
};
/// The longest printed text, bytes.
const LONGEST_TEXT: usize = 200;

/// A text, in whichever way it is said.
pub(super) fn words(cx: &mut Context, node: &Node) -> Option<Words> {
    match &node.kind {
        Is::List(items) if items.len() <= LONGEST => {
            let all: Vec<_> = items.iter().map(|item| words(cx, item)).collect();
            all.into_iter().collect::<Option<Vec<_>>>().map(Words::Joined)
        }
        Is::Text(_) => text(cx, node),
        Is::Group(_) if dist::is_choice(word(node)) => text(cx, node),
        _ => {
            let (name, fields) = variant(cx, node, &WORDS)?;
            match name {
                "Digits" => {
                    const COUNT: Limits = Limits { whole: true, ..Limits::new(1.0, 40.0, "from 1 to 40", true) };
                    fields.need(cx, "count", |cx, node| whole(cx, node, COUNT)).map(Words::Digits)
                }
                "Code" => fields.need(cx, "code", |cx, node| {
                    let code = cx.text(node, "a text such as \"LOT-####\"")?;
                    short(cx, code, node.span).then(|| Words::Code(code.to_owned()))
                }),
                _ => {
                    const YEAR: Limits = Limits { whole: true, ..Limits::new(1.0, 9999.0, "from 1 to 9999", true) };
                    let [from, to] = [("from", 2020), ("to", 2030)]
                        .map(|(name, year)| fields.or(cx, name, year, |cx, node| whole(cx, node, YEAR)));
                    let (from, to) = (from?, to?);
                    if from > to {
                        let message = format!("the first year, {from}, is after the last one, {to}");
                        cx.push(Problem::at(fields.head, message).help("write the earlier year first"));
                        return None;
                    }
                    Some(Words::Date { from, to })
                }
            }
        }
    }
}

fn text(cx: &mut Context, node: &Node) -> Option<Words> {
    let long = std::cell::Cell::new(None);
    let text = dist::varied_text(cx, node, "a text", &|_, text, span| {
        if text.len() > LONGEST_TEXT {
            long.set(Some(span));
        }
    })?;
    if let Some(span) = long.get() {
        short(cx, &"x".repeat(LONGEST_TEXT + 1), span);
        return None;
    }
    Some(Words::Text(text))
}

fn short(cx: &mut Context, text: &str, span: Span) -> bool {
    let good = text.len() <= LONGEST_TEXT;
    if !good {
        cx.push(Problem::at(span, format!("a printed text has at most {LONGEST_TEXT} bytes")));
    }
    good
}

/// Twelve digits, to which the one that checks them is added, or all thirteen.
pub(super) fn barcode(cx: &mut Context, node: &Node) -> Option<Words> {
    let digits = cx.text(node, "twelve or thirteen digits in quotes")?;
    let checked = match digits.len() {
        _ if !digits.bytes().all(|digit| digit.is_ascii_digit()) => None,
        12 => Some(crate::paint::with_check_digit(digits)),
        13 => Some(crate::paint::with_check_digit(&digits[..12])).filter(|all| all == digits),
        _ => None,
    };
    if checked.is_none() {
        let problem = Problem::at(node.span, format!("\"{}\" is not the number of an EAN-13 barcode", quoted(digits)));
        let help = match digits.get(..12).filter(|all| digits.len() == 13 && all.bytes().all(|d| d.is_ascii_digit())) {
            Some(first) => format!("its last digit checks the others: \"{}\"", crate::paint::with_check_digit(first)),
            None => "write twelve digits, or thirteen; or leave it out for random ones".into(),
        };
        cx.push(problem.help(help));
    }
    checked.map(|digits| Words::plain(&digits))
}
