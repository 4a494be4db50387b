//! Text to tokens, on demand. Mistakes inside a token are reported here; the token then becomes [`Token::Bad`].

use std::collections::VecDeque;

use super::super::diagnostics::{Problem, Report, Span, quoted};
use super::number::{is_hex, parse_number};

/// The smallest pieces of RON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `(`, `[` or `{`
    Open(char),
    /// `)`, `]` or `}`
    Close(char),
    Comma,
    Colon,
    Ident(String),
    Integer(i128),
    Float(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    /// A character that starts no token.
    Stray(char),
    /// Something that is reported already.
    Bad,
    /// The end of the text.
    End,
}

/// Cutting a text that was never closed off at its line means reading what follows again; this bounds how often.
const MOST_REWINDS: u32 = 16;

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    ahead: VecDeque<(Token, Span)>,
    /// The last token that was taken.
    last: Span,
    last_is_text: bool,
    rewinds: u32,
    /// Whether the rest of the text was swallowed by something that has no end (and is reported).
    pub(super) swallowed: bool,
    pub(super) report: Report,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let last = Span::new(at, at);
        let report = Report::default();
        Self { text, at, ahead: VecDeque::new(), last, last_is_text: false, rewinds: 0, swallowed: false, report }
    }

    /// The next token but `n`.
    pub(super) fn peek(&mut self, n: usize) -> &Token {
        while self.ahead.len() <= n {
            let token = self.lex();
            self.ahead.push_back(token);
        }
        &self.ahead[n].0
    }

    /// Where the next token is.
    pub(super) fn peek_span(&mut self) -> Span {
        self.peek(0);
        self.ahead[0].1
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> (Token, Span) {
        self.peek(0);
        let (token, span) = self.ahead.pop_front().unwrap_or((Token::End, self.last));
        if token != Token::End {
            self.last = span;
            self.last_is_text = matches!(token, Token::Text(_));
        }
        (token, span)
    }

    /// Where the last taken token was.
    pub(super) fn last(&self) -> Span {
        self.last
    }

    /// If the last token is a text over several lines with something after it that cannot follow a text, its closing quote
    /// is likely missing. Reports that, goes on where it was likely meant to be, and returns true.
    pub(super) fn cut_unclosed_text(&mut self) -> bool {
        let several_lines = self.last_is_text && self.text[self.last.start..self.last.end].contains('\n');
        if !several_lines || self.rewinds >= MOST_REWINDS {
            return false;
        }
        if matches!(self.peek(0), Token::Comma | Token::Colon | Token::Close(_) | Token::End) {
            return false;
        }
        self.rewinds += 1;
        self.ahead.clear();
        self.last_is_text = false;
        self.unclosed_text(self.last.start);
        self.at = self.likely_end(self.last.start);
        self.last = Span::new(self.last.start, self.at);
        true
    }

    /// Where a text that starts at a quote was likely meant to end: at the next comma or closing bracket of its line.
    fn likely_end(&self, start: usize) -> usize {
        let inside = &self.text[start + 1..];
        inside.find(['\n', ',', ')', ']', '}']).map_or(self.text.len(), |length| start + 1 + length)
    }

    fn unclosed_text(&mut self, start: usize) {
        self.report.push(
            Problem::at(Span::new(start, start + 1), "this text has no closing quote")
                .label(Span::new(start, start + 1), "it starts here")
                .help("end it with `\"` on the same line"),
        );
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let there = self.rest().starts_with(prefix);
        if there {
            self.at += prefix.len();
        }
        there
    }

    fn skip_while(&mut self, test: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !test(c)).unwrap_or(rest.len());
    }

    fn skip_space(&mut self) {
        loop {
            self.skip_while(|c| c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}'));
            if self.rest().starts_with("//") {
                self.skip_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.skip_block_comment();
            } else {
                return;
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            if self.eat("/*") {
                depth += 1;
            } else if self.eat("*/") {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            } else if let Some(c) = self.char() {
                self.at += c.len_utf8();
            } else {
                let span = Span::new(start, start + 2);
                self.report.push(Problem::at(span, "this comment has no end").help("close it with `*/`"));
                self.swallowed = true;
                return;
            }
        }
    }

    fn lex(&mut self) -> (Token, Span) {
        self.skip_space();
        let start = self.at;
        let token = self.token(start);
        (token, Span::new(start, self.at))
    }

    fn token(&mut self, start: usize) -> Token {
        let Some(c) = self.char() else { return Token::End };
        let second = self.rest()[c.len_utf8()..].chars().next();
        match c {
            '"' => self.plain_text(start),
            'r' if self.rest().starts_with("r\"") || self.raw_text_follows(1) => self.raw_text(start),
            'b' if self.rest().starts_with("b\"") || self.rest().starts_with("b'") => {
                self.at += 1;
                self.bytes(start)
            }
            'b' if self.rest().starts_with("br") && (self.rest().starts_with("br\"") || self.raw_text_follows(2)) => {
                self.at += 1;
                match self.raw_text(start) {
                    Token::Text(text) => Token::Bytes(text.into_bytes()),
                    other => other,
                }
            }
            'r' if second == Some('#') => {
                self.at += 2;
                let from = self.at;
                self.skip_while(|c| is_name(c) || matches!(c, '.' | '+' | '-'));
                Token::Ident(self.text[from..self.at].into())
            }
            _ if is_name_start(c) => {
                self.skip_while(is_name);
                Token::Ident(self.text[start..self.at].into())
            }
            '0'..='9' => self.number(start),
            '+' | '-' | '.'
                if second.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.') && !self.rest().starts_with("..") =>
            {
                self.number(start)
            }
            '\'' => self.character(start),
            _ => {
                self.at += c.len_utf8();
                match c {
                    '(' | '[' | '{' => Token::Open(c),
                    ')' | ']' | '}' => Token::Close(c),
                    ',' => Token::Comma,
                    ':' => Token::Colon,
                    _ => Token::Stray(c),
                }
            }
        }
    }

    /// Whether `#"`, `##"`... follows `skip` bytes on.
    fn raw_text_follows(&self, skip: usize) -> bool {
        let rest = &self.rest()[skip..];
        rest.starts_with('#') && rest.trim_start_matches('#').starts_with('"')
    }

    fn raw_text(&mut self, start: usize) -> Token {
        self.at += 1;
        let from = self.at;
        self.skip_while(|c| c == '#');
        let end = format!("\"{}", &self.text[from..self.at]);
        self.at += 1;
        match self.rest().find(&end) {
            Some(length) => {
                let text = self.rest()[..length].into();
                self.at += length + end.len();
                Token::Text(text)
            }
            None => {
                let opening = Span::new(start, self.at);
                self.report
                    .push(Problem::at(opening, "this raw text has no end").help(format!("close it with `{end}`")));
                self.at = self.text.len();
                self.swallowed = true;
                Token::Bad
            }
        }
    }

    fn plain_text(&mut self, start: usize) -> Token {
        self.at += 1;
        let mut out = Vec::new();
        match self.quoted_bytes(&mut out, true) {
            Some(true) => match String::from_utf8(out) {
                Ok(text) => Token::Text(text),
                Err(_) => self.bad_escape(start, "these `\\x` escapes do not make up UTF-8 text"),
            },
            Some(false) => Token::Bad,
            None => {
                // No closing quote anywhere. Going on behind it finds what else is wrong.
                self.unclosed_text(start);
                self.at = if self.rewinds < MOST_REWINDS { self.likely_end(start) } else { self.text.len() };
                self.rewinds += 1;
                Token::Bad
            }
        }
    }

    fn bytes(&mut self, start: usize) -> Token {
        if self.eat("'") {
            self.at = start + 1;
            return match self.character(start) {
                Token::Char(c) if c.is_ascii() => Token::Integer(c as i128),
                Token::Char(_) => self.bad_escape(start, "a byte is one ASCII character"),
                other => other,
            };
        }
        self.at += 1;
        let mut out = Vec::new();
        match self.quoted_bytes(&mut out, false) {
            Some(true) => Token::Bytes(out),
            Some(false) => Token::Bad,
            None => {
                self.unclosed_text(start);
                self.at = self.text.len();
                self.swallowed = true;
                Token::Bad
            }
        }
    }

    /// Reads up to and over the closing quote. `None` where there is none; false where something in it was reported.
    fn quoted_bytes(&mut self, out: &mut Vec<u8>, utf8: bool) -> Option<bool> {
        let mut good = true;
        loop {
            let length = self.rest().find(['"', '\\'])?;
            out.extend_from_slice(&self.rest().as_bytes()[..length]);
            self.at += length + 1;
            if self.text.as_bytes()[self.at - 1] == b'"' {
                return Some(good);
            }
            let newline = self.eat("\r\n") || self.eat("\n");
            if newline {
                self.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            } else {
                good &= self.escape(out, utf8);
            }
        }
    }

    /// Reads what follows a backslash. False where that was reported.
    fn escape(&mut self, out: &mut Vec<u8>, utf8: bool) -> bool {
        let Some(c) = self.char() else { return false };
        self.at += c.len_utf8();
        let simple = match c {
            '\'' | '"' | '\\' => Some(c as u8),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            '0' => Some(0),
            'x' => {
                let byte = self.rest().get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                self.at += if byte.is_some() { 2 } else { 0 };
                byte
            }
            'u' if utf8 => {
                let length = self.rest().bytes().take(8).position(|b| b == b'}').unwrap_or(0);
                let digits = self.rest().get(..length).and_then(|inner| inner.strip_prefix('{'));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                if let Some(code) = code {
                    self.at += length + 1;
                    out.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
                    return true;
                }
                None
            }
            _ => None,
        };
        match simple {
            Some(byte) => {
                out.push(byte);
                true
            }
            None => {
                let from = self.at - c.len_utf8() - 1;
                self.report.push(
                    Problem::at(
                        Span::new(from, self.at),
                        format!("`\\{}` means nothing in a text", quoted(&c.to_string())),
                    )
                    .help("write a backslash as `\\\\`; folders in a path are parted by `/`"),
                );
                false
            }
        }
    }

    fn bad_escape(&mut self, start: usize, message: &str) -> Token {
        self.report.push(Problem::at(Span::new(start, self.at), message));
        Token::Bad
    }

    fn character(&mut self, start: usize) -> Token {
        self.at += 1;
        let mut out = Vec::new();
        let good = match self.char() {
            Some('\\') => {
                self.at += 1;
                self.escape(&mut out, true)
            }
            Some(c) => {
                self.at += c.len_utf8();
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                true
            }
            None => true,
        };
        let c = std::str::from_utf8(&out).ok().and_then(|text| text.chars().next());
        match c {
            Some(c) if self.eat("'") => Token::Char(c),
            _ if !good => Token::Bad,
            _ => {
                self.skip_while(|c| !matches!(c, '\'' | '\n' | ',' | ')'));
                self.eat("'");
                self.report.push(
                    Problem::at(Span::new(start, self.at), "text stands in double quotes").help("write `\"...\"`"),
                );
                Token::Bad
            }
        }
    }

    fn number(&mut self, start: usize) -> Token {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while let Some(&b) = bytes.get(end) {
            let exponent_sign =
                matches!(b, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E') && !is_hex(&self.text[start..end]);
            let range = b == b'.' && bytes.get(end + 1) == Some(&b'.');
            if range || !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || exponent_sign) {
                break;
            }
            end += 1;
        }
        self.at = end;
        let written = &self.text[start..end];
        if self.rest().starts_with("..") {
            self.skip_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '=' | '-' | '+'));
            let span = Span::new(start, self.at);
            self.report.push(
                Problem::at(span, "RON's ranges are not used here")
                    .help("write a range as `Uniform(1, 2)` or `UniformInt(1, 6)`"),
            );
            return Token::Bad;
        }
        parse_number(written).unwrap_or_else(|| {
            // A letter that is not ASCII (as in `5µm` or `90°`) belongs to the same mistake.
            self.skip_while(|c| is_name(c) || matches!(c, '°' | '%'));
            let written = &self.text[start..self.at];
            self.report.push(
                Problem::at(Span::new(start, self.at), format!("`{}` is not a number", quoted(written)))
                    .help("write a number without a unit, such as 0.25 or 8e3 (lengths are metres, angles degrees)"),
            );
            Token::Bad
        })
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
