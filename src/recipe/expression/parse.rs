//! Text to terms: the usual precedence, `^` to the right and before a sign, `&&` before `||`.

use super::super::decode::nearest;
use super::super::diagnostics::quoted;
use super::{DEEPEST, Fault, Function, LONGEST, MOST_CALLS, Term, TermKind};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Sign(&'static str),
    End,
}

/// Longer signs stand before their beginnings.
const SIGNS: [&str; 18] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "^", "(", ")", ",", "%"];

/// Infix operators, by how strongly they bind.
const INFIX: [(&str, u8, Function); 13] = [
    ("||", 1, Function::Or),
    ("&&", 2, Function::And),
    ("==", 3, Function::Equal),
    ("!=", 3, Function::NotEqual),
    ("<", 4, Function::Less),
    ("<=", 4, Function::LessEqual),
    (">", 4, Function::Greater),
    (">=", 4, Function::GreaterEqual),
    ("+", 5, Function::Add),
    ("-", 5, Function::Subtract),
    ("*", 6, Function::Multiply),
    ("/", 6, Function::Divide),
    ("^", 8, Function::Power),
];
/// A sign in front binds stronger than `*` and weaker than `^`: `-2^2` is -4.
const PREFIX: u8 = 7;

struct Parser<'t> {
    text: &'t str,
    at: usize,
    token: Token,
    start: usize,
    /// End of the token before.
    last: usize,
    depth: usize,
    calls: usize,
}

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Term, Fault> {
    if text.len() > LONGEST {
        let fault = Fault::at(0, text.len(), format!("an expression is at most {LONGEST} bytes long"));
        return Err(fault.help("give parts of it names, as parameters"));
    }
    let mut parser = Parser { text, at: 0, token: Token::End, start: 0, last: 0, depth: 0, calls: 0 };
    parser.next()?;
    if parser.token == Token::End {
        return Err(Fault::at(0, text.len(), "this expression is empty"));
    }
    let term = parser.binary(0)?;
    match parser.token {
        Token::End => Ok(term),
        _ => Err(parser.unexpected("an operator")),
    }
}

impl Parser<'_> {
    fn next(&mut self) -> Result<(), Fault> {
        self.last = self.at;
        let rest = &self.text[self.at..];
        let blank = rest.len() - rest.trim_start().len();
        self.start = self.at + blank;
        let rest = &self.text[self.start..];
        let Some(first) = rest.chars().next() else {
            (self.token, self.at) = (Token::End, self.text.len());
            return Ok(());
        };
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            let length = number_length(rest);
            let value = rest[..length].replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite());
            let value = value.filter(|value| value.abs() <= 1e9);
            let place = (self.start, self.start + length);
            let value = value.ok_or_else(|| Fault::at(place.0, place.1, "numbers go from -1e9 to 1e9"))?;
            (Token::Number(value), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Word(rest[..length].to_owned()), length)
        } else if first == '\'' {
            let Some(length) = rest[1..].find('\'') else {
                return Err(Fault::at(self.start, self.text.len(), "this `'` is never closed"));
            };
            (Token::Text(rest[1..=length].to_owned()), length + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            let shown = quoted(&first.to_string());
            let fault = Fault::at(
                self.start,
                self.start + first.len_utf8(),
                format!("`{shown}` means nothing in an expression"),
            );
            return Err(match first {
                '=' => fault.help("to compare, write `==`"),
                '&' => fault.help("`and` is written `&&`"),
                '|' => fault.help("`or` is written `||`"),
                '"' => fault.help("names stand in single quotes: 'rain'"),
                _ => fault,
            });
        };
        (self.token, self.at) = (token, self.start + length);
        Ok(())
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let end = self.at.max(self.start);
        let found = match &self.token {
            Token::End => "the end".to_owned(),
            _ => format!("`{}`", quoted(&self.text[self.start..end])),
        };
        let fault = Fault::at(self.start.min(self.last), end, format!("expected {expected}, found {found}"));
        match &self.token {
            Token::Word(word) if matches!(word.as_str(), "and" | "or") => fault.help("write `&&` and `||`"),
            Token::Sign("%") => fault.help("write a share as a number from 0 to 1"),
            _ => fault,
        }
    }

    fn sign(&mut self, sign: &str) -> Result<bool, Fault> {
        let is = matches!(self.token, Token::Sign(found) if found == sign);
        if is {
            self.next()?;
        }
        Ok(is)
    }

    /// A term with every infix operator that binds at least so strongly.
    fn binary(&mut self, least: u8) -> Result<Term, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.too_deep());
        }
        let mut left = self.prefix()?;
        while let Token::Sign(sign) = self.token
            && let Some(&(_, strength, function)) = INFIX.iter().find(|(infix, ..)| *infix == sign)
            && strength >= least
        {
            self.next()?;
            self.count()?;
            // To the left, but for powers.
            let right = self.binary(if function == Function::Power { PREFIX } else { strength + 1 })?;
            if strength == 4 && matches!(self.token, Token::Sign("<" | "<=" | ">" | ">=")) {
                let fault = Fault::at(self.start, self.at, "comparisons cannot be chained");
                return Err(fault.help("write `a < b && b < c`"));
            }
            left = Term { start: left.start, end: right.end, kind: TermKind::Call(function, vec![left, right]) };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn too_deep(&self) -> Fault {
        let message = format!("this expression nests more than {DEEPEST} deep");
        Fault::at(self.start, self.at.max(self.start), message).help("give parts of it names, as parameters")
    }

    /// One more operator or function: what is evaluated by recursion has to have an end.
    fn count(&mut self) -> Result<(), Fault> {
        self.calls += 1;
        if self.calls <= MOST_CALLS {
            return Ok(());
        }
        let message = format!("an expression has at most {MOST_CALLS} operators and functions");
        Err(Fault::at(self.start, self.at.max(self.start), message).help("give parts of it names, as parameters"))
    }

    fn prefix(&mut self) -> Result<Term, Fault> {
        let start = self.start;
        let function = match self.token {
            Token::Sign("-") => Function::Negate,
            Token::Sign("!") => Function::Not,
            _ => return self.atom(),
        };
        self.next()?;
        self.count()?;
        let inner = self.binary(PREFIX)?;
        Ok(Term { start, end: inner.end, kind: TermKind::Call(function, vec![inner]) })
    }

    fn atom(&mut self) -> Result<Term, Fault> {
        let (start, end) = (self.start, self.at);
        let kind = match self.token.clone() {
            Token::Number(value) => TermKind::Number(value),
            Token::Text(text) => TermKind::Text(text),
            Token::Word(word) => {
                self.next()?;
                if matches!(self.token, Token::Sign("(")) {
                    return self.call(&word, start, end);
                }
                return Ok(Term { start, end, kind: TermKind::Parameter(word) });
            }
            Token::Sign("(") => {
                self.next()?;
                let inner = self.binary(0)?;
                let end = self.at;
                if !self.sign(")")? {
                    return Err(self.unexpected("`)`"));
                }
                return Ok(Term { start, end, ..inner });
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next()?;
        Ok(Term { start, end, kind })
    }

    fn call(&mut self, name: &str, start: usize, end: usize) -> Result<Term, Fault> {
        let Some(&(_, usage, function)) = Function::NAMED.iter().find(|(known, ..)| *known == name) else {
            let fault = Fault::at(start, end, format!("there is no function `{}`", quoted(name)));
            let names = Function::NAMED.iter().map(|(name, ..)| *name);
            let known = names.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(match nearest(name, names) {
                Some(near) => fault.help(format!("did you mean `{near}`? Known are {known}")),
                None => fault.help(format!("known are {known}")),
            });
        };
        self.next()?;
        self.count()?;
        let mut terms = Vec::new();
        while !matches!(self.token, Token::Sign(")")) {
            terms.push(self.binary(0)?);
            if !self.sign(",")? {
                break;
            }
        }
        let end = self.at;
        if !self.sign(")")? {
            return Err(self.unexpected("`,` or `)`"));
        }
        if !function.takes(terms.len()) {
            return Err(Fault::at(start, end, format!("`{name}` is written {usage}")));
        }
        Ok(Term { start, end, kind: TermKind::Call(function, terms) })
    }
}

/// How many bytes of `text`, which begins with a digit or a dot, are a number.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let after_exponent = at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let part = bytes[at].is_ascii_digit()
            || matches!(bytes[at], b'.' | b'_')
            || (matches!(bytes[at], b'e' | b'E') && at > 0)
            || (matches!(bytes[at], b'+' | b'-') && after_exponent);
        if !part {
            break;
        }
        at += 1;
    }
    at
}
