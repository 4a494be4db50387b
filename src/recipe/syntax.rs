//! RON text to a tree in which every node knows its place.
//!
//! This is the notation alone; what the words mean is decided in `decode`. Beyond plain RON, one pair of parentheses may
//! hold positional values and then named ones (`On("table", spacing: 0.02)`). The reader goes on after a mistake, takes
//! time linear in the length of the text, and never nests deeper than [`MOST_DEPTH`].

mod lexer;
mod number;
mod tree;

pub use tree::{Arg, Group, Kind, Name, Node};

use super::diagnostics::{Problem, Report, Span, quoted};
use lexer::{Lexer, Token};
use number::special_number;

/// How deep brackets may nest.
pub const MOST_DEPTH: usize = 128;

/// What came of reading a text.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; [`Kind::Bad`] stands for what could not be read.
    pub root: Node,
    /// What was wrong, in the order in which it was found.
    pub problems: Vec<Problem>,
    /// Whether the brackets match, so that everything in the tree is where it was meant to be.
    pub well_nested: bool,
}

/// Reads a RON document.
pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser { lexer: Lexer::new(text), open: Vec::new(), well_nested: true };
    parser.attributes();
    let root = parser.document();
    let problems = parser.lexer.report.take();
    Parsed { root, problems, well_nested: parser.well_nested }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The brackets that are open here, outermost first.
    open: Vec<(char, Span)>,
    well_nested: bool,
}

fn closer(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Open(c) | Token::Close(c) | Token::Stray(c) => format!("`{}`", quoted(&c.to_string())),
        Token::Comma => "`,`".into(),
        Token::Colon => "`:`".into(),
        Token::Ident(name) => format!("`{}`", quoted(name)),
        Token::Integer(_) | Token::Float(_) => "a number".into(),
        Token::Char(_) => "a character".into(),
        Token::Text(_) | Token::Bytes(_) => "a text".into(),
        Token::Bad => "something unreadable".into(),
        Token::End => "the end of the file".into(),
    }
}

impl Parser<'_> {
    fn report(&mut self) -> &mut Report {
        &mut self.lexer.report
    }

    fn bad(&self, span: Span) -> Node {
        Node { span, kind: Kind::Bad }
    }

    /// `#![enable(implicit_some)]` and the like: understood, and without effect.
    fn attributes(&mut self) {
        while *self.lexer.peek(0) == Token::Stray('#') {
            let (_, start) = self.lexer.next();
            let well_formed = *self.lexer.peek(0) == Token::Stray('!') && *self.lexer.peek(1) == Token::Open('[');
            if !well_formed {
                let problem = Problem::at(start, "`#` starts an attribute such as `#![enable(implicit_some)]`");
                self.report().push(problem);
                continue;
            }
            self.lexer.next();
            self.lexer.next();
            self.skip_nested();
        }
    }

    fn document(&mut self) -> Node {
        if *self.lexer.peek(0) == Token::End {
            self.report()
                .push(Problem::new("there is nothing in it").help("a recipe is `( version: 1, name: \"...\", ... )`"));
            return self.bad(Span::default());
        }
        let root = self.value();
        match self.lexer.peek(0) {
            Token::End => {}
            Token::Colon if matches!(root.kind, Kind::Group(_)) => {
                self.well_nested = false;
                self.report().push(
                    Problem::at(root.span, "a recipe starts with `(` and ends with `)`")
                        .help("put one pair of parentheses around everything: `( version: 1, ... )`"),
                );
            }
            token if self.well_nested => {
                let message = format!("nothing may follow the end of the recipe, found {}", describe(token));
                let span = self.lexer.peek_span();
                self.well_nested = false;
                self.report().push(
                    Problem::at(span, message)
                        .label(Span::new(root.span.end.saturating_sub(1), root.span.end), "the recipe ends here")
                        .help("is there one closing bracket too many before this?"),
                );
            }
            _ => {}
        }
        root
    }

    /// Reads a value. Leaves a closing bracket or comma that stands in its place where it is.
    fn value(&mut self) -> Node {
        if matches!(self.lexer.peek(0), Token::Close(_) | Token::Comma | Token::End) {
            let message = format!("expected a value, found {}", describe(self.lexer.peek(0)));
            let at_end = *self.lexer.peek(0) == Token::End;
            let span = if at_end { self.lexer.last() } else { self.lexer.peek_span() };
            self.report().push(Problem::at(span, message));
            return self.bad(span);
        }
        let (token, span) = self.lexer.next();
        let kind = match token {
            Token::Ident(name) => return self.word(name, span),
            Token::Open('(') => return self.group(None, span),
            Token::Open('[') => return self.list(span),
            Token::Open(_) => return self.map(span),
            Token::Integer(value) => Kind::Integer(value),
            Token::Float(value) => Kind::Float(value),
            Token::Char(value) => Kind::Char(value),
            Token::Text(_) if self.lexer.cut_unclosed_text() => Kind::Bad,
            Token::Text(value) => Kind::Text(value),
            Token::Bytes(value) => Kind::Bytes(value),
            Token::Bad => Kind::Bad,
            other => {
                let problem = self.unexpected(&other, span, "a value");
                self.report().push(problem);
                Kind::Bad
            }
        };
        Node { span, kind }
    }

    fn unexpected(&self, token: &Token, span: Span, expected: &str) -> Problem {
        let problem = Problem::at(span, format!("expected {expected}, found {}", describe(token)));
        match token {
            Token::Stray('\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}') => {
                problem.help("text stands in straight double quotes: \"...\"")
            }
            Token::Stray('=') => problem.help("fields are written `name: value`"),
            Token::Stray(';') => problem.help("values are parted by `,`"),
            Token::Stray('#') => problem.help("comments start with `//`; a colour is written `Hex(\"#rrggbb\")`"),
            Token::Stray('°') => problem.help("angles are plain numbers, in degrees"),
            Token::Stray('%') => problem.help("write a share as a number from 0 to 1"),
            _ => problem,
        }
    }

    fn word(&mut self, name: String, span: Span) -> Node {
        if *self.lexer.peek(0) == Token::Open('(') {
            let (_, open) = self.lexer.next();
            return self.group(Some(Name { text: name, span }), open);
        }
        let kind = match name.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            word => match special_number(word) {
                Some(value) => Kind::Float(value),
                None => {
                    Kind::Group(Box::new(Group { name: Some(Name { text: name, span }), args: None, damaged: false }))
                }
            },
        };
        Node { span, kind }
    }

    fn group(&mut self, name: Option<Name>, open: Span) -> Node {
        let mut args = Vec::new();
        let (span, good) = self.sequence('(', open, |parser| {
            let arg = parser.arg();
            let good = arg.value.kind != Kind::Bad;
            args.push(arg);
            good
        });
        let start = name.as_ref().map_or(span.start, |name| name.span.start);
        let group = Group { name, args: Some(args), damaged: !good };
        Node { span: Span::new(start, span.end), kind: Kind::Group(Box::new(group)) }
    }

    fn arg(&mut self) -> Arg {
        let separator = self.separator_at(1);
        let named = match self.lexer.peek(0) {
            Token::Ident(_) if separator => true,
            Token::Text(_) if separator => {
                let span = self.lexer.peek_span();
                let problem = Problem::at(span, "in `( )` the names of fields have no quotes")
                    .help("write `name: value` here; `{ \"name\": value }` is for things that you name yourself");
                self.report().push(problem);
                true
            }
            _ => false,
        };
        if !named {
            return Arg { name: None, value: self.value() };
        }
        let (token, span) = self.lexer.next();
        let (Token::Ident(text) | Token::Text(text)) = token else { return Arg { name: None, value: self.bad(span) } };
        self.colon();
        Arg { name: Some(Name { text, span }), value: self.value() }
    }

    /// Whether a colon follows, or the `=` that other languages have in its place.
    fn separator_at(&mut self, n: usize) -> bool {
        matches!(self.lexer.peek(n), Token::Colon | Token::Stray('='))
    }

    fn colon(&mut self) {
        let (token, span) = self.lexer.next();
        if token != Token::Colon {
            let problem = self.unexpected(&token, span, "`:`");
            self.report().push(problem);
        }
    }

    fn list(&mut self, open: Span) -> Node {
        let mut items = Vec::new();
        let (span, _) = self.sequence('[', open, |parser| {
            let value = parser.value();
            let good = value.kind != Kind::Bad;
            items.push(value);
            good
        });
        Node { span, kind: Kind::List(items) }
    }

    fn map(&mut self, open: Span) -> Node {
        let mut entries = Vec::new();
        let (span, _) = self.sequence('{', open, |parser| {
            let mut key = parser.value();
            if let Kind::Group(group) = &key.kind
                && let Group { name: Some(name), args: None, .. } = group.as_ref()
                && parser.separator_at(0)
            {
                let message = format!("names in `{{ }}` stand in quotes: \"{}\"", quoted(&name.text));
                parser.lexer.report.push(Problem::at(key.span, message));
                key.kind = Kind::Text(name.text.clone());
            }
            if parser.separator_at(0) {
                parser.colon();
                let value = parser.value();
                let good = value.kind != Kind::Bad && key.kind != Kind::Bad;
                entries.push((key, value));
                return good;
            }
            if key.kind != Kind::Bad {
                let problem =
                    Problem::at(key.span, "expected `\"name\": value` in `{ }`").label(key.span, "no `:` follows this");
                parser.report().push(problem);
            }
            false
        });
        Node { span, kind: Kind::Map(entries) }
    }

    /// Reads items up to the closing bracket. Returns the span with its brackets, and whether all of it could be read.
    fn sequence(&mut self, bracket: char, open: Span, mut item: impl FnMut(&mut Self) -> bool) -> (Span, bool) {
        if self.open.len() >= MOST_DEPTH {
            self.report().push(Problem::at(open, format!("brackets nest more than {MOST_DEPTH} deep here")));
            self.skip_nested();
            return (Span::new(open.start, self.lexer.last().end), false);
        }
        self.open.push((bracket, open));
        let mut good = true;
        loop {
            match self.lexer.peek(0) {
                Token::Close(_) | Token::End => break,
                Token::Comma => {
                    let (_, span) = self.lexer.next();
                    self.report().push(Problem::at(span, "expected a value before this `,`"));
                    good = false;
                    continue;
                }
                _ => {}
            }
            let readable = item(self);
            good &= readable;
            good &= self.separator(readable, bracket);
        }
        self.open.pop();
        good &= self.close(bracket, open);
        (Span::new(open.start, self.lexer.last().end.max(open.end)), good)
    }

    /// After an item: a comma, or the end. Otherwise says so and finds the next item.
    fn separator(&mut self, readable: bool, bracket: char) -> bool {
        match self.lexer.peek(0) {
            Token::Comma => {
                self.lexer.next();
                return true;
            }
            Token::Close(_) | Token::End => return true,
            _ => {}
        }
        if !readable {
            // That something is wrong here is said; what is left of the item would only confuse.
            self.skip_item();
            return false;
        }
        let last = self.lexer.last();
        let span = self.lexer.peek_span();
        let token = self.lexer.peek(0).clone();
        if !matches!(token, Token::Colon | Token::Stray(_) | Token::Bad) {
            let gap = Span::new(last.end.saturating_sub(1).max(last.start), last.end);
            self.report().push(Problem::at(gap, "expected `,` after this").label(span, "before this"));
            return true;
        }
        if token != Token::Bad {
            let expected = format!("`,` or `{}`", closer(bracket));
            let problem = self.unexpected(&token, span, &expected);
            self.report().push(problem);
        }
        self.skip_item();
        false
    }

    fn close(&mut self, bracket: char, open: Span) -> bool {
        let expected = closer(bracket);
        let found = match self.lexer.peek(0) {
            Token::Close(c) if *c == expected => {
                self.lexer.next();
                return true;
            }
            Token::Close(c) => Some(*c),
            _ => None,
        };
        let span = self.lexer.peek_span();
        // The closing bracket may be that of an outer one: then only ours is missing.
        let is_outer = found.is_some_and(|c| self.open.iter().any(|&(outer, _)| closer(outer) == c));
        if found.is_some() && !is_outer {
            self.lexer.next();
        }
        let blameless = self.lexer.swallowed && found.is_none();
        if std::mem::replace(&mut self.well_nested, false) && !blameless {
            let problem = match found {
                Some(c) => Problem::at(span, format!("expected `{expected}` before this `{c}`"))
                    .label(open, format!("this `{bracket}` is still open")),
                None => Problem::at(open, format!("this `{bracket}` is never closed")),
            };
            self.report().push(problem.help(format!("add the missing `{expected}`")));
        }
        false
    }

    /// Skips to the next comma or closing bracket at this level.
    fn skip_item(&mut self) {
        loop {
            match self.lexer.peek(0) {
                Token::Comma => {
                    self.lexer.next();
                    return;
                }
                Token::Close(_) | Token::End => return,
                Token::Open(_) => {
                    self.lexer.next();
                    self.skip_nested();
                }
                _ => {
                    self.lexer.next();
                }
            }
        }
    }

    /// Skips to the end of the bracket that was just opened.
    fn skip_nested(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.lexer.next().0 {
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth -= 1,
                Token::End => return,
                _ => {}
            }
        }
    }
}
